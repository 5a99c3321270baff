//! Frames: a length, the protocol version, a postcard header, raw bytes. Bounded, and read without trusting any of it.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::hello::{Hello, Refusal};
use crate::Group;

/// The largest body of a call, an answer, a tell or a message: 1 MiB, four times the largest stanza. Longer things,
/// such as snapshots, go in pieces.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Length prefix, version and header of the longest kind of frame besides the greeting.
const MAX_HEADER_BYTES: usize = 256;
/// A greeting holds two short texts; who has not been greeted may not make us hold more.
pub(crate) const MAX_GREETING_BYTES: usize = 2048;
/// The largest frame on a link.
pub(crate) const MAX_FRAME_BYTES: usize = MAX_BODY_BYTES + MAX_HEADER_BYTES;
/// The version in the frames of the greeting, before one is agreed on.
pub(crate) const GREETING_VERSION: u16 = 0;
const LENGTH_BYTES: usize = 4;
const VERSION_BYTES: usize = 2;
/// One read from the socket at least.
const READ_BYTES: usize = 16 * 1024;

/// What a frame is. Only ever appended to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Header {
    /// Who is there, both ways, the caller first.
    Hello(Hello),
    /// The answering side's verdict.
    Welcome,
    /// The answering side's verdict.
    Refused(Refusal),
    /// Still there. `stamp` is the sender's own and comes back in `Pong`.
    Ping { stamp: u64 },
    /// The answer to a ping.
    Pong { stamp: u64 },
    /// A request, for a group or for whoever is there.
    Call { id: u64, kind: u8, group: Option<Group> },
    /// What became of a request.
    Answer { id: u64, outcome: Outcome },
    /// A message that nobody answers.
    Tell { kind: u8, group: Option<Group> },
    /// A piece of the ordered stream.
    Data { number: u64 },
    /// Everything up to here was handled.
    Handled { number: u64 },
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// The body is the answer.
    Done,
    /// The body says why not.
    Failed,
    /// Too many requests are being served.
    Busy,
    /// The request was for another group.
    OtherGroup,
    /// It was served, but the answer has no place in a frame.
    TooLong,
}

/// Appends a frame.
pub(crate) fn put(out: &mut BytesMut, version: u16, header: &Header, body: &[u8]) {
    let start = out.len();
    out.put_u32(0);
    out.put_u16(version);
    let head = postcard::to_allocvec(header).expect("a header is plain data");
    out.put_slice(&head);
    out.put_slice(body);
    let length = u32::try_from(out.len() - start - LENGTH_BYTES).expect("bodies are bounded");
    out[start..start + LENGTH_BYTES].copy_from_slice(&length.to_be_bytes());
}

/// Takes frames off a byte stream.
pub(crate) struct Frames<R> {
    from: R,
    buffer: BytesMut,
    read: u64,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(crate) fn new(from: R) -> Self {
        Self {
            from,
            buffer: BytesMut::new(),
            read: 0,
        }
    }

    /// Goes on with what another one had read already.
    pub(crate) fn resume(from: R, buffer: BytesMut) -> Self {
        Self { from, buffer, read: 0 }
    }

    /// The byte stream, and what was read of it that is no whole frame yet.
    pub(crate) fn into_parts(self) -> (R, BytesMut) {
        (self.from, self.buffer)
    }

    /// Bytes read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.read
    }

    /// The next frame, whose version must be `version` and whose size at most `limit`. `UnexpectedEof` is the end,
    /// `InvalidData` whatever is no frame. Losing the future loses no byte.
    pub(crate) async fn next(&mut self, version: u16, limit: usize) -> io::Result<(Header, Bytes)> {
        loop {
            if let Some(frame) = take(&mut self.buffer, limit)? {
                return parse(frame, version);
            }
            self.buffer.reserve(READ_BYTES);
            let count = self.from.read_buf(&mut self.buffer).await?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.read += count as u64;
        }
    }
}

fn take(buffer: &mut BytesMut, limit: usize) -> io::Result<Option<Bytes>> {
    let Some(length) = buffer.first_chunk::<LENGTH_BYTES>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*length) as usize;
    if !(VERSION_BYTES + 1..=limit).contains(&length) {
        return Err(invalid("a frame of a size that no frame has"));
    }
    if buffer.len() < LENGTH_BYTES + length {
        return Ok(None);
    }
    buffer.advance(LENGTH_BYTES);
    Ok(Some(buffer.split_to(length).freeze()))
}

fn parse(mut frame: Bytes, version: u16) -> io::Result<(Header, Bytes)> {
    if frame.get_u16() != version {
        return Err(invalid("a frame of a version that was not agreed on"));
    }
    let (header, rest) = postcard::take_from_bytes(&frame).map_err(|_| invalid("a frame without a header"))?;
    let body = frame.slice(frame.len() - rest.len()..);
    Ok((header, body))
}

pub(crate) fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], version: u16, limit: usize) -> io::Result<Option<(Header, Bytes)>> {
        take(&mut BytesMut::from(bytes), limit)?
            .map(|frame| parse(frame, version))
            .transpose()
    }

    #[test]
    fn a_frame_comes_back_whole_or_not_at_all() {
        let mut out = BytesMut::new();
        put(&mut out, 3, &Header::Data { number: 7 }, b"<message/>");
        for cut in 0..out.len() {
            assert!(read(&out[..cut], 3, MAX_FRAME_BYTES).unwrap().is_none(), "{cut} bytes");
        }
        let (header, body) = read(&out, 3, MAX_FRAME_BYTES).unwrap().unwrap();
        assert_eq!(
            (header, body.as_ref()),
            (Header::Data { number: 7 }, &b"<message/>"[..])
        );
        assert!(read(&out, 2, MAX_FRAME_BYTES).is_err(), "another version");
        assert!(read(&out, 3, 12).is_err(), "over the limit");
    }

    #[test]
    fn the_largest_body_fits() {
        let mut out = BytesMut::new();
        let group = Some(Group {
            epoch: u64::MAX,
            id: u128::MAX,
        });
        let header = Header::Call {
            id: u64::MAX,
            kind: 255,
            group,
        };
        put(&mut out, u16::MAX, &header, &vec![0; MAX_BODY_BYTES]);
        assert!(read(&out, u16::MAX, MAX_FRAME_BYTES).unwrap().is_some());
    }

    proptest! {
        #[test]
        fn garbage_is_refused_or_waited_for_but_never_believed_to_be_long(bytes: Vec<u8>) {
            if let Ok(Some((_, body))) = read(&bytes, 1, MAX_FRAME_BYTES) {
                prop_assert!(body.len() < bytes.len());
            }
        }
    }
}
