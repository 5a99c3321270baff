//! A command's end of the control socket.

use std::{path::Path, time::Duration};

use tokio::{io::BufReader, net::UnixStream, time::timeout};

use super::{
    Answer, Reply, Request,
    frame::{self, FrameError},
};

/// A connection to the server that runs here.
pub(crate) struct Client {
    stream: BufReader<UnixStream>,
}

/// Why there is no answer, or none that helps.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The act failed.
    #[error("{0}")]
    Failed(String),
    #[error("the running server did not answer: {0}")]
    Silent(#[from] FrameError),
    #[error("the running server closed the connection; is it stopping?")]
    Closed,
    #[error("the running server took longer than {} s", ANSWER_TIMEOUT.as_secs())]
    Late,
}

/// An act that takes longer than this has gone wrong.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

impl Client {
    /// Connects; `None` while nobody listens.
    pub(crate) async fn connect(socket: &Path) -> Option<Self> {
        let stream = UnixStream::connect(socket).await.ok()?;
        Some(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Asks for an act.
    pub(crate) async fn ask(&mut self, request: &Request) -> Result<Answer, ClientError> {
        let exchange = async {
            frame::write(&mut self.stream, request).await?;
            frame::read::<Reply>(&mut self.stream).await
        };
        match timeout(ANSWER_TIMEOUT, exchange)
            .await
            .map_err(|_| ClientError::Late)??
        {
            Some(Reply::Done(answer)) => Ok(answer),
            Some(Reply::Failed(why)) => Err(ClientError::Failed(why)),
            None => Err(ClientError::Closed),
        }
    }
}
