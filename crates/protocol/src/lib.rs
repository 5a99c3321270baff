//! XMPP as data: JIDs, stanzas, errors, XML tokens, stream headers, SASL exchanges, and one file of payload
//! types per XEP in [`xep`].
//!
//! Pure: no tokio, no files, no sockets, no clock. Everything here is a function from values to values and is
//! fuzzed as such. Start at [`Stanza`], then [`stream::Tokenizer`], which makes stanzas from bytes.

pub mod element;
pub mod error;
pub mod jid;
pub mod ns;
pub mod sasl;
pub mod stanza;
pub mod stream;
pub mod xep;

pub use element::Element;
pub use error::{Condition, ErrorType, StanzaError, StreamCondition, StreamError};
pub use jid::{Jid, JidError};
pub use stanza::{Child, Children, IqType, Kind, MessageType, PresenceType, Stanza};
