//! Keys in the order of a number: when they were written, or when they are to vanish. In chunks that are copied when
//! they are written to while somebody holds a copy, as the shards are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

type Chunk = BTreeSet<(i64, Bytes)>;

/// Keys by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    /// By the number without its lowest bits.
    chunks: BTreeMap<i64, Arc<Chunk>>,
    /// How many these are.
    bits: u32,
}

impl Order {
    /// For numbers of which about 2^`bits` make a chunk.
    pub(super) fn new(bits: u32) -> Self {
        Self {
            chunks: BTreeMap::new(),
            bits,
        }
    }

    pub(super) fn insert(&mut self, number: i64, key: Bytes) {
        let chunk = self.chunks.entry(number >> self.bits).or_default();
        Arc::make_mut(chunk).insert((number, key));
    }

    pub(super) fn remove(&mut self, number: i64, key: Bytes) {
        let place = number >> self.bits;
        let Some(chunk) = self.chunks.get_mut(&place) else {
            return;
        };
        Arc::make_mut(chunk).remove(&(number, key));
        if chunk.is_empty() {
            self.chunks.remove(&place);
        }
    }

    /// The key with the lowest number; of equals the least.
    pub(super) fn first(&self) -> Option<&(i64, Bytes)> {
        self.chunks.first_key_value()?.1.first()
    }

    /// All of them, from the lowest number on.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(i64, Bytes)> {
        self.chunks.values().flat_map(|chunk| chunk.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_the_order_of_their_numbers_whatever_their_chunks() {
        let mut order = Order::new(2);
        for number in [9, 1, 5, -3, 4, 1] {
            order.insert(number, Bytes::from(number.to_string()));
        }
        let copy = order.clone();
        order.remove(-3, Bytes::from("-3"));
        order.remove(4, Bytes::from("no such key"));
        let numbers = |order: &Order| order.iter().map(|(number, _)| *number).collect::<Vec<_>>();
        assert_eq!(numbers(&order), [1, 4, 5, 9]);
        assert_eq!(numbers(&copy), [-3, 1, 4, 5, 9], "a copy stays as it was");
        assert_eq!(order.first().map(|(number, _)| *number), Some(1));
    }
}
