//! One direction of a pair: what was sent, and what became of it.

use crate::report::Fates;
use std::collections::BTreeSet;

/// Messages from one account to its partner, numbered from 0.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) sent: u64,
    /// Different messages that have arrived.
    pub(super) delivered: u64,
    /// The number after the highest that has arrived.
    expected: u64,
    /// Numbers below it that have not arrived.
    missing: BTreeSet<u64>,
    duplicated: u64,
    disordered: u64,
}

impl Lane {
    /// Message `number` has arrived; returns whether it is the first time.
    pub(super) fn arrived(&mut self, number: u64) -> bool {
        if number >= self.expected {
            self.missing.extend(self.expected..number);
            self.expected = number + 1;
        } else if self.missing.remove(&number) {
            self.disordered += 1;
        } else {
            self.duplicated += 1;
            return false;
        }
        self.delivered += 1;
        true
    }

    /// Sent and not arrived.
    pub(super) fn outstanding(&self) -> u64 {
        self.sent - self.delivered
    }

    pub(super) fn fates(&self) -> Fates {
        Fates {
            sent: self.sent,
            lost: self.outstanding(),
            duplicated: self.duplicated,
            disordered: self.disordered,
            unacknowledged: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arrivals: &[u64], lost: u64, duplicated: u64, disordered: u64) {
        let mut lane = Lane {
            sent: 5,
            ..Lane::default()
        };
        for number in arrivals {
            lane.arrived(*number);
        }
        let expected = Fates {
            sent: 5,
            lost,
            duplicated,
            disordered,
            unacknowledged: 0,
        };
        assert_eq!(lane.fates(), expected, "{arrivals:?}");
    }

    #[test]
    fn every_message_has_one_fate() {
        check(&[0, 1, 2, 3, 4], 0, 0, 0);
        check(&[], 5, 0, 0);
        check(&[0, 1, 3, 4], 1, 0, 0);
        check(&[0, 2, 1, 3, 4], 0, 0, 1);
        check(&[0, 1, 1, 2, 3, 4, 4], 0, 2, 0);
        check(&[4, 0, 0, 1], 2, 1, 2);
    }
}
