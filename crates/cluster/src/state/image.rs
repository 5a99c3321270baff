//! The whole state as bytes, in pieces that fit the links' frames, for a node that has none of it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{CacheId, Entry, Machine, Member};
use crate::lease::Departed;

/// A copy of the state. Taking one costs next to nothing; bytes are made of it only when it is sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Image(pub(crate) Machine);

/// Bytes of a piece at most, but for one entry that is larger by itself.
const PIECE_BYTES: usize = 512 * 1024;
/// Bytes that a whole state may have: ten times the largest cluster on paper. More is taken for garbage.
const MAX_IMAGE_BYTES: usize = 4 << 30;

#[derive(Serialize, Deserialize)]
enum Part {
    Members(Vec<Member>, Departed),
    Entries(CacheId, Vec<(Bytes, Entry)>),
}

impl Image {
    /// The pieces, one after another.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = Vec<u8>> + Send + '_ {
        let members = self.0.members.values().cloned().collect();
        let head = encode(&Part::Members(members, self.0.departed.clone()));
        let caches = self.0.caches.iter().flat_map(|(cache, shards)| {
            let mut entries = shards.iter().peekable();
            std::iter::from_fn(move || {
                let (mut part, mut bytes) = (Vec::new(), 0);
                while let Some((key, entry)) = entries.next_if(|_| bytes < PIECE_BYTES) {
                    bytes += key.len() + entry.value.len() + 32;
                    part.push((key.clone(), entry.clone()));
                }
                (!part.is_empty()).then(|| encode(&Part::Entries(*cache, part)))
            })
        });
        std::iter::once(head).chain(caches)
    }
}

/// Puts a state together from its pieces, in whatever order.
#[derive(Debug, Default)]
pub(crate) struct ImageReader {
    machine: Machine,
    bytes: usize,
}

impl ImageReader {
    /// Takes one piece; false where it is none, or too much.
    pub(crate) fn take(&mut self, piece: &[u8]) -> bool {
        self.bytes += piece.len();
        if self.bytes > MAX_IMAGE_BYTES {
            return false;
        }
        match postcard::from_bytes(piece) {
            Ok(Part::Members(members, departed)) => {
                self.machine.members = members.into_iter().map(|member| (member.node, member)).collect();
                self.machine.departed = departed;
            }
            Ok(Part::Entries(cache, entries)) => {
                let shards = self.machine.caches.entry(cache).or_default();
                for (key, entry) in entries {
                    shards.insert(key, entry);
                }
            }
            Err(_) => return false,
        }
        true
    }

    pub(crate) fn finish(self) -> Image {
        Image(self.machine)
    }
}

fn encode(part: &Part) -> Vec<u8> {
    postcard::to_allocvec(part).expect("plain data has a form in bytes")
}
