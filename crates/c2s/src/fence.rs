//! A fenced node: one that may have been declared dead, so that others own what it owned. At the two doors of every
//! stream it stops: what was read is not processed, and what is to be written is not written.

use std::{future::poll_fn, sync::Arc};

use router::{Found, Session};

use crate::Server;

/// Waits until the node may act again; false where the session is closed before, as happens when the grace is over.
pub(crate) async fn wait(server: &Arc<Server>, session: &Session) -> bool {
    let closed = async { while let Found::Stanzas = poll_fn(|cx| session.inbox.poll_news(cx)).await {} };
    let is_back = tokio::select! {
        biased;
        () = closed => false,
        () = server.house.acting() => true,
    };
    // Nudges that came meanwhile were swallowed above.
    session.inbox.nudge();
    is_back
}
