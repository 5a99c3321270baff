//! The cluster, as its users live through it: real `hearth` processes on this machine that share a private database.
//!
//! Servers are switched together and apart, killed from one instruction to the next, paused, started all at once, and
//! left without their database, while people are logged in who must not notice more than they have to. `fleet.rs` has the
//! servers, `person.rs` the people; every story prints what it measured, and asserts no time but a generous one.
//!
//! Where the network is at fault, the story has one of its own (`net.rs`), which takes root's rights: cables are pulled,
//! directions get lost, halves part. `faults.rs` has what can happen, `letters.rs` what must not be lost by it, and
//! `matrix.rs` repeats everything for a table of times, when `HEARTH_CLUSTER_MATRIX_RUNS` says how often.
//!
//! Sizes come from the environment: `HEARTH_CLUSTER_TOGGLES` (10), `HEARTH_CLUSTER_PAUSE_SECS` (20),
//! `HEARTH_CLUSTER_BINDS` (200), `HEARTH_CLUSTER_MESSAGES` (5000), `HEARTH_CLUSTER_AWAY_SECS` (15),
//! `HEARTH_CLUSTER_STARTS` (3), `HEARTH_CLUSTER_FLAP_SECS` (15), `HEARTH_CLUSTER_CUT_SECS` (12),
//! `HEARTH_CLUSTER_WATCH_SECS` (5). `HEARTH_CLUSTER_LOG` is what the servers log (info); when a story fails, it says where it
//! has put their logs.

mod allowed;
mod cut_off;
mod database;
mod discovery;
mod faults;
mod flap;
mod fleet;
mod guessing;
mod haproxy;
mod kill;
mod letters;
mod matrix;
mod net;
mod nodes;
mod one_way;
mod order;
mod partition;
mod pause;
mod person;
mod power;
mod race;
mod resume;
mod rolling;
mod start;
mod switch;
mod triangle;

use std::time::Duration;

use anyhow::{Context as _, Result};

/// Longer than anything takes that works, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A chosen, or something else, that the environment may choose.
fn chosen<T>(name: &str, default: T) -> Result<T>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let Ok(text) = std::env::var(name) else {
        return Ok(default);
    };
    text.parse().with_context(|| format!("{name} is {text:?}"))
}
