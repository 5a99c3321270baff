//! What operators may choose about the cluster.

use crate::discovery;

/// The cluster's settings: system properties, the same on every node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether the servers that share the database are one cluster.
    pub is_enabled: bool,
    /// How long a server that starts waits before it joins.
    pub start_delay_secs: u32,
    /// How often joining is tried again when the cluster port, the keys or discovery do not work.
    pub start_retry_count: u32,
    /// The pause before each of these tries.
    pub start_retry_secs: u32,
    /// How long other nodes may take to answer a task.
    pub task_timeout_secs: u32,
    /// How other nodes are found.
    pub discovery: discovery::Settings,
    /// Whether a refused connection proves that a process is gone; not so where firewalls answer for absent hosts.
    pub trust_refused: bool,
    /// How long a cluster may serve without its database.
    pub database_away_secs: u32,
    /// How long a node that is cut off keeps its clients' connections.
    pub fence_grace_secs: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            is_enabled: false,
            start_delay_secs: 0,
            start_retry_count: 1,
            start_retry_secs: 10,
            task_timeout_secs: 30,
            discovery: discovery::Settings::default(),
            trust_refused: true,
            database_away_secs: 600,
            fence_grace_secs: 10,
        }
    }
}
