//! Stops 4 and 5 of a stanza: sender-side hooks, then whose address it is.

use std::sync::Arc;

use protocol::{Condition, Jid, Kind, MessageType, Stanza, StanzaError};

use crate::{Flow, Router, Session, Side, Verdict, deliver, iq, presence};

/// Whose an address is.
#[derive(Debug, PartialEq, Eq)]
pub enum Address {
    /// One of our domains itself.
    Host,
    /// An account of ours, existing or not.
    Account,
    /// Another domain.
    Elsewhere,
}

impl Router {
    /// Whose `jid` is.
    #[must_use]
    pub fn address(&self, jid: &Jid) -> Address {
        match (self.hosts().contains(jid.domain()), jid.local()) {
            (false, _) => Address::Elsewhere,
            (true, None) => Address::Host,
            (true, Some(_)) => Address::Account,
        }
    }

    /// Takes a stanza from a local client, whose `from` is stamped.
    ///
    /// `number` is the stanza's on a stream with acknowledgements (XEP-0198): it then counts as handled once
    /// what it had to leave behind is durable.
    pub async fn accept(self: &Arc<Self>, sender: &Arc<Session>, stanza: Stanza, number: Option<u32>) {
        let mut flow = Flow::new(stanza, Some(sender), number);
        let outcome = match sender.account.profile(self.storage()).await {
            Ok(_) => self.send(&mut flow).await,
            Err(error) => Err(self.unavailable("loading the sender's account", &error)),
        };
        self.finish(flow, outcome).await;
    }

    async fn send(self: &Arc<Self>, flow: &mut Flow<'_>) -> Result<(), StanzaError> {
        match self.hooks().run(Side::Sending, flow) {
            Verdict::Done => return Ok(()),
            Verdict::Bounce(error) => return Err(error),
            Verdict::Continue => {}
        }
        if flow.stanza.kind == Kind::Message(MessageType::Error) && flow.stanza.to.is_none() {
            return Ok(());
        }
        match flow.stanza.kind {
            Kind::Message(_) => deliver::message(self, flow).await,
            Kind::Presence(_) => presence::sent(self, flow).await,
            Kind::Iq(_) => iq::route(self, flow).await,
        }
    }

    /// Sends a stanza that the server itself, or a feature, made. Both addresses are there.
    pub async fn route(self: &Arc<Self>, stanza: Stanza) {
        self.route_after(stanza, 0).await;
    }

    /// The same for one that went to this many nodes in vain.
    pub(crate) async fn route_after(self: &Arc<Self>, stanza: Stanza, hops: u8) {
        let mut flow = Flow::new(stanza, None, None);
        flow.hops = hops;
        let outcome = match flow.stanza.kind {
            Kind::Message(_) => deliver::message(self, &mut flow).await,
            Kind::Presence(_) => presence::received(self, &mut flow).await,
            Kind::Iq(_) => iq::route(self, &mut flow).await,
        };
        self.finish(flow, outcome).await;
    }

    /// Tells the sender of an error, then sends what hooks asked for.
    pub(crate) async fn finish(self: &Arc<Self>, flow: Flow<'_>, outcome: Result<(), StanzaError>) {
        if let Err(error) = outcome {
            if let (Some(sender), Some(number)) = (flow.sender, flow.number) {
                sender.handled.release(number);
            }
            self.bounce(&flow.stanza, flow.sender, &error).await;
        }
        for effect in flow.effects {
            Box::pin(self.route(effect)).await;
        }
    }

    /// Answers a stanza with an error, where one is allowed.
    async fn bounce(self: &Arc<Self>, stanza: &Stanza, sender: Option<&Arc<Session>>, error: &StanzaError) {
        metrics::counter!("stanzas_refused", "condition" => error.condition.as_str()).increment(1);
        let Some(mut answer) = stanza.bounce(error) else { return };
        match sender {
            Some(session) => {
                answer.from = Some(answer.from.unwrap_or_else(|| session.account.jid.clone()));
                deliver::hand_over(self, session, answer);
            }
            // An error is never answered with another, so this ends here.
            None => Box::pin(self.route(answer)).await,
        }
    }

    /// The error for a stanza that could not be seen to because the database is away; logged here, once.
    #[must_use]
    pub fn unavailable(&self, what: &str, error: &storage::StorageError) -> StanzaError {
        tracing::warn!(target: "router", %error, "{what} failed");
        metrics::counter!("storage_errors").increment(1);
        StanzaError::with_text(
            Condition::InternalServerError,
            "the server's database does not answer; try again later",
        )
        .of_type(protocol::ErrorType::Wait)
    }
}

/// The error for another domain while there is no way to it.
pub(crate) fn elsewhere() -> StanzaError {
    StanzaError::with_text(
        Condition::RemoteServerNotFound,
        "this server does not talk to other servers",
    )
}
