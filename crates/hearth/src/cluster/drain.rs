//! One server has another one drain: hand over what it has, and end.

use cluster::{Task, Tasks};
use nix::sys::signal::{Signal, raise};
use serde::{Deserialize, Serialize};

/// Drain. The answer comes when that is on its way.
#[derive(Serialize, Deserialize)]
pub(super) struct Drain;

impl Task for Drain {
    const NAME: &'static str = "hearth.drain";
    type Answer = ();
}

/// Drains when another server says so, or an operator here.
pub(super) fn register(tasks: &Tasks) {
    tasks.register(|from, _: Drain| async move {
        tracing::info!(target: "cluster", %from, "this server has been told to drain");
        raise(Signal::SIGTERM).map_err(|error| format!("this server could not be told to stop: {error}"))
    });
}
