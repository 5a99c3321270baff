//! What an operator may choose about routing.

/// Bounds and rules of the switchboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Sessions that one account may have at a time (1 to 100).
    pub sessions_per_account: usize,
    /// Stanzas that wait for one session (100 to 100,000). What else it is behind waits in the message log, where that keeps
    /// it; otherwise the session is closed as a slow reader.
    pub inbox_stanzas: usize,
    /// Accounts kept in memory beyond those that have a session (0 to 1,000,000).
    pub cached_accounts: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sessions_per_account: 10,
            inbox_stanzas: 4096,
            cached_accounts: 10_000,
        }
    }
}
