//! The numbers of the lease rules.

use super::Micros;

/// One second in [`Micros`].
pub const SECOND: Micros = 1_000_000;

/// The durations of the lease rules, in microseconds. The defaults are proven by the simulation; what has to stay
/// in which order is said at each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long a grant lasts, counted from sending the ask.
    pub member_lease: Micros,
    /// How long after the last grant given a silent member is declared dead. Above `member_lease` by more than
    /// clocks can differ, below `grant_wait`.
    pub dead_after: Micros,
    /// Grants stop for a member whose asks have confirmed nothing for so long.
    pub confirm_within: Micros,
    /// What one renewal adds to the group's lease in the row.
    pub group_lease: Micros,
    /// The part of the group's lease that its holder leaves unused, because its clock may be slow while the
    /// database's is fast: 2 % of `group_lease`.
    pub group_lease_margin: Micros,
    /// Pause between two renewals.
    pub renew_every: Micros,
    /// How long a taker watches the row stand still.
    pub still: Micros,
    /// How long a taker waits after the last grant it received, or after its start.
    pub grant_wait: Micros,
    /// Pause between two asks.
    pub ask_every: Micros,
    /// Pause between two reads of the row.
    pub read_every: Micros,
    /// Two reads further apart than this may have missed a take-over that a database failover then forgot.
    pub read_gap: Micros,
    /// Two renewals further apart than this leave room for a take-over; below `still` by more than clocks differ.
    pub renewal_gap: Micros,
    /// Pause between two connection attempts that look for a proof of death.
    pub probe_every: Micros,
    /// Pause between two rounds of asking who acts, while fenced.
    pub ping_every: Micros,
    /// A taker holds back for so long after somebody said that it acts.
    pub lonely_after: Micros,
    /// A fenced member that hears nothing of its group for so long leaves it.
    pub leave_after: Micros,
    /// How long a pair may be cut before one of the two gets no more grants. With `dead_after` it makes less than the 6 s
    /// within which silence is noticed.
    pub pair_cut_after: Micros,
    /// How long a group may serve without the database at most.
    pub database_away: Micros,
    /// Whether a refused connection proves death; `false` where firewalls answer for absent hosts.
    pub trust_refused: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            member_lease: 3_500_000,
            dead_after: 4 * SECOND,
            confirm_within: 2_500_000,
            group_lease: 5 * SECOND,
            group_lease_margin: 100_000,
            renew_every: 1_500_000,
            still: 5 * SECOND,
            grant_wait: 5 * SECOND,
            ask_every: 500_000,
            read_every: SECOND,
            read_gap: 2_400_000,
            renewal_gap: 4 * SECOND,
            probe_every: 500_000,
            ping_every: 350_000,
            lonely_after: 3 * SECOND,
            leave_after: 15 * SECOND,
            pair_cut_after: 1_900_000,
            database_away: 600 * SECOND,
            trust_refused: true,
        }
    }
}
