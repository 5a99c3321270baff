//! This server's row in the registry, kept in line with what it is.

use std::time::Duration;

use storage::{NewServer, ServerState};
use tokio::sync::watch;

/// How often a server says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// What the row should say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registered {
    pub(super) number: u64,
    pub(super) state: ServerState,
}

/// Keeps the row until the sender is gone.
pub(super) async fn keep(
    registry: storage::Cluster,
    server: NewServer,
    mut wanted: watch::Receiver<Registered>,
    mut number: u64,
) {
    loop {
        let now = wanted.borrow_and_update().clone();
        let is_there = match number == now.number {
            true => registry.heartbeat(now.number, &now.state).await,
            false => Ok(false),
        };
        let kept = match is_there {
            Ok(true) => Ok(()),
            Ok(false) => {
                let server = NewServer {
                    state: now.state.clone(),
                    ..server.clone()
                };
                registry.register_as(now.number, &server).await
            }
            Err(error) => Err(error),
        };
        match kept {
            Ok(()) => number = now.number,
            Err(error) => tracing::debug!(target: "cluster", %error, "the registry was not reached"),
        }
        tokio::select! {
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = tokio::time::sleep(HEARTBEAT) => {}
        }
    }
}
