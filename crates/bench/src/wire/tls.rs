//! TLS without buffers of its own: rustls decrypts from, and encrypts into, memory that is
//! shared by all connections of the thread.

use super::scratch::Scratch;
use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState, EncodeError, UnbufferedStatus};
use rustls::{ClientConfig, ServerConfig};
use rustls_pki_types::ServerName;
use std::sync::Arc;

/// Room for the header and the tag of a record, and for its content type.
const RECORD_OVERHEAD: usize = 5 + 1 + 16;
const RECORD_LENGTH: usize = 16 << 10;
/// The longest handshake record a peer of ours is going to produce.
const HANDSHAKE_SPACE: usize = 18 << 10;

/// One end of a TLS connection.
pub enum Tls {
    /// The relay's.
    Server(Box<UnbufferedServerConnection>),
    /// The load generator's.
    Client(Box<UnbufferedClientConnection>),
}

/// What came of a piece of input.
pub(super) struct Received {
    /// So many bytes are done with; the rest is the beginning of a record.
    pub(super) used: usize,
    /// The peer will send nothing more.
    pub(super) closed: bool,
}

impl Tls {
    /// The accepting end.
    pub fn server(config: &Arc<ServerConfig>) -> Result<Self, rustls::Error> {
        let connection = UnbufferedServerConnection::new(Arc::clone(config))?;
        Ok(Self::Server(Box::new(connection)))
    }

    /// The connecting end.
    pub fn client(config: &Arc<ClientConfig>, name: ServerName<'static>) -> Result<Self, rustls::Error> {
        let connection = UnbufferedClientConnection::new(Arc::clone(config), name)?;
        Ok(Self::Client(Box::new(connection)))
    }

    pub(super) fn is_handshaking(&self) -> bool {
        match self {
            Self::Server(connection) => connection.is_handshaking(),
            Self::Client(connection) => connection.is_handshaking(),
        }
    }

    /// Decrypts `input`: application data goes to `plain`, handshake messages to `output`.
    pub(super) fn receive(
        &mut self,
        input: &mut [u8],
        output: &mut Scratch,
        plain: impl FnMut(&[u8]),
    ) -> Result<Received, rustls::Error> {
        match self {
            Self::Server(connection) => receive(connection.as_mut(), input, output, plain),
            Self::Client(connection) => receive(connection.as_mut(), input, output, plain),
        }
    }

    /// Encrypts `plain` to `output`, behind what the handshake has to say.
    pub(super) fn send(&mut self, plain: &[u8], output: &mut Scratch) -> Result<(), rustls::Error> {
        match self {
            Self::Server(connection) => send(connection.as_mut(), plain, output),
            Self::Client(connection) => send(connection.as_mut(), plain, output),
        }
    }
}

/// What rustls' two kinds of connection share but have no common name for.
trait Records {
    type Data;

    fn process<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data>;
}

impl Records for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn process<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(input)
    }
}

impl Records for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn process<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(input)
    }
}

fn receive<R: Records>(
    records: &mut R,
    input: &mut [u8],
    output: &mut Scratch,
    mut plain: impl FnMut(&[u8]),
) -> Result<Received, rustls::Error> {
    let mut used = 0;
    loop {
        let UnbufferedStatus { mut discard, state } = records.process(&mut input[used..]);
        let waits = match state? {
            ConnectionState::ReadTraffic(mut traffic) => {
                while let Some(record) = traffic.next_record() {
                    let record = record?;
                    discard += record.discard;
                    plain(record.payload);
                }
                None
            }
            ConnectionState::EncodeTlsData(mut handshake) => {
                encoded(output.fill(HANDSHAKE_SPACE, |space| handshake.encode(space)))?;
                None
            }
            ConnectionState::TransmitTlsData(transmit) => {
                transmit.done();
                None
            }
            ConnectionState::PeerClosed | ConnectionState::Closed => Some(true),
            _ => Some(false),
        };
        used += discard;
        if let Some(closed) = waits {
            return Ok(Received { used, closed });
        }
    }
}

fn send<R: Records>(records: &mut R, plain: &[u8], output: &mut Scratch) -> Result<(), rustls::Error> {
    loop {
        match records.process(&mut []).state? {
            ConnectionState::EncodeTlsData(mut handshake) => {
                encoded(output.fill(HANDSHAKE_SPACE, |space| handshake.encode(space)))?;
            }
            ConnectionState::TransmitTlsData(transmit) => transmit.done(),
            ConnectionState::WriteTraffic(mut traffic) => {
                let records = plain.len() / RECORD_LENGTH + 1;
                let space = plain.len() + records * RECORD_OVERHEAD;
                return output
                    .fill(space, |space| traffic.encrypt(plain, space))
                    .map_err(|error| rustls::Error::General(format!("{error:?}")));
            }
            _ => return Ok(()),
        }
    }
}

fn encoded(result: Result<(), EncodeError>) -> Result<(), rustls::Error> {
    result.map_err(|error| rustls::Error::General(error.to_string()))
}
