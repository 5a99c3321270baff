//! One world: nodes with their drivers and clients, and what goes wrong.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::history::{History, OWN, WANTED};
use super::network::Network;
use super::random::Random;
use crate::clock::simulated;
use crate::lease::ServerId;
use crate::raft::Consensus;
use crate::state::{Batch, CacheId, Command, Entry, Expect, Member, Outcome, Put, Remove};
use crate::{Group, NodeId};

/// Something goes wrong, or well again, so often.
const TURNS: u64 = 12;
/// A driver looks so often whether there is something to do.
const LOOK: Duration = Duration::from_millis(100);
/// A dead node is declared dead after this time.
const DECLARED: Duration = Duration::from_secs(2);
/// For a command to be decided; after it the client does not know.
const DECIDED: Duration = Duration::from_secs(5);
/// For all to agree when the network is well again.
const AGREED: Duration = Duration::from_secs(20);
/// Keys that all want.
const FEW: u64 = 3;

struct World {
    network: Arc<Network>,
    history: Arc<History>,
    group: Group,
    /// Who is to be a member, and who was declared dead: what the lease decides otherwise.
    wanted: Mutex<BTreeSet<NodeId>>,
    declared: Mutex<BTreeSet<NodeId>>,
}

/// Tells it from beginning to end; how many commands were acknowledged.
pub(super) fn tell(seed: u64) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        simulated::begin();
        let world = Arc::new(World {
            network: Network::new(seed),
            history: History::of(seed),
            group: Group {
                epoch: 1,
                id: seed.into(),
            },
            wanted: Mutex::default(),
            declared: Mutex::default(),
        });
        world.unfold(&mut Random::new(seed ^ 1)).await
    })
}

impl World {
    async fn unfold(self: &Arc<Self>, random: &mut Random) -> usize {
        let count = random.pick(&[2, 3, 5]);
        let mut tasks = JoinSet::new();
        for number in 1..=count {
            self.begin(NodeId(number), &mut tasks).await;
        }
        let mut newest = count;
        for _ in 0..TURNS {
            sleep(Duration::from_millis(random.between(200, 3_000))).await;
            match random.below(8) {
                0 => self.network.part(false),
                1 => self.network.part(true),
                2 => self.network.worsen(),
                3 => self.kill(random).await,
                4 => {
                    newest += 1;
                    self.begin(NodeId(newest), &mut tasks).await;
                }
                _ => self.network.heal(),
            }
            told(&mut tasks);
        }
        self.network.heal();
        self.agree(&mut tasks).await
    }

    async fn begin(self: &Arc<Self>, me: NodeId, tasks: &mut JoinSet<()>) {
        let (end, watcher) = (self.network.end(me), Arc::new(|_: &_, _: &[_]| {}));
        let node = match me.0 {
            1 => Consensus::found(end, self.group, watcher).await.unwrap(),
            _ => Consensus::join(end, self.group, watcher).await.unwrap(),
        };
        self.network.enter(Arc::clone(&node));
        self.wanted.lock().insert(me);
        tasks.spawn(Arc::clone(&self.history).watch(Arc::clone(&node)));
        tasks.spawn(Arc::clone(self).drive(node));
        tasks.spawn(Arc::clone(self).enter_own(me));
        tasks.spawn(Arc::clone(self).want(me));
    }

    /// One without which the others are a majority: without one, only the row in the database could help.
    async fn kill(&self, random: &mut Random) {
        let nodes = self.network.nodes();
        let victim = random.pick(&nodes.iter().map(|node| node.me()).collect::<Vec<_>>());
        let leads = |node: &&Arc<Consensus>| node.leader() == Some(node.me());
        let Some(leader) = nodes.iter().filter(leads).max_by_key(|node| node.view().term) else {
            return;
        };
        // No change comes between.
        if leader.is_changing.swap(true, Ordering::AcqRel) {
            return;
        }
        let voters = leader.voters();
        let left = voters
            .iter()
            .filter(|node| **node != victim && self.lives(**node))
            .count();
        let is_enough = left * 2 > voters.len();
        if is_enough && let Some(node) = self.network.take_out(victim) {
            self.history.died(victim);
            node.end().await;
        }
        leader.is_changing.store(false, Ordering::Release);
        if is_enough {
            sleep(DECLARED).await;
            self.declared.lock().insert(victim);
        }
    }

    fn lives(&self, node: NodeId) -> bool {
        self.network.node(node).is_some()
    }

    /// What the engine's driver does on the leader.
    async fn drive(self: Arc<Self>, node: Arc<Consensus>) {
        while self.lives(node.me()) {
            sleep(LOOK).await;
            if node.leader() != Some(node.me()) {
                continue;
            }
            node.reconcile();
            for command in self.due(&node) {
                let batch = Batch {
                    commands: vec![command],
                };
                let _ = timeout(LOOK, node.propose(batch)).await;
            }
        }
    }

    fn due(&self, node: &Consensus) -> Vec<Command> {
        let machine = node.machine();
        let (wanted, declared) = (self.wanted.lock(), self.declared.lock());
        let dead = declared.iter().filter(|it| machine.members().contains_key(it));
        let new = wanted.iter().filter(|it| {
            !machine.members().contains_key(it) && !machine.departed().contains(**it) && !declared.contains(it)
        });
        let up = new.map(|node| {
            Command::Up(Member {
                node: *node,
                server: ServerId(node.0),
                joined_at_micros: 0,
            })
        });
        up.chain(dead.map(|node| Command::Down(*node))).collect()
    }

    /// What came of a command, once it is applied at the node that gave it. `None`: it may or may not come to pass.
    async fn decide(&self, me: NodeId, command: Command) -> Option<Outcome> {
        let deadline = Instant::now() + DECIDED;
        while Instant::now() < deadline {
            let node = self.network.node(me)?;
            let batch = Batch {
                commands: vec![command.clone()],
            };
            let Some(leader) = node.leader() else {
                sleep(LOOK).await;
                continue;
            };
            let propose = |leader: Arc<Consensus>| async move { leader.propose(batch).await };
            if let Ok(Ok((index, mut outcomes))) = self.network.ask(me, leader, DECIDED / 2, propose).await {
                let mut applied = node.applied();
                let is_applied = applied.wait_for(|applied| *applied >= index);
                timeout(DECIDED, is_applied).await.ok()?.ok()?;
                return outcomes.pop();
            }
            sleep(LOOK).await;
        }
        None
    }

    /// One key after another, that nobody else wants.
    async fn enter_own(self: Arc<Self>, me: NodeId) {
        for number in 0_u64.. {
            sleep(Duration::from_millis(50 + 10 * me.0)).await;
            if !self.lives(me) {
                return;
            }
            let key = Bytes::from(format!("{me}/{number}"));
            if self.decide(me, enter(OWN, &key, me, number)).await == Some(Outcome::Done) {
                self.history.acknowledged(me, key);
            }
        }
    }

    /// Keys that all want: has them for a moment, and gives them up.
    async fn want(self: Arc<Self>, me: NodeId) {
        for stamp in 0_u64.. {
            sleep(Duration::from_millis(20 + 7 * me.0)).await;
            if !self.lives(me) {
                return;
            }
            let key = Bytes::from(format!("wanted {}", stamp % FEW));
            let outcome = self.decide(me, enter(WANTED, &key, me, stamp)).await;
            if outcome == Some(Outcome::Done) && self.lives(me) {
                self.history.has(me, &key);
                sleep(LOOK).await;
                if self.lives(me) {
                    self.history.gives_up(&key);
                }
            }
            // Also what is perhaps there.
            if matches!(outcome, Some(Outcome::Done) | None) {
                self.decide(me, remove(&key, me, stamp)).await;
            }
        }
    }

    /// All who live come to the same state, which is judged.
    async fn agree(&self, tasks: &mut JoinSet<()>) -> usize {
        let deadline = Instant::now() + AGREED;
        let quiet = loop {
            told(tasks);
            sleep(LOOK).await;
            let copies: Vec<_> = self.network.nodes().iter().map(|node| node.snapshot()).collect();
            let (_, first) = &copies[0];
            let is_done = self
                .declared
                .lock()
                .iter()
                .all(|dead| !first.members().contains_key(dead))
                && copies.iter().all(|(_, copy)| copy == first)
                && first.members().len() == copies.len();
            if is_done {
                break first.clone();
            }
            assert!(Instant::now() < deadline, "{}", self.disagreement());
        };
        self.history.judge(&quiet)
    }

    fn disagreement(&self) -> String {
        let all = self.network.nodes().into_iter().map(|node| {
            let members: Vec<_> = node.machine().members().keys().copied().collect();
            let (index, voters) = (*node.applied().borrow(), node.voters());
            format!(
                "\n{} at {index}, led by {:?}, members {members:?}, voters {voters:?}",
                node.me(),
                node.leader()
            )
        });
        format!("world {}: they do not agree:{}", self.group.id, all.collect::<String>())
    }
}

/// A task that found something fails its world.
fn told(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.try_join_next() {
        ended.unwrap();
    }
}

fn enter(cache: CacheId, key: &Bytes, owner: NodeId, stamp: u64) -> Command {
    Command::Put(Put {
        cache,
        key: key.clone(),
        entry: Entry {
            owner: Some(owner),
            stamp,
            seq: 0,
            expires_at_micros: None,
            value: Bytes::new(),
        },
        expect: Expect::Free,
    })
}

fn remove(key: &Bytes, owner: NodeId, stamp: u64) -> Command {
    Command::Remove(Remove {
        cache: WANTED,
        key: key.clone(),
        owner: Some(owner),
        stamp,
    })
}
