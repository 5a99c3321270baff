//! What servers ask each other: the first byte says who is to answer.

use bytes::Bytes;

/// The switchboard.
pub(super) const SWITCHBOARD: u8 = 0;
/// A question to one of them.
pub(super) fn to(whom: u8, body: &[u8]) -> Bytes {
    [&[whom], body].concat().into()
}
