//! A server that becomes a member tells the cluster what it has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use super::Definition;
use super::place::{ALONE, Place, Rest, own, shared};
use crate::state::{Command, Expect, Outcome, Put};
use crate::{Membership, NodeId};

/// Commands on their way at a time: a batch is on its way while the next one gathers.
const AT_A_TIME: usize = 512;
/// Until something is offered again that the cluster did not decide on.
const AGAIN: Duration = Duration::from_millis(500);

/// Publishes all of it, unless the membership ends before.
pub(super) async fn publish(place: &Place, membership: &Arc<Membership>, caches: &[Definition]) {
    let Some(rest) = place.rest(membership) else { return };
    let taken = AtomicU64::new(0);
    let taken_away = &taken;
    stream::iter(commands(&rest, membership, caches))
        .for_each_concurrent(AT_A_TIME, |command| async move {
            let is_own = matches!(&command, Command::Put(put) if put.entry.owner.is_some());
            let outcome = decide(membership, command).await;
            if is_own && !matches!(outcome, Some(Outcome::Done) | None) {
                taken_away.fetch_add(1, Ordering::Relaxed);
            }
        })
        .await;
    if membership.is_over() {
        return;
    }
    place.published(membership);
    match taken.into_inner() {
        0 => {}
        entries => {
            tracing::info!(target: "cluster", entries, "another node had what this one had; it is the other's now");
        }
    }
}

async fn decide(membership: &Membership, command: Command) -> Option<Outcome> {
    loop {
        match membership.propose(command.clone()).await {
            Ok(outcome) => return Some(outcome),
            Err(_) if membership.is_over() => return None,
            Err(_) => tokio::time::sleep(AGAIN).await,
        }
    }
}

fn commands(rest: &Rest, membership: &Membership, caches: &[Definition]) -> Vec<Command> {
    let (me, mut commands) = (membership.me(), Vec::new());
    for definition in caches {
        if membership.look(|machine| machine.bound(definition.id)) != definition.bound {
            commands.push(Command::Bound(definition.id, definition.bound));
        }
        let puts = puts(rest, membership, me, definition);
        commands.extend(puts.into_iter().map(|put| {
            Command::Put(Put {
                expect: Expect::Free,
                ..put
            })
        }));
    }
    commands
}

fn puts(rest: &Rest, membership: &Membership, me: NodeId, definition: &Definition) -> Vec<Put> {
    let mut puts: Vec<Put> = own(&rest.machine, ALONE, definition.id, me).collect();
    puts.extend(own(&rest.machine, ALONE, Definition::locks(definition.id), me));
    // The group that this server was cut off from has gone on: what it does not have any more is not to come back.
    if rest.lost != Some(membership.group()) {
        puts.extend(shared(&rest.machine, definition.id));
    }
    puts
}
