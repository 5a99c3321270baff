//! Doing what the lease asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use storage::{ArbiterRow, Claim, GroupId, Listed};
use tokio::time::timeout;

use super::driver::{Driver, lease_settings};
use super::input::Input;
use super::known;
use crate::lease::{Answer, Effect, Grounds, Message, Micros, Peer, RowKey, SECOND, ServerId};
use crate::link::{GreetError, Links, Purpose, Refusal};
use crate::state::Command;
use crate::{Group, NodeId, clock, kind};

/// For a number before a take-over. With the take-over itself less than the time after which the lease does not want it
/// any more.
const NUMBER_PATIENCE: Duration = Duration::from_millis(900);

impl Driver {
    pub(super) fn do_effects(&mut self) {
        for effect in self.lease.take_effects() {
            match effect {
                Effect::ReadRow => self.read(),
                // Out of the cluster the row is watched, and that is all.
                _ if self.life.is_none() || !self.wants_in() && !self.attempts.is_leaving => {}
                Effect::Send(_, Message::Join { .. }) if self.misses_a_member() => {}
                Effect::Send(to, message) => self.send(to, &message),
                Effect::RenewRow { group, list, unlist } => self.renew(group, list, unlist),
                Effect::ListMember(group, node, server) => self.list(group, node, server),
                Effect::AddMember(node, server) => self.admit(node, server),
                Effect::DeclareDead(node) => {
                    tracing::debug!(target: "cluster", %node, "declared dead");
                    self.command(Command::Down(node));
                }
                Effect::TakeOver {
                    expected,
                    grounds,
                    asked_at,
                } => self.take_over(expected, grounds, asked_at),
                Effect::TryProof(server) => self.prove_unless_heard(server),
                // Seen by who called.
                Effect::Leave => {}
            }
        }
    }

    /// Reads the row and the registry.
    pub(super) fn read(&mut self) {
        if std::mem::replace(&mut self.attempts.is_reading, true) {
            return;
        }
        let (registry, inbox, began) = (self.registry.clone(), self.inbox.clone(), clock::now());
        tokio::spawn(async move {
            let read = async { Ok::<_, storage::StorageError>((registry.read().await?, registry.servers().await?)) };
            let input = match read.await {
                Ok((row, servers)) => Input::Read(began, row, servers),
                Err(error) => {
                    tracing::debug!(target: "cluster", %error, "the cluster's row was not read");
                    Input::NotRead
                }
            };
            // A driver that is gone needs no row.
            let _ = inbox.send(input).await;
        });
    }

    /// Everyone reaches everyone: whoever does not reach a member yet would be let in to be left out again. It asks once it
    /// does, or once the member is none any more.
    fn misses_a_member(&mut self) -> bool {
        let Some(life) = &self.life else { return false };
        let mut missed = self.known.members().filter(|(node, _)| {
            let is_own = self.known.server(*node) == Some(self.server);
            !is_own && !life.links.is_up(*node, Purpose::Control)
        });
        let missed = missed
            .next()
            .map(|(_, name)| format!("{name} is a member and cannot be reached"));
        if let Some(problem) = &missed
            && self.problem.is_none()
        {
            tracing::info!(target: "cluster", problem, "this server waits before it joins");
        }
        self.problem = missed;
        self.problem.is_some()
    }

    fn send(&self, to: Peer, message: &Message) {
        let node = match to {
            Peer::Node(node) => Some(node),
            Peer::Server(server) => self.known.life(server),
        };
        let (Some(life), Some(node)) = (&self.life, node) else {
            return;
        };
        let body = postcard::to_allocvec(message)
            .expect("plain data has a form in bytes")
            .into();
        // What gets lost is said again.
        let _ = life.links.tell_any_group(node, kind::LEASE, body);
    }

    fn renew(&self, group: Group, list: BTreeMap<NodeId, ServerId>, unlist: BTreeSet<NodeId>) {
        let Some(me) = self.life.as_ref().map(|life| life.me) else {
            return;
        };
        let listed: BTreeSet<Listed> = self.row.iter().flat_map(|row| row.members.iter().copied()).collect();
        let list: Vec<Listed> = list
            .into_iter()
            .map(listed_as)
            .filter(|new| !listed.contains(new))
            .collect();
        let unlist: Vec<u64> = unlist.into_iter().map(|node| node.0).collect();
        let (registry, inbox, sent) = (self.registry.clone(), self.inbox.clone(), clock::now());
        let lease_millis = lease_millis(self);
        tokio::spawn(async move {
            let renewed = match list.is_empty() && unlist.is_empty() {
                true => registry.renew(group_id(group), lease_millis).await,
                false => registry.renew_with(group_id(group), lease_millis, &list, &unlist).await,
            };
            match renewed {
                Ok(is_ours) => _ = inbox.send(Input::Renewed(me, group, is_ours, sent)).await,
                Err(error) => tracing::debug!(target: "cluster", %error, "the group's lease was not renewed"),
            }
        });
    }

    fn list(&self, group: Group, node: NodeId, server: ServerId) {
        let Some(me) = self.life.as_ref().map(|life| life.me) else {
            return;
        };
        let (registry, inbox) = (self.registry.clone(), self.inbox.clone());
        tokio::spawn(async move {
            match registry.list(group_id(group), listed_as((node, server))).await {
                Ok(is_listed) => _ = inbox.send(Input::Listed(me, group, node, server, is_listed)).await,
                Err(error) => tracing::debug!(target: "cluster", %error, %node, "a newcomer was not listed"),
            }
        });
    }

    fn take_over(&mut self, expected: RowKey, grounds: Grounds, asked_at: Micros) {
        let Some(seen) = self.row.clone().filter(|row| is_as(row, expected)) else {
            return;
        };
        if !self.wants_in() || std::mem::replace(&mut self.attempts.is_taking, true) {
            return;
        }
        let (registry, inbox, server) = (self.registry.clone(), self.inbox.clone(), self.server);
        let (listed, lease_millis) = (self.lease.me().0, lease_millis(self));
        tokio::spawn(async move {
            let taking = async {
                let number = timeout(NUMBER_PATIENCE, registry.take_number());
                let number = number
                    .await
                    .map_err(|_| "no number came in time".to_owned())?
                    .map_err(|error| error.to_string())?;
                let claim = Claim {
                    me: listed_as((NodeId(number), server)),
                    new_group: new_group(),
                    lease_millis,
                    grounds: match grounds {
                        Grounds::Expired => storage::Grounds::Expired,
                        Grounds::AllDead => storage::Grounds::AllDead { listed },
                        Grounds::Released => storage::Grounds::Released,
                    },
                };
                let taken = registry.take_over(&seen, &claim).await;
                Ok::<_, String>((number, taken.map_err(|error| error.to_string())?))
            };
            let input = match taking.await {
                Ok((number, Some(GroupId { epoch, id }))) => {
                    Input::Taken(NodeId(number), Group { epoch, id }, asked_at)
                }
                Ok((_, None)) => Input::NotTaken,
                Err(error) => {
                    tracing::debug!(target: "cluster", error, "no take-over");
                    Input::NotTaken
                }
            };
            // A driver that is gone leaves a group that is empty, and whose lease runs out.
            let _ = inbox.send(input).await;
        });
    }

    /// An attempt of the kind that the lease asks for all the time; in vain while the link says that the other lives.
    fn prove_unless_heard(&mut self, server: ServerId) {
        let lives = self
            .life
            .as_ref()
            .zip(self.known.life(server))
            .is_some_and(|(life, node)| {
                let is_fresh = life
                    .links
                    .heard(node)
                    .is_some_and(|heard| heard.elapsed().as_micros() < SECOND as u128);
                is_fresh && life.links.is_up(node, Purpose::Control)
            });
        if !lives {
            self.prove(server);
        }
    }

    /// Tries to connect to a server, to see whether its process is gone.
    pub(super) fn prove(&mut self, server: ServerId) {
        let addresses = self.known.addresses(server);
        let Some(life) = self.life.as_ref().filter(|_| !addresses.is_empty()) else {
            return;
        };
        if !self.attempts.proofs.insert(server) {
            return;
        }
        let (links, inbox, began) = (Arc::clone(&life.links), self.inbox.clone(), clock::now());
        tokio::spawn(async move {
            let answer = attempt(&links, &addresses).await;
            // A driver that is gone needs no proof.
            let _ = inbox.send(Input::Attempted(server, answer, began)).await;
        });
    }
}

/// Nobody is there only if all addresses refuse.
async fn attempt(links: &Links, addresses: &[SocketAddr]) -> Option<Answer> {
    let mut all_refuse = true;
    for address in addresses {
        match links.probe(*address).await {
            Ok(hello) => return Some(Answer::Lives(hello.node)),
            Err(GreetError::Another(hello)) => return Some(Answer::Lives(hello.node)),
            Err(GreetError::Refused(Refusal::Myself)) => return Some(Answer::Lives(links.node())),
            Err(GreetError::ConnectionRefused) => {}
            Err(GreetError::Refused(_) | GreetError::Failed(_)) => all_refuse = false,
        }
    }
    all_refuse.then_some(Answer::Refused)
}

fn is_as(row: &ArbiterRow, expected: RowKey) -> bool {
    (known::group(row), row.lease_seq) == (expected.group, expected.lease_seq)
}

fn listed_as((node, server): (NodeId, ServerId)) -> Listed {
    Listed {
        id: node.0,
        server: server.0,
    }
}

pub(super) fn group_id(group: Group) -> GroupId {
    GroupId {
        epoch: group.epoch,
        id: group.id,
    }
}

fn lease_millis(driver: &Driver) -> u32 {
    u32::try_from(lease_settings(&driver.settings).group_lease / 1_000).unwrap_or(u32::MAX)
}

fn new_group() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system's random source works");
    u128::from_be_bytes(bytes)
}
