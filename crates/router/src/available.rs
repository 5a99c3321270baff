//! A session becomes available, and gets what waited for its account.

use std::sync::Arc;

use protocol::Stanza;

use crate::{Account, Router, Session};

impl Router {
    /// Notes the session's available presence and tells those features that wait for the first one.
    pub async fn make_available(self: &Arc<Self>, session: &Arc<Session>, presence: Arc<Stanza>, priority: i8) {
        let is_initial = session.priority().is_none();
        if priority < 0 || session.takes_messages() {
            session.set_available(presence, priority);
        } else {
            self.make_available_for_messages(session, presence, priority).await;
        }
        if is_initial {
            for hook in self.hooks().session_available_hooks() {
                hook(self.clone(), session.clone()).await;
            }
        }
    }

    /// The session takes messages from now on. It gets those that waited (XEP-0160 §2) before those that come, so that
    /// they stay in order.
    async fn make_available_for_messages(
        self: &Arc<Self>,
        session: &Arc<Session>,
        presence: Arc<Stanza>,
        priority: i8,
    ) {
        let _turn = session.account.turn().await;
        self.replay(session).await;
        session.set_available(presence, priority);
    }

    /// Sends a session what waits in its account's message log and no other session has. The caller has the account's
    /// turn.
    pub async fn replay(self: &Arc<Self>, session: &Arc<Session>) {
        for hook in self.hooks().replay_hooks() {
            hook(self.clone(), session.clone()).await;
        }
    }

    /// Sends what waits to the account's sessions that take messages: to the foremost, and where that has just ended, to
    /// the next. The caller has the account's turn.
    pub async fn replay_to_any(self: &Arc<Self>, account: &Account) {
        let mut sessions = self.directory().sessions(account.jid.as_str());
        sessions.retain(|session| session.takes_messages());
        sessions.sort_by_key(|session| std::cmp::Reverse(session.priority()));
        for session in &sessions {
            self.replay(session).await;
        }
    }
}
