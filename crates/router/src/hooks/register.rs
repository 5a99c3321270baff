//! What a feature says at the start: where it takes part.

use std::{future::Future, sync::Arc};

use protocol::{PresenceType, Stanza, StanzaError};

use super::{Answer, Hooks, IqHook, Offline, OfflineHook, Phase, ReceivedHook, SentHook, Side, To, ToldHook, Verdict};
use crate::{Account, Feature, Flow, Router, Session, SessionEntry, SharingChange, flow::Request};

impl Hooks {
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
}
