//! The whole state as bytes, in pieces that fit the links' frames, for a node that has none of it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::contents::Contents;
use super::{Bound, CacheId, Entry, Machine, Member, Seen};
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
    /// What nodes own.
    Entries(CacheId, Vec<(Bytes, Entry)>),
    /// What is nobody's, with its age.
    Shared(CacheId, Vec<(i64, Bytes, Entry)>),
    Cache(CacheId, Head),
}

/// What a cache has beside its entries.
#[derive(Serialize, Deserialize)]
struct Head {
    bound: Bound,
    written: i64,
    newest: u64,
    evicted: u64,
}

impl Image {
    /// The pieces, one after another.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = Vec<u8>> + Send + '_ {
        let members = self.0.members.values().cloned().collect();
        let head = encode(&Part::Members(members, self.0.departed.clone()));
        let caches = self.0.caches.iter().flat_map(|(cache, contents)| {
            let owned = contents.iter().filter(|entry| entry.owner.is_some());
            let owned = owned.map(|entry| (weight(&entry), (entry.to_key(), entry.to_entry())));
            let shared = contents.by_age();
            let shared = shared.map(|entry| (weight(&entry), (entry.age, entry.to_key(), entry.to_entry())));
            let head = Part::Cache(*cache, Head::of(contents));
            std::iter::once(encode(&head))
                .chain(parts(owned).map(|part| encode(&Part::Entries(*cache, part))))
                .chain(parts(shared).map(|part| encode(&Part::Shared(*cache, part))))
        });
        std::iter::once(head).chain(caches)
    }
}

fn weight(entry: &Seen<'_>) -> usize {
    entry.key.len() + entry.value.len() + 32
}

/// Things with their weights, as many at a time as make a piece.
fn parts<T>(things: impl Iterator<Item = (usize, T)>) -> impl Iterator<Item = Vec<T>> {
    let mut things = things.peekable();
    std::iter::from_fn(move || {
        let (mut part, mut bytes) = (Vec::new(), 0);
        while let Some((weight, thing)) = things.next_if(|_| bytes < PIECE_BYTES) {
            bytes += weight;
            part.push(thing);
        }
        (!part.is_empty()).then_some(part)
    })
}

impl Head {
    fn of(contents: &Contents) -> Self {
        Self {
            bound: contents.bound,
            written: contents.written,
            newest: contents.newest,
            evicted: contents.evicted,
        }
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
                let contents = self.machine.caches.entry(cache).or_default();
                for (key, entry) in entries {
                    contents.insert_aged(key, &entry, 0);
                }
            }
            Ok(Part::Shared(cache, entries)) => {
                let contents = self.machine.caches.entry(cache).or_default();
                for (age, key, entry) in entries {
                    contents.insert_aged(key, &entry, age);
                }
            }
            Ok(Part::Cache(cache, head)) => {
                let contents = self.machine.caches.entry(cache).or_default();
                (contents.bound, contents.written) = (head.bound, head.written);
                (contents.newest, contents.evicted) = (head.newest.max(contents.newest), head.evicted);
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
