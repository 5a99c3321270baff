//! What the log and the state promise, over a network and a clock that are made up, while nodes die and come: told by
//! seeds. `HEARTH_SIM_SEED=17 HEARTH_SIM_WORLDS=1` is one world; openraft draws its election timeouts itself, so that a
//! world is much the same each time, not the very same.
//!
//! - At an equal index the applied state is equal on all nodes.
//! - A command that was acknowledged is in the state for good, as long as its node is a member.
//! - A key has one owner: of those who enter themselves under it, each has it alone until it gives it up or is dead.
//! - Of a node that was declared dead nothing remains, and nothing of it comes back.
//! - When the network is well again, all agree.

#![allow(clippy::unwrap_used)]

mod history;
mod network;
#[path = "../../../tests/simulation/random.rs"]
#[allow(
    dead_code,
    clippy::cast_possible_truncation,
    reason = "it is the leases' simulation's, which needs more of it"
)]
mod random;
mod world;

/// Worlds in a run of the tests.
const WORLDS: u64 = 30;

#[test]
fn the_log_keeps_its_promises_over_a_bad_network() {
    let number = |name, otherwise| std::env::var(name).map_or(otherwise, |text: String| text.parse().unwrap());
    let first: u64 = number("HEARTH_SIM_SEED", 0);
    let mut acknowledged = 0;
    for seed in first..first + number("HEARTH_SIM_WORLDS", WORLDS) {
        acknowledged += world::tell(seed);
    }
    assert!(acknowledged > 0, "nothing was acknowledged in any world");
}
