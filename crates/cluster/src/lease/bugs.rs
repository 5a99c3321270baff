//! Rules that can be left out, so that the simulation can show that it would notice.

/// One rule left out. Exists in every build, can be planted only with the feature `planted-bugs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bug {
    /// A lease is counted from the receipt of the grant.
    Sending,
    /// A member is declared dead 4 s after the last confirmed, not the last given, grant.
    Given,
    /// With the database away, given grants count, not confirmed ones.
    Confirmed,
    /// With the database away, only members count, not all registered servers.
    Registered,
    /// With the database away, a proof of death lasts for ever.
    Fresh,
    /// With the database away, a new leader starts with everybody confirmed.
    Newleader,
    /// A grant is not cut at the end of the leader's own lease.
    Cut,
    /// A survivor takes over at once when the voters, not all listed members, are proven dead.
    Listed,
    /// A taker trusts the database's clock alone, without watching.
    Still,
    /// A refused connection counts although it was tried before the last sign of life.
    Early,
    /// With the database away, a lease that has run out may be won back without it.
    Lapsed,
    /// With the database away, having joined counts as a confirmed grant.
    Joining,
    /// A life that was declared dead may come back.
    Rejoin,
    /// A taker does not wait after its last grant.
    Grantwait,
    /// A renewal wins a lapsed lease back although a take-over may have been forgotten by a failover.
    Forgotten,
}
