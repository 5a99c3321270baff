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

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc};

use protocol::{Element, PresenceType, Stanza, StanzaError};

use crate::{Account, Feature, Flow, Router, Session, SessionEntry, SharingChange, Xep, flow::Request};

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
type DiscoHook = Arc<dyn Fn(&str) -> Option<Element> + Send + Sync>;

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

/// What features tell of themselves to those who ask (XEP-0030) and on streams (RFC 6120 §4.3.2).
#[derive(Clone, Default)]
pub struct Disco {
    /// `var`s of the server's own features.
    pub host_features: Vec<&'static str>,
    /// `var`s of an account's features.
    pub account_features: Vec<&'static str>,
    /// Extension forms of the server, made for one host (XEP-0128).
    pub host_forms: Vec<DiscoHook>,
    /// Stream features after authentication, made for one host.
    pub stream_features: Vec<DiscoHook>,
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

    /// Lets `hook` see every stanza on one side of its way.
    pub fn on<T: Feature>(
        &mut self,
        side: Side,
        phase: Phase,
        feature: &Arc<T>,
        hook: fn(&T, &mut Flow<'_>) -> Verdict,
    ) {
        let feature = feature.clone();
        self.flow[side as usize].push((phase, Arc::new(move |flow| hook(&feature, flow))));
    }

    /// Answers IQ requests whose payload is this element, and says so in service discovery: at the server for
    /// [`To::Host`], at accounts otherwise.
    ///
    /// # Panics
    /// At start, where two features answer the same.
    pub fn answer<T, F, L>(&mut self, to: To, name: &'static str, ns: &'static str, feature: &Arc<T>, answer: F)
    where
        T: Feature,
        F: Fn(Arc<T>, Request) -> L + Send + Sync + 'static,
        L: Future<Output = Answer> + Send + 'static,
    {
        let feature = feature.clone();
        let hook: IqHook = Arc::new(move |request| Box::pin(answer(feature.clone(), request)));
        assert!(
            self.iq.insert((to, name, ns), hook).is_none(),
            "two features answer <{name} xmlns='{ns}'/>"
        );
        match to {
            To::Host => self.disco.host_feature(ns),
            To::OwnAccount | To::AnyAccount => self.disco.account_feature(ns),
        }
    }

    /// Acts on presence of these types that a local client sends. Of other types it goes to its addressee as it is.
    ///
    /// # Panics
    /// At start, where two features act on the same.
    pub fn presence_sent<T, F, L>(&mut self, types: &[PresenceType], feature: &Arc<T>, act: F)
    where
        T: Feature,
        F: Fn(Arc<T>, Arc<Router>, Arc<Session>, Stanza) -> L + Send + Sync + 'static,
        L: Future<Output = Result<(), StanzaError>> + Send + 'static,
    {
        let feature = feature.clone();
        let hook: SentHook =
            Arc::new(move |house, session, stanza| Box::pin(act(feature.clone(), house, session, stanza)));
        for kind in types {
            let other = self.presence_sent.insert(*kind, hook.clone());
            assert!(other.is_none(), "two features act on sent presence of type {kind:?}");
        }
    }

    /// Acts on presence of these types for a local account. `None` stands for an account that does not exist:
    /// what happens then must not tell.
    ///
    /// # Panics
    /// At start, where two features act on the same.
    pub fn presence_received<T, F, L>(&mut self, types: &[PresenceType], feature: &Arc<T>, act: F)
    where
        T: Feature,
        F: Fn(Arc<T>, Arc<Router>, Option<Arc<Account>>, Stanza) -> L + Send + Sync + 'static,
        L: Future<Output = Result<(), StanzaError>> + Send + 'static,
    {
        let feature = feature.clone();
        let hook: ReceivedHook =
            Arc::new(move |house, account, stanza| Box::pin(act(feature.clone(), house, account, stanza)));
        for kind in types {
            let other = self.presence_received.insert(*kind, hook.clone());
            assert!(
                other.is_none(),
                "two features act on received presence of type {kind:?}"
            );
        }
    }

    /// Takes messages for accounts with no session to take them. `None` stands for an account that does not exist:
    /// its messages fare like those of one that has no session.
    ///
    /// # Panics
    /// At start, where two features do.
    pub fn offline<T, F, L>(&mut self, feature: &Arc<T>, act: F)
    where
        T: Feature,
        F: Fn(Arc<T>, Arc<Router>, Option<Arc<Account>>, Offline) -> L + Send + Sync + 'static,
        L: Future<Output = Result<(), StanzaError>> + Send + 'static,
    {
        let feature = feature.clone();
        let hook: OfflineHook =
            Arc::new(move |house, account, offline| Box::pin(act(feature.clone(), house, account, offline)));
        assert!(self.offline.replace(hook).is_none(), "one feature keeps messages");
    }

    /// Is told when a session has its resource, before its first stanza.
    pub fn session_bound<T, F, L>(&mut self, feature: &Arc<T>, act: F)
    where
        T: Feature,
        F: Fn(Arc<T>, Arc<Router>, Arc<Session>) -> L + Send + Sync + 'static,
        L: Future<Output = ()> + Send + 'static,
    {
        let feature = feature.clone();
        self.session_bound.push(Arc::new(move |house, session| {
            Box::pin(act(feature.clone(), house, session))
        }));
    }

    /// Is told when a session has become available with its initial presence (RFC 6121 §4.2).
    pub fn session_available<T, F, L>(&mut self, feature: &Arc<T>, act: F)
    where
        T: Feature,
        F: Fn(Arc<T>, Arc<Router>, Arc<Session>) -> L + Send + Sync + 'static,
        L: Future<Output = ()> + Send + 'static,
    {
        let feature = feature.clone();
        self.session_available.push(Arc::new(move |house, session| {
            Box::pin(act(feature.clone(), house, session))
        }));
    }

    /// Is told when a session has ended, while its resource is still taken.
    pub fn session_ended<T, F, L>(&mut self, feature: &Arc<T>, act: F)
    where
        T: Feature,
        F: Fn(Arc<T>, Arc<Router>, Arc<Session>) -> L + Send + Sync + 'static,
        L: Future<Output = ()> + Send + 'static,
    {
        let feature = feature.clone();
        self.session_ended.push(Arc::new(move |house, session| {
            Box::pin(act(feature.clone(), house, session))
        }));
    }

    /// Is told of each session of this node when the node has joined others: they know it from now on, and it may know
    /// theirs.
    pub fn session_joined<T, F, L>(&mut self, feature: &Arc<T>, act: F)
    where
        T: Feature,
        F: Fn(Arc<T>, Arc<Router>, Arc<Session>) -> L + Send + Sync + 'static,
        L: Future<Output = ()> + Send + 'static,
    {
        let feature = feature.clone();
        self.session_joined.push(Arc::new(move |house, session| {
            Box::pin(act(feature.clone(), house, session))
        }));
    }

    /// Is asked to send a session what the account's message log holds for it.
    pub fn replay<T, F, L>(&mut self, feature: &Arc<T>, act: F)
    where
        T: Feature,
        F: Fn(Arc<T>, Arc<Router>, Arc<Session>) -> L + Send + Sync + 'static,
        L: Future<Output = ()> + Send + 'static,
    {
        let feature = feature.clone();
        self.replay.push(Arc::new(move |house, session| {
            Box::pin(act(feature.clone(), house, session))
        }));
    }

    /// Is told before an account is deleted, while its rows are still there.
    pub fn account_removed<T, F, L>(&mut self, feature: &Arc<T>, act: F)
    where
        T: Feature,
        F: Fn(Arc<T>, Arc<Router>, Arc<Account>) -> L + Send + Sync + 'static,
        L: Future<Output = ()> + Send + 'static,
    {
        let feature = feature.clone();
        self.account_removed.push(Arc::new(move |house, account| {
            Box::pin(act(feature.clone(), house, account))
        }));
    }

    /// Hears what the same feature on another node said with [`Router::tell`]: to an account that has sessions here.
    ///
    /// # Panics
    /// At start, where two features have one name for what they say.
    pub fn told<T, F, L>(&mut self, what: &'static str, feature: &Arc<T>, act: F)
    where
        T: Feature,
        F: Fn(Arc<T>, Arc<Router>, Arc<Account>, Stanza) -> L + Send + Sync + 'static,
        L: Future<Output = ()> + Send + 'static,
    {
        let feature = feature.clone();
        let hook: ToldHook =
            Arc::new(move |house, account, stanza| Box::pin(act(feature.clone(), house, account, stanza)));
        assert!(self.told.insert(what, hook).is_none(), "two features say '{what}'");
    }

    /// Is told of sessions that ended with their node, or are out of reach with it: once of each, on every node that is
    /// left.
    pub fn sessions_lost<T, F, L>(&mut self, feature: &Arc<T>, act: F)
    where
        T: Feature,
        F: Fn(Arc<T>, Arc<Router>, Arc<[Arc<SessionEntry>]>) -> L + Send + Sync + 'static,
        L: Future<Output = ()> + Send + 'static,
    {
        let feature = feature.clone();
        self.sessions_lost
            .push(Arc::new(move |house, lost| Box::pin(act(feature.clone(), house, lost))));
    }

    /// Is told when groups have changed, on every node: each tells its own sessions.
    pub fn sharing_changed<T, F, L>(&mut self, feature: &Arc<T>, act: F)
    where
        T: Feature,
        F: Fn(Arc<T>, Arc<Router>, Arc<SharingChange>) -> L + Send + Sync + 'static,
        L: Future<Output = ()> + Send + 'static,
    {
        let feature = feature.clone();
        self.sharing_changed.push(Arc::new(move |house, change| {
            Box::pin(act(feature.clone(), house, change))
        }));
    }

    /// Answers what service discovery is asked about those nodes of the server that `is_own` knows; the payload says
    /// which question it is.
    pub fn host_node<T, F, L>(&mut self, is_own: fn(&str) -> bool, feature: &Arc<T>, answer: F)
    where
        T: Feature,
        F: Fn(Arc<T>, Request) -> L + Send + Sync + 'static,
        L: Future<Output = Answer> + Send + 'static,
    {
        let feature = feature.clone();
        let hook: IqHook = Arc::new(move |request| Box::pin(answer(feature.clone(), request)));
        self.nodes.push((is_own, hook));
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

impl Disco {
    /// Announces a feature of the server.
    pub fn host_feature(&mut self, var: &'static str) {
        announce(&mut self.host_features, var);
    }

    /// Announces a feature of every account.
    pub fn account_feature(&mut self, var: &'static str) {
        announce(&mut self.account_features, var);
    }

    /// Adds an extension form to the server's answer (XEP-0128).
    pub fn host_form(&mut self, form: impl Fn(&str) -> Option<Element> + Send + Sync + 'static) {
        self.host_forms.push(Arc::new(form));
    }

    /// Adds a stream feature after authentication.
    pub fn stream_feature(&mut self, feature: impl Fn(&str) -> Option<Element> + Send + Sync + 'static) {
        self.stream_features.push(Arc::new(feature));
    }
}

fn announce(list: &mut Vec<&'static str>, var: &'static str) {
    if !list.contains(&var) {
        list.push(var);
    }
}
