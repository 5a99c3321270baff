//! From a JID, full or bare, to the socket behind it.

use foldhash::fast::FixedState;
use std::collections::HashMap;

/// Every bound address; a bare JID belongs to who bound it last.
#[derive(Debug, Default)]
pub(super) struct Directory(HashMap<Vec<u8>, usize, FixedState>);

impl Directory {
    pub(super) fn find(&self, address: &[u8]) -> Option<usize> {
        self.0.get(address).copied()
    }

    pub(super) fn insert(&mut self, slot: usize, full: &[u8]) {
        self.0.insert(bare(full).to_vec(), slot);
        self.0.insert(full.to_vec(), slot);
    }

    /// Forgets `full` and its bare form where they lead to `slot`.
    pub(super) fn remove(&mut self, slot: usize, full: &[u8]) {
        for address in [full, bare(full)] {
            if self.find(address) == Some(slot) {
                self.0.remove(address);
            }
        }
    }
}

fn bare(full: &[u8]) -> &[u8] {
    memchr::memchr(b'/', full).map_or(full, |slash| &full[..slash])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_session_has_the_bare_address() {
        let mut directory = Directory::default();
        directory.insert(1, b"a@b/old");
        directory.insert(2, b"a@b/new");
        assert_eq!(directory.find(b"a@b"), Some(2));
        directory.remove(1, b"a@b/old");
        assert_eq!(directory.find(b"a@b/old"), None);
        assert_eq!(directory.find(b"a@b"), Some(2));
        directory.remove(2, b"a@b/new");
        assert_eq!(directory.find(b"a@b"), None);
    }
}
