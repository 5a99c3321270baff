//! The harness notices: each rule left out is found in a bounded number of worlds.
//!
//! `Newleader`, `Lapsed`, `Joining`, `Grantwait`, `Forgotten` and `Listed` need worlds too rare for a test; what they guard is mostly
//! guarded by another rule too.

use cluster::lease::Bug;

use crate::world::Violation;
use crate::worlds::many;

/// Worlds that are looked at together.
const BATCH: u64 = 20;

#[track_caller]
fn check(bug: Bug, within: u64) {
    for first in (0..within).step_by(BATCH as usize) {
        let outcomes = many(first, BATCH, &[bug]);
        let is_unsafe = |violation: &Violation| !matches!(violation, Violation::NoService { .. });
        let mut found = outcomes
            .iter()
            .filter(|outcome| outcome.violation.as_ref().is_some_and(|(_, v)| is_unsafe(v)));
        if let Some(outcome) = found.next() {
            println!("{bug:?}: seed {}, {:?}", outcome.seed, outcome.violation);
            return;
        }
    }
    panic!("{bug:?} was not found in {within} worlds");
}

#[test]
fn a_lease_counted_from_the_receipt_is_noticed() {
    check(Bug::Sending, 100);
}

#[test]
fn a_death_counted_from_the_last_confirmed_grant_is_noticed() {
    check(Bug::Given, 100);
}

#[test]
fn unregistered_servers_left_out_are_noticed() {
    check(Bug::Registered, 300);
}

#[test]
fn a_grant_that_is_not_cut_is_noticed() {
    check(Bug::Cut, 100);
}

#[test]
fn a_taker_that_does_not_watch_is_noticed() {
    check(Bug::Still, 200);
}

#[test]
fn a_proof_that_began_too_early_is_noticed() {
    check(Bug::Early, 2_000);
}

#[test]
fn a_life_that_comes_back_is_noticed() {
    check(Bug::Rejoin, 200);
}

#[test]
fn a_proof_that_lasts_for_ever_is_noticed() {
    check(Bug::Fresh, 200);
}

#[test]
fn given_grants_that_count_without_the_database_are_noticed() {
    check(Bug::Confirmed, 600);
}
