//! How many accounts a host has. The databases count them one by one: for a hundred thousand that is most of a page's
//! time, so a great number is remembered for a while.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use storage::HostId;

/// Up to so many are counted each time.
const COUNTED_MAX: u64 = 2_000;
/// How long a greater number is good.
const LASTS: Duration = Duration::from_secs(30);

/// Great numbers, and when they were counted; one for each host at most.
#[derive(Clone, Default)]
pub(super) struct Counts(Arc<Mutex<HashMap<HostId, (Instant, u64)>>>);

impl Counts {
    pub(super) fn known(&self, host: HostId) -> Option<u64> {
        let counts = self.0.lock();
        let (at, count) = counts.get(&host)?;
        (at.elapsed() < LASTS).then_some(*count)
    }

    pub(super) fn remember(&self, host: HostId, count: u64) {
        if count > COUNTED_MAX {
            self.0.lock().insert(host, (Instant::now(), count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_great_numbers_are_remembered() {
        let counts = Counts::default();
        let host = HostId::new(1);
        counts.remember(host, COUNTED_MAX);
        assert_eq!(counts.known(host), None);
        counts.remember(host, COUNTED_MAX + 1);
        assert_eq!(counts.known(host), Some(COUNTED_MAX + 1));
        assert_eq!(counts.known(HostId::new(2)), None);
    }
}
