//! A row of a table: what is done when, and what must come of it.

/// How a client connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Without encryption.
    Clear,
    /// STARTTLS.
    StartTls,
    /// TLS from the first byte.
    DirectTls,
}

impl Way {
    /// All of them.
    pub(crate) const ALL: &'static [Self] = &[Self::Clear, Self::StartTls, Self::DirectTls];
    /// Those with TLS.
    pub(crate) const ENCRYPTED: &'static [Self] = &[Self::StartTls, Self::DirectTls];
    /// The one without.
    pub(crate) const IN_CLEAR: &'static [Self] = &[Self::Clear];
}

/// How far a client's stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Phase {
    /// Nothing was said, on the connection or since it is encrypted.
    Connected,
    /// Headers and features were exchanged.
    Open,
    /// SASL has succeeded; a new header is due.
    Proven,
    /// Headers and features were exchanged again.
    Authenticated,
    /// A resource is bound.
    Bound,
}

/// What must come of a row.
#[derive(Debug, Clone)]
pub(crate) enum Expect {
    /// A stream error with one of these conditions, the closing tag, and the connection's end.
    StreamError(&'static [&'static str]),
    /// An error stanza with one of these conditions, and nothing else; the stream lives.
    StanzaError(&'static [&'static str]),
    /// A SASL failure with one of these conditions, and nothing else; the stream lives, and its next login succeeds.
    Failure(&'static [&'static str]),
    /// One element of this name and namespace, and nothing else; the stream lives.
    Answer(&'static str, &'static str),
    /// The connection's end, without a word.
    Cut,
    /// The closing tag without an error, and the connection's end.
    Closed,
    /// Nothing; the stream lives.
    Silence,
    /// The stream lives, whatever it is told.
    Lives,
    /// Nothing to the sender; the victim gets a message with these children, from the sender's true address.
    Delivers(String),
}

impl Expect {
    /// Whether something is refused, which an operator must be able to see in the figures.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::StreamError(_) | Self::StanzaError(_) | Self::Failure(_))
    }
}

/// One thing that a hostile client does.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Its number in the checklist.
    pub(crate) item: u32,
    /// When.
    pub(crate) phase: Phase,
    /// What it sends. `{victim}`, `{victim_bare}`, `{me}`, `{me_bare}` and `{host}` are filled in.
    pub(crate) send: Vec<u8>,
    /// Bytes in one write; 0 is all.
    pub(crate) chunk: usize,
    /// Over which connections.
    pub(crate) ways: &'static [Way],
    /// What must come of it.
    pub(crate) expect: Expect,
}

/// A row for every way of connecting.
pub(crate) fn row(item: u32, phase: Phase, send: impl AsRef<[u8]>, expect: Expect) -> Row {
    Row {
        item,
        phase,
        send: send.as_ref().to_vec(),
        chunk: 0,
        ways: Way::ALL,
        expect,
    }
}

impl Row {
    /// In pieces of so many bytes.
    pub(crate) fn in_chunks(self, chunk: usize) -> Self {
        Self { chunk, ..self }
    }

    /// Over these ways alone.
    pub(crate) fn only(self, ways: &'static [Way]) -> Self {
        Self { ways, ..self }
    }
}

/// One test for each way of connecting.
macro_rules! on_every_way {
    ($($rows:ident),+ $(,)?) => {
        $(mod $rows {
            use crate::stage::{Way, check};

            #[tokio::test]
            async fn in_the_clear() {
                check(Way::Clear, super::$rows()).await;
            }

            #[tokio::test]
            async fn by_starttls() {
                check(Way::StartTls, super::$rows()).await;
            }

            #[tokio::test]
            async fn by_direct_tls() {
                check(Way::DirectTls, super::$rows()).await;
            }
        })+
    };
}
pub(crate) use on_every_way;
