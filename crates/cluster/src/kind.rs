//! Kinds of calls and tells on the links. Numbers are never given anew.

/// A message about leases: told, never answered.
pub(crate) const LEASE: u8 = 1;
/// A call of the log.
pub(crate) const RAFT: u8 = 2;
/// Commands for the leader to propose.
pub(crate) const PROPOSE: u8 = 3;
/// A question of the server above.
pub(crate) const ASK: u8 = 4;
/// A member leaves in good order.
pub(crate) const LEAVE: u8 = 5;
/// The leader leaves: stand for election.
pub(crate) const STAND: u8 = 6;
/// A task, by its name.
pub(crate) const TASK: u8 = 7;
