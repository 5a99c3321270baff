//! Both sides of the greeting, over TLS.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::CertificateDer;
use tokio::io::{ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use super::core::Core;
use super::frame::{Frames, GREETING_VERSION, Header, MAX_GREETING_BYTES, invalid};
use super::hello::{Hello, Purpose, Refusal, say};
use super::identity::{common_name, is_of};
use super::socket::Socket;
use crate::NodeId;

/// From the first packet to the verdict. Two round trips and two signatures; on a node that is up it takes some
/// milliseconds, and this is short of the time in which silence counts as death.
pub(crate) const GREETING_TIME: Duration = Duration::from_secs(2);

/// The two directions of a connection.
pub(crate) type Reader = Frames<ReadHalf<TlsStream<Socket>>>;
pub(crate) type Writer = WriteHalf<TlsStream<Socket>>;

/// A connection whose other end is known.
pub(crate) struct Greeted {
    pub(crate) frames: Reader,
    pub(crate) writer: Writer,
    pub(crate) hello: Hello,
    pub(crate) version: u16,
}

impl Greeted {
    /// Has the runtime carry the connection from now on that this is called in.
    pub(crate) fn settle(self) -> io::Result<Self> {
        let (reader, buffer) = self.frames.into_parts();
        let mut stream = reader.unsplit(self.writer);
        stream.get_mut().0.settle()?;
        let (reader, writer) = split(stream);
        let frames = Frames::resume(reader, buffer);
        Ok(Self { frames, writer, ..self })
    }
}

/// Why nobody was greeted.
#[derive(Debug, thiserror::Error)]
pub enum GreetError {
    /// Nobody listens there: proof that no process of the cluster does.
    #[error("connection refused")]
    ConnectionRefused,
    /// Somebody else is there.
    #[error("node {} answers there", .0.node)]
    Another(Box<Hello>),
    /// It is a node of the cluster, and says no.
    #[error("turned away: {0}")]
    Refused(#[from] Refusal),
    /// No connection, no TLS, no frame, no certificate of this cluster, or not in time.
    #[error("{0}")]
    Failed(#[from] io::Error),
}

/// Calls an address.
pub(crate) async fn call(
    core: &Core,
    address: SocketAddr,
    purpose: Purpose,
    to: Option<NodeId>,
) -> Result<Greeted, GreetError> {
    let calling = async {
        let stream = TcpStream::connect(address).await.map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => GreetError::ConnectionRefused,
            _ => GreetError::Failed(error),
        })?;
        stream.set_nodelay(true)?;
        let connector = TlsConnector::from(Arc::clone(&core.identity.papers().client));
        let stream = connector.connect(common_name(), Socket::new(stream)).await?;
        introduce(core, stream.into(), purpose, to).await
    };
    let timed = tokio::time::timeout(GREETING_TIME, calling).await;
    timed.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

async fn introduce(
    core: &Core,
    stream: TlsStream<Socket>,
    purpose: Purpose,
    to: Option<NodeId>,
) -> Result<Greeted, GreetError> {
    let (mut ends, certificates) = ends(stream);
    say(&mut ends.1, &Header::Hello(core.hello(purpose, to))).await?;
    let hello = hear(&mut ends.0, &certificates).await?;
    if hello.node == core.node() {
        return Err(Refusal::Myself.into());
    }
    if to.is_some_and(|to| to != hello.node) {
        return Err(GreetError::Another(Box::new(hello)));
    }
    match ends.0.next(GREETING_VERSION, MAX_GREETING_BYTES).await?.0 {
        Header::Welcome => greeted(core, ends, hello).map_err(GreetError::from),
        Header::Refused(refusal) => Err(refusal.into()),
        _ => Err(invalid("no verdict").into()),
    }
}

/// Hears out a caller and says who we are. The verdict is still to be said.
pub(crate) async fn answer(core: &Core, stream: TcpStream) -> Result<Greeted, GreetError> {
    let answering = async {
        stream.set_nodelay(true)?;
        let acceptor = TlsAcceptor::from(Arc::clone(&core.identity.papers().server));
        let (mut ends, certificates) = ends(acceptor.accept(Socket::new(stream)).await?.into());
        let hello = hear(&mut ends.0, &certificates).await?;
        say(&mut ends.1, &Header::Hello(core.hello_to(&hello))).await?;
        match greeted(core, ends, hello) {
            Ok(greeted) => Ok(greeted),
            Err(Unfit(refusal, mut writer)) => {
                say(&mut writer, &Header::Refused(refusal)).await?;
                Err(refusal.into())
            }
        }
    };
    let timed = tokio::time::timeout(GREETING_TIME, answering).await;
    timed.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

type Ends = (Reader, Writer);
type Certificates = Vec<CertificateDer<'static>>;

fn ends(stream: TlsStream<Socket>) -> (Ends, Certificates) {
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default().to_vec();
    let (reader, writer) = split(stream);
    ((Frames::new(reader), writer), certificates)
}

/// The other's greeting. Who it says it is must be who its certificate says it is.
async fn hear(frames: &mut Reader, certificates: &Certificates) -> Result<Hello, io::Error> {
    let (Header::Hello(hello), _) = frames.next(GREETING_VERSION, MAX_GREETING_BYTES).await? else {
        return Err(invalid("no greeting"));
    };
    if !is_of(certificates.first(), hello.node) {
        return Err(invalid("a node under the name of another"));
    }
    Ok(hello)
}

/// A peer that is turned away, and the way to tell it.
struct Unfit(Refusal, Writer);

impl From<Unfit> for GreetError {
    fn from(unfit: Unfit) -> Self {
        Self::Refused(unfit.0)
    }
}

fn greeted(core: &Core, (frames, writer): Ends, hello: Hello) -> Result<Greeted, Unfit> {
    let refusal = if hello.node == core.node() {
        Refusal::Myself
    } else if hello.to.is_some_and(|to| to != core.node()) {
        Refusal::NotMe
    } else if let Some(version) = core.settings.protocol.agree(hello.protocol) {
        return Ok(Greeted {
            frames,
            writer,
            hello,
            version,
        });
    } else {
        Refusal::Protocol
    };
    Err(Unfit(refusal, writer))
}
