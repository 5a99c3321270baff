//! A byte buffer that is written by index: initialised once, grown when needed, reused for ever.

use std::ops::Range;

/// Bytes on their way to a socket.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    bytes: Vec<u8>,
    filled: usize,
}

impl Scratch {
    pub(super) fn clear(&mut self) {
        self.filled = 0;
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        let range = self.reserve(bytes.len());
        self.bytes[range][..bytes.len()].copy_from_slice(bytes);
        self.filled += bytes.len();
    }

    /// Lets `write` fill up to `space` bytes; it says how many it used.
    pub(super) fn fill<E>(&mut self, space: usize, write: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<(), E> {
        let range = self.reserve(space);
        self.filled += write(&mut self.bytes[range])?;
        Ok(())
    }

    fn reserve(&mut self, space: usize) -> Range<usize> {
        let end = self.filled + space;
        if self.bytes.len() < end {
            self.bytes.resize(end.next_power_of_two(), 0);
        }
        self.filled..end
    }
}
