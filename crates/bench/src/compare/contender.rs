//! Who takes part.

use super::trials::Trial;
use crate::child::Child;
use crate::client::Target;
use crate::process::Server;
use crate::scram::client::KeyCache;

/// A server that can be put under load.
pub(super) trait Contender {
    /// Its column in the table.
    fn name(&self) -> &str;

    /// Starts it for `trial`; `None` when the trial is not for it.
    fn start(&mut self, trial: &Trial, keys: &mut KeyCache) -> anyhow::Result<Option<Started>>;
}

/// A server that is running.
pub(super) struct Started {
    pub(super) target: Target,
    pub(super) server: Server,
    /// Ends it, where we have started it.
    pub(super) _child: Option<Child>,
}
