//! One line of JSON, of bounded length.

use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of a line at most: a page of records with keys, several times over.
pub(super) const LINE_MAX: u64 = 20 * 1024 * 1024;

/// Why a line could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("a message longer than {LINE_MAX} bytes")]
    TooLong,
    #[error("a message that cannot be understood: {0}")]
    Foreign(#[from] serde_json::Error),
}

/// The next line; none at the end.
pub(super) async fn read<T: DeserializeOwned>(from: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<T>, FrameError> {
    let mut line = Vec::new();
    let read = from.take(LINE_MAX + 1).read_until(b'\n', &mut line).await?;
    match line.last() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(serde_json::from_slice(&line)?)),
        Some(_) if read as u64 > LINE_MAX => Err(FrameError::TooLong),
        Some(_) => Err(FrameError::Io(std::io::ErrorKind::UnexpectedEof.into())),
    }
}

pub(super) async fn write(to: &mut (impl AsyncWrite + Unpin), message: &impl Serialize) -> Result<(), FrameError> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    if line.len() as u64 > LINE_MAX {
        return Err(FrameError::TooLong);
    }
    to.write_all(&line).await?;
    Ok(to.flush().await?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::control::Request;

    async fn check(bytes: &[u8], expected: &str) {
        let read = read::<Request>(&mut &*bytes).await;
        let text = match read {
            Ok(request) => format!("{request:?}"),
            Err(error) => error.to_string(),
        };
        assert!(text.starts_with(expected), "{text}");
    }

    #[tokio::test]
    async fn lines_are_whole_bounded_and_known() {
        check(b"", "None").await;
        check(b"{\"act\":\"status\"}\n", "Some(Status)").await;
        check(b"{\"act\":\"status\"}", "unexpected end of file").await;
        check(
            b"{\"act\":\"shell\"}\n",
            "a message that cannot be understood: unknown variant `shell`",
        )
        .await;
        check(b"\n", "a message that cannot be understood").await;
        check(b"\xff\n", "a message that cannot be understood").await;
        check(
            &vec![b'['; usize::try_from(LINE_MAX).unwrap() + 10],
            "a message longer than",
        )
        .await;
    }
}
