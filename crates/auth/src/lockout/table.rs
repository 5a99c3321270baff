//! A table that forgets: entries end by themselves, and there are never more than so many.

use std::collections::HashMap;
use std::hash::Hash;

/// How often, at most, a full table looks for entries that have ended. In microseconds.
const SWEEP_MICROS: i64 = 1_000_000;

/// At most `most` entries, each with its end.
pub(super) struct Table<K, V> {
    entries: HashMap<K, Entry<V>, foldhash::quality::RandomState>,
    most: usize,
    swept_at: i64,
}

struct Entry<V> {
    value: V,
    until: i64,
}

impl<K: Hash + Eq + Copy, V: Default> Table<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            entries: HashMap::default(),
            most,
            swept_at: i64::MIN,
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, key: &K, now: i64) -> Option<&V> {
        self.entries
            .get(key)
            .filter(|entry| entry.is_alive(now))
            .map(|entry| &entry.value)
    }

    pub(super) fn get_mut(&mut self, key: &K, now: i64) -> Option<&mut V> {
        self.entries
            .get_mut(key)
            .filter(|entry| entry.is_alive(now))
            .map(|entry| &mut entry.value)
    }

    /// The entry, made if there is none. One that exists keeps its end.
    pub(super) fn entry(&mut self, key: K, now: i64, until: i64) -> &mut V {
        if self.get(&key, now).is_none() {
            self.replace(key, V::default(), now, until);
        }
        &mut self
            .entries
            .get_mut(&key)
            .expect("it was there, or has just been put there")
            .value
    }

    /// The entry, as if it had never been there before.
    pub(super) fn replace(&mut self, key: K, value: V, now: i64, until: i64) {
        if self.entries.len() >= self.most && !self.entries.contains_key(&key) {
            self.make_room(now);
        }
        self.entries.insert(key, Entry { value, until });
    }

    /// Forgets what has ended; where nothing has, whatever comes first in an order that nobody can foresee.
    fn make_room(&mut self, now: i64) {
        if now >= self.swept_at.saturating_add(SWEEP_MICROS) {
            self.swept_at = now;
            self.entries.retain(|_, entry| entry.is_alive(now));
        }
        if self.entries.len() >= self.most
            && let Some(key) = self.entries.keys().next().copied()
        {
            self.entries.remove(&key);
        }
    }
}

impl<V> Entry<V> {
    fn is_alive(&self, now: i64) -> bool {
        now < self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_end_and_begin_anew() {
        let mut table: Table<u32, u32> = Table::new(10);
        *table.entry(1, 0, 100) += 1;
        *table.entry(1, 50, 150) += 1;
        assert_eq!(table.get(&1, 99), Some(&2));
        assert_eq!(table.get(&1, 100), None, "the second failure did not move the end");
        *table.entry(1, 100, 200) += 1;
        assert_eq!(table.get(&1, 199), Some(&1));
    }

    #[test]
    fn a_full_table_forgets_the_dead_first_and_never_grows() {
        let mut table: Table<u32, u32> = Table::new(100);
        for key in 0..100 {
            table.replace(key, key, 0, if key < 50 { 10 } else { 1_000_000_000 });
        }
        table.replace(100, 100, 20, 1_000_000_000);
        assert_eq!(table.entries.len(), 51);
        for key in 101..10_000 {
            table.replace(key, key, 20, 1_000_000_000);
        }
        assert_eq!(table.entries.len(), 100);
        assert_eq!(table.get(&9_999, 20), Some(&9_999));
    }
}
