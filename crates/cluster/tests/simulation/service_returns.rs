//! Service returns: once nothing is wrong any more, everybody acts.

use cluster::lease::{Micros, SECOND};

use crate::world::Violation;
use crate::worlds::{never, outcomes};

/// The longest that a network in order may need until all act: a fenced member leaves after 15 s, a taker waits 6 s twice.
const RECOVERY: Micros = 30 * SECOND;

#[test]
fn everybody_acts_again_after_everything_is_healed() {
    never(|violation| matches!(violation, Violation::NoService { .. }));
}

#[test]
fn nothing_stays_down_while_nothing_is_wrong() {
    let slow: Vec<_> = outcomes()
        .iter()
        .filter(|outcome| outcome.longest_recovery > RECOVERY)
        .collect();
    let seeds: Vec<u64> = slow.iter().map(|outcome| outcome.seed).collect();
    assert!(slow.is_empty(), "seeds {seeds:?}");
}
