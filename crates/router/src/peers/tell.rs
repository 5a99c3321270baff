//! What goes out to other nodes for features: presence once for each node, and words to an account's sessions there.

use std::{collections::BTreeMap, sync::Arc};

use protocol::{Jid, Stanza, StreamError};

use super::{
    SessionEntry,
    frame::{self, ADDRESSES_MAX, Frame},
};
use crate::{Account, Flow, Router, presence};

impl Router {
    /// Availability for many addresses: each node with sessions of theirs gets it once, with the list of them.
    pub async fn announce(self: &Arc<Self>, presence: &Stanza, to: impl IntoIterator<Item = Jid> + Send) {
        let to: Vec<Jid> = to.into_iter().collect();
        self.announce_elsewhere(presence, &to);
        for address in to {
            self.route_here(presence.clone().to(address)).await;
        }
    }

    /// The same for the sessions on other nodes only.
    pub fn announce_elsewhere(&self, presence: &Stanza, to: &[Jid]) {
        if self.mesh().elsewhere.len() == 0 {
            return;
        }
        let mut far: BTreeMap<u64, Vec<Jid>> = BTreeMap::new();
        for address in to {
            for node in self.mesh().nodes_of(address) {
                far.entry(node).or_default().push(address.clone());
            }
        }
        for (node, addresses) in far {
            self.spread(node, &addresses, presence);
        }
    }

    /// Presence for addresses whose sessions are on one node.
    pub(crate) fn spread(&self, node: u64, to: &[Jid], presence: &Stanza) {
        let stanza = frame::bytes(presence);
        for addresses in to.chunks(ADDRESSES_MAX) {
            let to = addresses.iter().map(Jid::as_str).collect();
            self.mesh().send(node, &Frame::Spread { to, stanza: &stanza });
        }
    }

    /// Says a feature's word to the nodes that have sessions of the account; there it reaches what
    /// [`crate::Hooks::told`] registered under the same name.
    pub fn tell(&self, what: &str, account: &Jid, stanza: &Stanza) {
        self.tell_of(what, [account], stanza);
    }

    /// The same of several accounts: each node hears it once, with those that have sessions there.
    pub fn tell_of<'a>(&self, what: &str, accounts: impl IntoIterator<Item = &'a Jid>, stanza: &Stanza) {
        if self.mesh().elsewhere.len() == 0 {
            return;
        }
        let mut far: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
        for account in accounts {
            for node in self.mesh().nodes_of(account) {
                far.entry(node).or_default().push(account.bare_str());
            }
        }
        let stanza = frame::bytes(stanza);
        for (node, accounts) in far {
            for accounts in accounts.chunks(ADDRESSES_MAX) {
                let (accounts, stanza) = (accounts.to_vec(), stanza.as_slice());
                self.mesh().send(node, &Frame::Told { what, accounts, stanza });
            }
        }
    }

    /// The account's sessions on other nodes.
    #[must_use]
    pub fn elsewhere(&self, account: &Jid) -> Vec<Arc<SessionEntry>> {
        self.mesh().elsewhere.of(account.bare_str()).into_vec()
    }

    /// Closes the sessions of a bare JID, or the one of a full JID, on all nodes but `spared`, by its generation here; says how many there were here.
    pub fn close_sessions(&self, account: &Jid, reason: &StreamError, spared: Option<u64>) -> usize {
        self.send_close(account, reason, false);
        self.close_here(account, reason, spared)
    }

    /// Forgets, on all nodes, an account that was deleted or made: to be called after the commit.
    pub fn forget_account(&self, account: &Jid) {
        self.accounts().forget(account);
        let account = account.bare_str();
        self.mesh().send_all(&Frame::Forget { account });
    }

    pub(crate) fn close_here(&self, account: &Jid, reason: &StreamError, spared: Option<u64>) -> usize {
        let sessions = self.directory().sessions(account.bare_str());
        let meant = sessions.iter().filter(|session| {
            let is_meant = account.is_bare() || session.jid == *account;
            is_meant && Some(session.generation) != spared
        });
        meant.map(|session| session.close(reason.clone())).count()
    }

    pub(crate) fn send_close(&self, account: &Jid, reason: &StreamError, is_removed: bool) {
        self.mesh().send_all(&Frame::Close {
            account: account.as_str(),
            condition: reason.condition.as_str(),
            text: reason.text.as_deref().unwrap_or_default(),
            is_removed,
        });
    }

    /// Other nodes look for what waits for the account, once it is in the database. All of them: one that this node does
    /// not know to have a session of the account may just have got one, and read the log before the commit.
    pub fn hint(&self, account: &Account) {
        let mesh = self.mesh();
        if mesh.is_alone() {
            return;
        }
        for node in mesh.peers().nodes() {
            let account = account.jid.as_str();
            mesh.send_after_commit(node, &Frame::Waiting { account });
        }
    }

    /// Availability for who is on this node, and nobody else.
    pub(crate) async fn route_here(self: &Arc<Self>, stanza: Stanza) {
        let mut flow = Flow::new(stanza, None, None);
        flow.stays = true;
        let outcome = presence::received(self, &mut flow).await;
        self.finish(flow, outcome).await;
    }
}
