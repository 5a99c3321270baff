//! A bound stream without its connection: what resumption hands from one to the next, and how it ends.

use std::{collections::VecDeque, sync::Arc};

use router::{Acks, Delivery, Session};

use crate::{Server, client_state::ClientState, resume::Claim, stream_management::Management};

/// What a stream is once its resource is bound; on resumption it moves to another connection.
pub(crate) struct Bound {
    pub(crate) session: Arc<Session>,
    pub(crate) management: Option<Management>,
    pub(crate) client_state: ClientState,
}

impl Bound {
    /// A stream whose resource has just been bound.
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            management: None,
            client_state: ClientState::default(),
        }
    }

    /// Whether its client may come back on another connection.
    pub(crate) fn is_resumable(&self) -> bool {
        self.management.as_ref().is_some_and(Management::is_resumable)
    }

    /// Notes for people who look what the stream is now.
    pub(crate) fn note_state(&self) {
        let meter = &self.session.meter;
        meter.set_acks(match &self.management {
            None => Acks::Off,
            Some(management) if management.is_resumable() => Acks::Resumable,
            Some(_) => Acks::On,
        });
        meter.set_inactive(self.client_state.is_inactive());
    }

    /// Notes for people who look that so many bytes are with the kernel.
    pub(crate) fn note_written(&self, bytes: usize) {
        self.session.meter.wrote(bytes);
        if let Some(management) = &self.management {
            self.session.meter.set_unacked(management.outbox.unacked().len());
        }
    }

    /// From now on nobody finds it by its id.
    pub(crate) fn forget_resumption(&self, server: &Server) {
        if let Some(management) = &self.management {
            server.resumptions.forget(management);
        }
    }
}

/// Ends the session of a stream that has no connection, and will not get one.
pub(crate) async fn end(server: &Server, bound: Bound) {
    bound.forget_resumption(server);
    finish(server, bound, VecDeque::new()).await;
}

/// Gives the stream to the connection that claimed it.
pub(crate) async fn hand_over(server: &Arc<Server>, bound: Bound, claim: Claim) {
    if let Err(bound) = claim.send(bound) {
        // Whoever claimed it is gone already; nobody knows the stream's id any more.
        end(server, *bound).await;
    }
}

/// The session is over: everything that its client did not get goes another way.
pub(crate) async fn finish(server: &Server, mut bound: Bound, mut undelivered: VecDeque<Delivery>) {
    if let Some(management) = &mut bound.management {
        undelivered.extend(management.outbox.take());
    }
    undelivered.extend(bound.client_state.take());
    server.house.end(&bound.session, undelivered).await;
}
