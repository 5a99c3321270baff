//! Several houses over one database, joined by wires that a test can cut, and nodes that it can kill. Frames lie in
//! ordered queues until [`Town::settle`] delivers them, so that a test says what happens in between.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    path::Path,
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::Bytes;
use parking_lot::Mutex;
use protocol::Jid;
use router::{AskError, Later, Peers, Router, SessionEntry, Unpublished};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::house::House;

/// How often a cluster that hesitates is asked again.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Houses that are nodes of one cluster, numbered from 1.
pub struct Town {
    houses: Vec<House>,
    wires: Arc<Wires>,
    _dir: TempDir,
}

#[derive(Default)]
struct Wires {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    routers: BTreeMap<u64, Weak<Router>>,
    /// Every published session, as all nodes see it at once.
    table: HashMap<Jid, SessionEntry>,
    frames: BTreeMap<(u64, u64), VecDeque<Bytes>>,
    cuts: HashSet<(u64, u64)>,
    members: watch::Sender<HashSet<u64>>,
    acting: HashMap<u64, watch::Sender<bool>>,
    /// How many of a node's sessions are not decided about yet.
    undecided: HashMap<u64, u32>,
    sent: u64,
    /// What whoever sends is asked to wait.
    pause: Duration,
    hesitates: bool,
}

/// One node's end of the wires.
struct End {
    me: u64,
    wires: Arc<Wires>,
    acting: watch::Receiver<bool>,
}

impl Town {
    /// So many houses, all in one cluster.
    pub async fn open(count: u64) -> Self {
        let town = Self::apart(count).await;
        for node in 1..=count {
            town.join(node).await;
        }
        town
    }

    /// So many houses over one database, each alone.
    ///
    /// # Panics
    /// Where there is no place for the database.
    pub async fn apart(count: u64) -> Self {
        let dir = tempfile::tempdir().expect("there is a place for temporary files");
        let wires = Arc::new(Wires::default());
        let mut houses = Vec::new();
        for node in 1..=count {
            houses.push(house(dir.path(), node).await);
        }
        Self {
            houses,
            wires,
            _dir: dir,
        }
    }

    /// The house of a node.
    ///
    /// # Panics
    /// Where there is none of this number.
    #[must_use]
    pub fn house(&self, node: u64) -> &House {
        let index = usize::try_from(node - 1).expect("towns are small");
        &self.houses[index]
    }

    /// A house joins.
    pub async fn join(&self, node: u64) {
        self.admit(node, &self.house(node).router).await;
    }

    /// A switchboard that is in no house of the town joins.
    pub async fn admit(&self, node: u64, router: &Arc<Router>) {
        let (sender, acting) = watch::channel(true);
        let known: Vec<SessionEntry> = {
            let mut state = self.wires.state.lock();
            state.members.send_modify(|members| _ = members.insert(node));
            state.routers.insert(node, Arc::downgrade(router));
            state.acting.insert(node, sender);
            state.table.values().cloned().collect()
        };
        for entry in known {
            router.on_remote_session(entry);
        }
        let wires = self.wires.clone();
        router
            .join(Arc::new(End {
                me: node,
                wires,
                acting,
            }))
            .await;
    }

    /// A house leaves, and goes on alone. What it sent and others did not get comes back to it.
    pub async fn leave(&self, node: u64) {
        let unsent: Vec<_> = {
            let mut state = self.wires.state.lock();
            state.frames.extract_if(.., |(from, _), _| *from == node).collect()
        };
        for ((_, to), frames) in unsent {
            self.house(node).router.on_undelivered(to, frames.into()).await;
        }
        self.house(node)
            .router
            .leave(Arc::new(router::Standalone::default()))
            .await;
        self.is_gone(node).await;
    }

    /// A house is gone with everything in it that was not sent. Its clients are not told, and nobody else by it.
    pub async fn kill(&self, node: u64) {
        self.fence(node, true);
        self.is_gone(node).await;
    }

    async fn is_gone(&self, node: u64) {
        let mut lost = Vec::new();
        let others = {
            let mut state = self.wires.state.lock();
            state.members.send_modify(|members| _ = members.remove(&node));
            state.table.retain(|_, entry| entry.node != node);
            let frames = std::mem::take(&mut state.frames);
            for ((from, to), frames) in frames {
                match (from == node, to == node) {
                    (false, false) => _ = state.frames.insert((from, to), frames),
                    (false, true) => lost.push((from, frames)),
                    (true, _) => {}
                }
            }
            state.others(node)
        };
        for (from, frames) in lost {
            if let Some((_, router)) = others.iter().find(|(other, _)| *other == from) {
                router.on_undelivered(node, frames.into()).await;
            }
        }
        for (_, router) in others {
            router.on_node_gone(node).await;
        }
    }

    /// The node may not act, or may again.
    ///
    /// # Panics
    /// Where it never joined.
    pub fn fence(&self, node: u64, is_fenced: bool) {
        let state = self.wires.state.lock();
        state.acting.get(&node).expect("it has joined").send_replace(!is_fenced);
    }

    /// The cluster does not decide about the next so many sessions that a node publishes.
    pub fn leave_undecided(&self, node: u64, times: u32) {
        self.wires.state.lock().undecided.insert(node, times);
    }

    /// Nothing gets from one node to the other any more, until it is mended; questions are not answered in time.
    pub fn cut(&self, from: u64, to: u64) {
        self.wires.state.lock().cuts.insert((from, to));
    }

    /// What was kept by a cut goes on.
    pub fn mend(&self, from: u64, to: u64) {
        self.wires.state.lock().cuts.remove(&(from, to));
    }

    /// The cluster does not say whether a session has moved, until it is told to again.
    pub fn hesitate(&self, hesitates: bool) {
        self.wires.state.lock().hesitates = hesitates;
    }

    /// From now on whoever sends a frame is asked to wait so long before the next.
    pub fn slow_down(&self, pause: Duration) {
        self.wires.state.lock().pause = pause;
    }

    /// How many frames were sent so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.wires.state.lock().sent
    }

    /// Delivers all frames, and those that follow from them, until nothing more happens and all messages are written.
    pub async fn settle(&self) {
        loop {
            while let Some((from, to, router, frame)) = self.wires.next() {
                self.wires.while_member(to, router.on_message(from, frame)).await;
            }
            let routers = self.wires.state.lock().others(0);
            for (node, router) in &routers {
                let done = async {
                    router.settled().await;
                    // A database that is away is waited for by whoever reads.
                    let _ = router.storage().log().flush().await;
                };
                self.wires.while_member(*node, done).await;
            }
            let is_settled =
                |(node, router): &(u64, Arc<Router>)| !self.wires.state.lock().is_member(*node) || router.is_settled();
            if self.wires.is_empty() && routers.iter().all(is_settled) {
                return;
            }
        }
    }
}

async fn house(dir: &Path, node: u64) -> House {
    let url = format!("sqlite:{}", dir.join("hearth.db").display());
    House::at(&url, u16::try_from(node).expect("towns are small")).await
}

impl State {
    fn is_member(&self, node: u64) -> bool {
        self.members.borrow().contains(&node)
    }

    /// Whether the next session of this node is one that is not decided about.
    fn leaves_undecided(&mut self, node: u64) -> bool {
        let left = self.undecided.entry(node).or_default();
        let is_left = *left > 0;
        *left = left.saturating_sub(1);
        is_left
    }

    fn others(&self, me: u64) -> Vec<(u64, Arc<Router>)> {
        self.members
            .borrow()
            .iter()
            .filter(|node| **node != me)
            .filter_map(|node| Some((*node, self.routers.get(node)?.upgrade()?)))
            .collect()
    }
}

impl Wires {
    fn next(&self) -> Option<(u64, u64, Arc<Router>, Bytes)> {
        let mut state = self.state.lock();
        let State {
            frames, cuts, routers, ..
        } = &mut *state;
        let ((from, to), queue) = frames
            .iter_mut()
            .find(|(pair, queue)| !queue.is_empty() && !cuts.contains(pair))?;
        let router = routers.get(to)?.upgrade()?;
        Some((*from, *to, router, queue.pop_front()?))
    }

    /// What a node does, as long as it lives: one that is dead may never be done with it.
    async fn while_member<T>(&self, node: u64, act: impl Future<Output = T>) -> Option<T> {
        let mut members = self.state.lock().members.subscribe();
        tokio::select! {
            done = act => Some(done),
            _ = members.wait_for(|members| !members.contains(&node)) => None,
        }
    }

    fn is_empty(&self) -> bool {
        let state = self.state.lock();
        let mut waiting = state.frames.iter().filter(|(pair, _)| !state.cuts.contains(pair));
        waiting.all(|(_, queue)| queue.is_empty())
    }
}

impl Peers for End {
    fn me(&self) -> u64 {
        self.me
    }

    fn is_acting(&self) -> bool {
        *self.acting.borrow()
    }

    fn acting(&self) -> Later<()> {
        let mut acting = self.acting.clone();
        Box::pin(async move {
            // A town that is gone lets nobody act.
            if acting.wait_for(|acting| *acting).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }

    fn nodes(&self) -> Vec<u64> {
        let state = self.wires.state.lock();
        state
            .members
            .borrow()
            .iter()
            .copied()
            .filter(|node| *node != self.me)
            .collect()
    }

    fn publish(&self, entry: SessionEntry) -> Later<Result<(), Unpublished>> {
        let wires = self.wires.clone();
        Box::pin(async move {
            // Others may be quicker.
            tokio::task::yield_now().await;
            let mut state = wires.state.lock();
            if !state.is_member(entry.node) || state.leaves_undecided(entry.node) {
                return Err(Unpublished::Undecided);
            }
            if let Some(other) = state.table.get(&entry.jid) {
                return Err(Unpublished::Taken(Box::new(other.clone())));
            }
            state.table.insert(entry.jid.clone(), entry.clone());
            for (_, router) in state.others(entry.node) {
                router.on_remote_session(entry.clone());
            }
            Ok(())
        })
    }

    fn replace(&self, before: &SessionEntry, entry: SessionEntry) -> Later<Result<(), Unpublished>> {
        let (wires, before) = (self.wires.clone(), before.clone());
        Box::pin(async move {
            tokio::task::yield_now().await;
            while wires.state.lock().hesitates {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            let everybody = {
                let mut state = wires.state.lock();
                if !state.is_member(entry.node) {
                    return Err(Unpublished::Undecided);
                }
                match state.table.get(&entry.jid) {
                    Some(known) if known.is_same(&before) => {}
                    Some(known) => return Err(Unpublished::Taken(Box::new(known.clone()))),
                    None => return Err(Unpublished::Ended),
                }
                state.table.insert(entry.jid.clone(), entry.clone());
                state.others(0)
            };
            for (_, router) in everybody {
                router.on_remote_session(entry.clone());
            }
            Ok(())
        })
    }

    fn update(&self, entry: SessionEntry) {
        let mut state = self.wires.state.lock();
        match state.table.get_mut(&entry.jid) {
            Some(known) if known.is_same(&entry) => *known = entry.clone(),
            _ => return,
        }
        for (_, router) in state.others(self.me) {
            router.on_remote_session(entry.clone());
        }
    }

    fn withdraw(&self, full: Jid, generation: u64) -> Later<()> {
        let mut state = self.wires.state.lock();
        let is_ours = |entry: &SessionEntry| (entry.node, entry.generation) == (self.me, generation);
        if state.table.get(&full).is_some_and(is_ours) {
            state.table.remove(&full);
            for (_, router) in state.others(self.me) {
                router.on_remote_session_ended(&full, self.me, generation);
            }
        }
        Box::pin(std::future::ready(()))
    }

    fn send(&self, node: u64, frame: Bytes) -> Result<Duration, Bytes> {
        let mut state = self.wires.state.lock();
        if !state.is_member(node) || !state.is_member(self.me) {
            return Err(frame);
        }
        state.sent += 1;
        state.frames.entry((self.me, node)).or_default().push_back(frame);
        Ok(state.pause)
    }

    fn ask(&self, nodes: Vec<u64>, question: Bytes, _deadline: Duration) -> Later<Vec<(u64, Result<Bytes, AskError>)>> {
        let (me, wires) = (self.me, self.wires.clone());
        Box::pin(async move {
            let mut answers = Vec::new();
            for node in nodes {
                let router = {
                    let state = wires.state.lock();
                    match (state.is_member(node), state.cuts.contains(&(me, node))) {
                        (false, _) => Err(AskError::Gone),
                        (true, true) => Err(AskError::TooLate),
                        (true, false) => state.routers.get(&node).and_then(Weak::upgrade).ok_or(AskError::Gone),
                    }
                };
                let answer = match router {
                    Ok(router) => {
                        let answer = wires.while_member(node, router.on_ask(me, question.clone())).await;
                        answer.flatten().ok_or(AskError::Gone)
                    }
                    Err(error) => Err(error),
                };
                answers.push((node, answer));
            }
            answers
        })
    }
}
