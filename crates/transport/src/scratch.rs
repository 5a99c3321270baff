//! Working memory that belongs to the thread, so that a connection with nothing to do holds none.

use std::cell::Cell;

/// What one `read(2)` may bring. More than three full TLS records, so that a record cut at its end is rare.
const READ_BYTES: usize = 64 << 10;
/// Buffers that grew beyond this are given back after use.
const KEPT_BYTES: usize = 256 << 10;

/// For writing.
#[derive(Default)]
pub(crate) struct Outgoing {
    /// What a session wants to say.
    pub(crate) plain: Vec<u8>,
    /// The same, sealed. Its length is its room: how much of it counts is told by whoever fills it.
    pub(crate) sealed: Vec<u8>,
}

thread_local! {
    static INCOMING: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
    static OUTGOING: Cell<Option<Box<Outgoing>>> = const { Cell::new(None) };
}

/// Lends the thread's buffer for reading. A second loan within the first gets fresh memory: slower, and harmless.
pub(crate) fn incoming<R>(work: impl FnOnce(&mut [u8]) -> R) -> R {
    let mut buffer = INCOMING.take().unwrap_or_else(|| vec![0; READ_BYTES].into());
    let result = work(&mut buffer);
    INCOMING.set(Some(buffer));
    result
}

/// Lends the thread's buffers for writing, in the same way.
pub(crate) fn outgoing<R>(work: impl FnOnce(&mut Outgoing) -> R) -> R {
    let mut buffers = OUTGOING.take().unwrap_or_default();
    let result = work(&mut buffers);
    buffers.plain.clear();
    for buffer in [&mut buffers.plain, &mut buffers.sealed] {
        if buffer.capacity() > KEPT_BYTES {
            *buffer = Vec::new();
        }
    }
    OUTGOING.set(Some(buffers));
    result
}
