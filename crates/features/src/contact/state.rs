//! RFC 6121 appendix A: subscription states, and what each of the four presence types does to them.

use protocol::PresenceType;
use router::Share;
use storage::{RosterItem, Subscription};

/// What an account and one contact have agreed on, as the account's server sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct State {
    /// The account sees the contact's presence.
    pub(crate) to: bool,
    /// The contact sees the account's presence.
    pub(crate) from: bool,
    /// "Pending Out": the account has asked.
    pub(crate) asks: bool,
    /// "Pending In": the contact has asked.
    pub(crate) is_asked: bool,
    /// The account approves of the contact's request before it is made (§3.4).
    pub(crate) approves: bool,
}

/// What a subscription stanza that a client sends is to a contact that a group shares with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BesideGroups {
    /// What it is to any contact.
    Own,
    /// The account sees the contact already: the server says so, and nothing changes.
    Answered,
    /// Only an operator can end what groups gave.
    Refused,
}

/// What becomes of a subscription stanza.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The state afterwards.
    pub(crate) state: State,
    /// An outbound stanza is routed to the contact, an inbound one delivered to the account's clients.
    pub(crate) goes_on: bool,
    /// The server answers an inbound request for the account (§3.1.3, §3.4.2).
    pub(crate) is_approved: bool,
}

impl State {
    /// Of a roster item, or of somebody who is not in the roster.
    pub(crate) fn of(item: Option<&RosterItem>) -> Self {
        item.map_or_else(Self::default, |item| Self {
            to: matches!(item.subscription, Subscription::To | Subscription::Both),
            from: matches!(item.subscription, Subscription::From | Subscription::Both),
            asks: item.ask,
            is_asked: item.pending_in.is_some(),
            approves: item.approved,
        })
    }

    /// As a roster item has it.
    pub(crate) fn subscription(self) -> Subscription {
        match (self.to, self.from) {
            (false, false) => Subscription::None,
            (true, false) => Subscription::To,
            (false, true) => Subscription::From,
            (true, true) => Subscription::Both,
        }
    }

    /// With what groups add.
    pub(crate) fn with(self, share: &Share) -> Self {
        let to = self.to || share.to;
        Self {
            to,
            from: self.from || share.from,
            asks: self.asks && !to,
            ..self
        }
    }

    /// What a stanza of this type means where groups have given something.
    pub(crate) fn beside(self, share: &Share, kind: PresenceType) -> BesideGroups {
        match kind {
            PresenceType::Subscribe if share.to => BesideGroups::Answered,
            PresenceType::Unsubscribe if share.to && !self.to && !self.asks => BesideGroups::Refused,
            PresenceType::Unsubscribed if share.from && !self.from && !self.is_asked && !self.approves => {
                BesideGroups::Refused
            }
            _ => BesideGroups::Own,
        }
    }

    /// The account sends the contact a stanza of this type (A.2).
    pub(crate) fn sent(self, kind: PresenceType) -> Outcome {
        match kind {
            PresenceType::Subscribe => self.routed(Self { asks: !self.to, ..self }),
            PresenceType::Unsubscribe => self.routed(Self {
                to: false,
                asks: false,
                ..self
            }),
            PresenceType::Subscribed if self.is_asked => self.routed(Self {
                from: true,
                is_asked: false,
                ..self
            }),
            // §3.4.1: not routed, but remembered for when the contact asks.
            PresenceType::Subscribed if !self.from => self.kept(Self { approves: true, ..self }),
            PresenceType::Unsubscribed if self.is_asked || self.from => self.routed(Self {
                from: false,
                is_asked: false,
                approves: false,
                ..self
            }),
            PresenceType::Unsubscribed => self.kept(Self {
                approves: false,
                ..self
            }),
            _ => self.kept(self),
        }
    }

    /// The contact sent the account a stanza of this type (A.3).
    pub(crate) fn received(self, kind: PresenceType) -> Outcome {
        match kind {
            PresenceType::Subscribe if self.from => self.approved(self),
            PresenceType::Subscribe if self.approves => self.approved(Self {
                from: true,
                is_asked: false,
                ..self
            }),
            PresenceType::Subscribe if !self.is_asked => self.routed(Self { is_asked: true, ..self }),
            PresenceType::Unsubscribe if self.from || self.is_asked => self.routed(Self {
                from: false,
                is_asked: false,
                ..self
            }),
            PresenceType::Subscribed if self.asks => self.routed(Self {
                to: true,
                asks: false,
                ..self
            }),
            PresenceType::Unsubscribed if self.to || self.asks => self.routed(Self {
                to: false,
                asks: false,
                ..self
            }),
            _ => self.kept(self),
        }
    }

    fn routed(self, state: Self) -> Outcome {
        Outcome {
            state,
            goes_on: true,
            is_approved: false,
        }
    }

    fn kept(self, state: Self) -> Outcome {
        Outcome {
            state,
            goes_on: false,
            is_approved: false,
        }
    }

    fn approved(self, state: Self) -> Outcome {
        Outcome {
            state,
            goes_on: false,
            is_approved: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use PresenceType::{Subscribe, Subscribed, Unsubscribe, Unsubscribed};

    use super::*;

    /// The names of A.1.
    const STATES: [&str; 9] = ["N", "N+o", "N+i", "N+oi", "T", "T+i", "F", "F+o", "B"];

    fn state(name: &str) -> State {
        let (subscription, pending) = name.split_once('+').unwrap_or((name, ""));
        State {
            to: matches!(subscription, "T" | "B"),
            from: matches!(subscription, "F" | "B"),
            asks: pending.contains('o'),
            is_asked: pending.contains('i'),
            approves: false,
        }
    }

    /// Each cell: `-` for no change or the new state; then `!` where the stanza goes on; `a` where it is approved of.
    fn check(kind: PresenceType, change: fn(State, PresenceType) -> Outcome, cells: [&str; 9]) {
        for (name, cell) in STATES.into_iter().zip(cells) {
            let before = state(name);
            let after = match cell.trim_end_matches(['!', 'a']) {
                "-" => before,
                changed => state(changed),
            };
            let expected = Outcome {
                state: after,
                goes_on: cell.ends_with('!'),
                is_approved: cell.ends_with('a'),
            };
            let actual = change(before, kind);
            // Pre-approval is no state of A.1; it has a test of its own.
            let actual = Outcome {
                state: State {
                    approves: false,
                    ..actual.state
                },
                ..actual
            };
            assert_eq!(actual, expected, "{kind:?} in state {name}");
        }
    }

    #[test]
    fn outbound_stanzas_change_states_as_in_a_2() {
        //                           N      N+o    N+i     N+oi    T       T+i     F       F+o     B
        check(
            Subscribe,
            State::sent,
            ["N+o!", "-!", "N+oi!", "-!", "-!", "-!", "F+o!", "-!", "-!"],
        );
        check(
            Unsubscribe,
            State::sent,
            ["-!", "N!", "-!", "N+i!", "N!", "N+i!", "-!", "F!", "F!"],
        );
        check(
            Subscribed,
            State::sent,
            ["-", "-", "F!", "F+o!", "-", "B!", "-", "-", "-"],
        );
        check(
            Unsubscribed,
            State::sent,
            ["-", "-", "N!", "N+o!", "-", "T!", "N!", "N+o!", "T!"],
        );
    }

    #[test]
    fn inbound_stanzas_change_states_as_in_a_3() {
        //                               N      N+o     N+i    N+oi   T       T+i    F      F+o     B
        check(
            Subscribe,
            State::received,
            ["N+i!", "N+oi!", "-", "-", "T+i!", "-", "-a", "-a", "-a"],
        );
        check(
            Unsubscribe,
            State::received,
            ["-", "-", "N!", "N+o!", "-", "T!", "N!", "N+o!", "T!"],
        );
        check(
            Subscribed,
            State::received,
            ["-", "T!", "-", "T+i!", "-", "-", "-", "B!", "-"],
        );
        check(
            Unsubscribed,
            State::received,
            ["-", "N!", "-", "N+i!", "N!", "N+i!", "-", "F!", "F!"],
        );
    }

    #[test]
    fn approval_in_advance_waits_for_the_request_and_can_be_taken_back() {
        for (name, subscribed) in [("N", "F"), ("N+o", "F+o"), ("T", "B")] {
            let approving = state(name).sent(Subscribed);
            let expected = State {
                approves: true,
                ..state(name)
            };
            assert_eq!(
                approving,
                Outcome {
                    state: expected,
                    goes_on: false,
                    is_approved: false
                },
                "{name}"
            );

            let asked = expected.received(Subscribe);
            let expected = Outcome {
                state: State {
                    approves: true,
                    ..state(subscribed)
                },
                goes_on: false,
                is_approved: true,
            };
            assert_eq!(asked, expected, "{name}, asked");

            let taken_back = approving.state.sent(Unsubscribed);
            assert_eq!(
                taken_back,
                Outcome {
                    state: state(name),
                    goes_on: false,
                    is_approved: false
                },
                "{name}, back"
            );
        }
        for name in ["F", "F+o", "B"] {
            assert_eq!(
                state(name).sent(Subscribed).state,
                state(name),
                "{name} needs no approval in advance"
            );
        }
    }

    #[test]
    fn availability_is_no_subscription() {
        for kind in [
            PresenceType::Available,
            PresenceType::Unavailable,
            PresenceType::Probe,
            PresenceType::Error,
        ] {
            for name in STATES {
                assert_eq!(
                    state(name).sent(kind),
                    state(name).kept(state(name)),
                    "{kind:?} in {name}"
                );
                assert_eq!(
                    state(name).received(kind),
                    state(name).kept(state(name)),
                    "{kind:?} in {name}"
                );
            }
        }
    }
}
