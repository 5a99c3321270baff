//! Calling peers: until there is a connection, in pauses that grow and never fall together.

use std::sync::Arc;
use std::time::Duration;

use super::connection;
use super::core::Core;
use super::greet::{GreetError, call};
use super::hello::{Purpose, Refusal};
use super::peer::Peer;
use super::receiver::LinkEvent;

/// The pause before the second attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest pause: a peer that is back is linked within this and a greeting.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How much longer the node with the higher id waits before it calls at all, so that calls seldom cross.
const HIGHER_WAITS: Duration = Duration::from_millis(150);

/// Keeps a connection to a peer up for as long as the peer lives and has addresses.
pub(crate) async fn keep_up(core: Arc<Core>, peer: Arc<Peer>, purpose: Purpose) {
    let mut failures = 0;
    loop {
        let round = async {
            if !is_wanted(&core, &peer, purpose) {
                peer.changed(purpose).await;
                failures = 0;
                return;
            }
            pause(&core, &peer, purpose, failures).await;
            if !is_wanted(&core, &peer, purpose) {
                return;
            }
            failures = if try_once(&core, &peer, purpose).await {
                0
            } else {
                failures + 1
            };
        };
        tokio::select! {
            () = round => {}
            () = peer.gone.cancelled() => return,
            () = core.stop.cancelled() => return,
        }
    }
}

fn is_wanted(core: &Core, peer: &Peer, purpose: Purpose) -> bool {
    let in_a_group = purpose != Purpose::Data || core.group().is_some();
    in_a_group && !peer.is_up(purpose) && !peer.addresses.lock().is_empty()
}

/// Waits before the next attempt. A change cuts the wait short, but not the other's head start.
async fn pause(core: &Core, peer: &Peer, purpose: Purpose, failures: u32) {
    if peer.node < core.node() {
        tokio::time::sleep(HIGHER_WAITS).await;
    }
    let longest = FIRST_PAUSE.saturating_mul(1 << failures.min(16)).min(LONGEST_PAUSE);
    // Between half of the pause and all of it.
    let share = 512 + u32::try_from((core.random)() % 513).expect("below 513");
    let _ = tokio::time::timeout(longest * share / 1024, peer.changed(purpose)).await;
}

async fn try_once(core: &Arc<Core>, peer: &Arc<Peer>, purpose: Purpose) -> bool {
    let addresses = peer.addresses.lock().clone();
    for address in addresses {
        match call(core, address, purpose, Some(peer.node)).await {
            Ok(greeted) => {
                if let Ok(admitted) = core.admit(&greeted.hello, purpose, true) {
                    connection::start(core, admitted, greeted);
                    return true;
                }
            }
            Err(GreetError::ConnectionRefused) => {}
            Err(GreetError::Refused(Refusal::Dead)) => {
                core.receiver.on_event(LinkEvent::TurnedAway { node: peer.node });
            }
            Err(error) => tracing::debug!(target: "cluster", node = %peer.node, %address, "no link: {error}"),
        }
    }
    false
}
