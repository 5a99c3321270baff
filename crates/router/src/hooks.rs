//! Where features take part. Four phases, in this order on either side of a stanza's way:
//!
//! | phase | may | example |
//! |---|---|---|
//! | Guard | refuse a stanza | blocking |
//! | Change | add and drop children | stripping forged ids |
//! | Answer | take it and act: ask the database, reply | roster, ping |
//! | Observe | look | statistics |
//!
//! Guard, Change and Observe see every stanza twice, when its sender's side takes it ([`Side::Sending`]) and when its
//! recipient's side does ([`Side::Receiving`]), and are plain functions: the way of a message has no await in it.
//! Answers are async and found by what they answer.

mod disco;
mod register;

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc};

use protocol::{Element, PresenceType, Stanza, StanzaError};

use crate::{Account, Feature, Flow, Router, Session, SessionEntry, SharingChange, Xep, flow::Request};

pub use disco::Disco;

/// A boxed future, for tables of async functions.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a synchronous hook decides.
#[derive(Debug)]
pub enum Verdict {
    /// On to the next hook.
    Continue,
    /// The stanza's way ends here, silently.
    Done,
    /// The sender gets this error.
    Bounce(StanzaError),
}

/// What an IQ is answered with: the result's payload, or an error.
pub type Answer = Result<Option<Element>, StanzaError>;

/// Phases of synchronous hooks; [`Hooks`] explains all four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Refuse.
    Guard,
    /// Add and drop children.
    Change,
    /// Look.
    Observe,
}

/// Whose side of a stanza's way a hook stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The local client that sent the stanza.
    Sending,
    /// The local account that it is for.
    Receiving,
}

/// Who is asked by an IQ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum To {
    /// The server itself, by its domain.
    Host,
    /// An account, by its own client.
    OwnAccount,
    /// An account, by anybody; the answer must look at who asks.
    AnyAccount,
}

type FlowHook = Arc<dyn Fn(&mut Flow<'_>) -> Verdict + Send + Sync>;
type IqHook = Arc<dyn Fn(Request) -> Later<Answer> + Send + Sync>;
type NodeHook = (fn(&str) -> bool, IqHook);
type SentHook = Arc<dyn Fn(Arc<Router>, Arc<Session>, Stanza) -> Later<Result<(), StanzaError>> + Send + Sync>;
type ReceivedHook =
    Arc<dyn Fn(Arc<Router>, Option<Arc<Account>>, Stanza) -> Later<Result<(), StanzaError>> + Send + Sync>;
type OfflineHook =
    Arc<dyn Fn(Arc<Router>, Option<Arc<Account>>, Offline) -> Later<Result<(), StanzaError>> + Send + Sync>;
type SessionHook = Arc<dyn Fn(Arc<Router>, Arc<Session>) -> Later<()> + Send + Sync>;
type AccountHook = Arc<dyn Fn(Arc<Router>, Arc<Account>) -> Later<()> + Send + Sync>;
type ToldHook = Arc<dyn Fn(Arc<Router>, Arc<Account>, Stanza) -> Later<()> + Send + Sync>;
type LostHook = Arc<dyn Fn(Arc<Router>, Arc<[Arc<SessionEntry>]>) -> Later<()> + Send + Sync>;
type SharingHook = Arc<dyn Fn(Arc<Router>, Arc<SharingChange>) -> Later<()> + Send + Sync>;

/// A message that no session of its account takes.
#[derive(Debug)]
pub struct Offline {
    /// As it would have been delivered.
    pub stanza: Stanza,
    /// Keeps the sender's stanza unacknowledged until it is stored.
    pub receipt: Option<crate::Receipt>,
}

/// Everything that features registered.
#[derive(Default)]
pub struct Hooks {
    flow: [Vec<(Phase, FlowHook)>; 2],
    iq: HashMap<(To, &'static str, &'static str), IqHook>,
    presence_sent: HashMap<PresenceType, SentHook>,
    presence_received: HashMap<PresenceType, ReceivedHook>,
    offline: Option<OfflineHook>,
    session_bound: Vec<SessionHook>,
    session_available: Vec<SessionHook>,
    session_ended: Vec<SessionHook>,
    session_joined: Vec<SessionHook>,
    replay: Vec<SessionHook>,
    account_removed: Vec<AccountHook>,
    told: HashMap<&'static str, ToldHook>,
    sessions_lost: Vec<LostHook>,
    sharing_changed: Vec<SharingHook>,
    nodes: Vec<NodeHook>,
    disco: Disco,
    names: Vec<(&'static str, &'static [Xep])>,
}

impl Hooks {
    /// The hooks of all features, which are asked in the order of the table.
    #[must_use]
    pub fn of(features: &[Arc<dyn Feature>]) -> Self {
        let mut hooks = Self::default();
        for feature in features {
            hooks.names.push((feature.name(), feature.xeps()));
            feature.clone().hook(&mut hooks);
        }
        for feature in features {
            feature.announced(&hooks.disco);
        }
        for side in &mut hooks.flow {
            side.sort_by_key(|(phase, _)| *phase);
        }
        hooks
    }

    /// The answer of whoever knows this node of the server.
    #[must_use]
    pub fn of_node(&self, node: &str, request: &Request) -> Option<Later<Answer>> {
        let (_, hook) = self.nodes.iter().find(|(is_own, _)| is_own(node))?;
        Some(hook(request.clone()))
    }

    /// What is announced beside the namespaces of answered IQs.
    pub fn disco(&mut self) -> &mut Disco {
        &mut self.disco
    }

    /// What features announce.
    #[must_use]
    pub fn announced(&self) -> &Disco {
        &self.disco
    }

    /// Names and documents of all features, in the order of the table.
    #[must_use]
    pub fn features(&self) -> &[(&'static str, &'static [Xep])] {
        &self.names
    }

    /// Runs the synchronous hooks of one side.
    pub(crate) fn run(&self, side: Side, flow: &mut Flow<'_>) -> Verdict {
        for (_, hook) in &self.flow[side as usize] {
            match hook(flow) {
                Verdict::Continue => {}
                verdict => return verdict,
            }
        }
        Verdict::Continue
    }

    pub(crate) fn iq_hook(&self, to: To, name: &str, ns: &str) -> Option<&IqHook> {
        // The table's keys are static strings; a lookup with shorter-lived ones has to go by value.
        self.iq
            .iter()
            .find(|((at, key_name, key_ns), _)| *at == to && *key_name == name && *key_ns == ns)
            .map(|(_, hook)| hook)
    }

    pub(crate) fn presence_sent_hook(&self, kind: PresenceType) -> Option<&SentHook> {
        self.presence_sent.get(&kind)
    }

    pub(crate) fn presence_received_hook(&self, kind: PresenceType) -> Option<&ReceivedHook> {
        self.presence_received.get(&kind)
    }

    pub(crate) fn offline_hook(&self) -> Option<&OfflineHook> {
        self.offline.as_ref()
    }

    pub(crate) fn session_bound_hooks(&self) -> &[SessionHook] {
        &self.session_bound
    }

    pub(crate) fn session_available_hooks(&self) -> &[SessionHook] {
        &self.session_available
    }

    pub(crate) fn session_ended_hooks(&self) -> &[SessionHook] {
        &self.session_ended
    }

    pub(crate) fn session_joined_hooks(&self) -> &[SessionHook] {
        &self.session_joined
    }

    pub(crate) fn replay_hooks(&self) -> &[SessionHook] {
        &self.replay
    }

    pub(crate) fn told_hook(&self, what: &str) -> Option<&ToldHook> {
        self.told.get(what)
    }

    pub(crate) fn sessions_lost_hooks(&self) -> &[LostHook] {
        &self.sessions_lost
    }

    pub(crate) fn sharing_changed_hooks(&self) -> &[SharingHook] {
        &self.sharing_changed
    }

    pub(crate) fn account_removed_hooks(&self) -> &[AccountHook] {
        &self.account_removed
    }
}
