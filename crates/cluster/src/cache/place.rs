//! Where the entries are: on this server alone, or in the cluster; and how they come from one to the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use tokio::sync::watch;
use tokio::time::timeout_at;

use super::Definition;
use crate::lease::ServerId;
use crate::state::{CacheId, Command, Entry, Expect, Machine, Member, Outcome, Put};
use crate::{Group, Membership, NodeId, NotDone};

/// The number under which a server that is alone owns what it owns: no life of a member has it.
pub(super) const ALONE: NodeId = NodeId(0);
/// So long a write waits for a server that is on its way into the cluster: as long as the cluster may take to decide.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the entries of all caches are.
pub(super) struct Place {
    now: RwLock<Now>,
    /// Whether writes can be done at once.
    is_settled: watch::Sender<bool>,
}

pub(super) enum Now {
    /// Here, and nowhere else.
    Alone(Machine),
    /// This server was cut off from a group and looks for another.
    CutOff(Machine, Group),
    /// In the cluster, but for the rest that is still to be published.
    Member(Arc<Membership>, Option<Arc<Rest>>),
}

/// What this server had before it became a member.
pub(super) struct Rest {
    pub(super) machine: Machine,
    /// The group that it was cut off from.
    pub(super) lost: Option<Group>,
}

/// How a command goes its way.
enum Way {
    Done(Outcome),
    Through(Arc<Membership>),
    Later,
}

impl Place {
    pub(super) fn new() -> Self {
        Self {
            now: RwLock::new(Now::Alone(alone())),
            is_settled: watch::Sender::new(true),
        }
    }

    /// Looks for something, in what the cluster knows and then in what it does not know yet; told is also the number
    /// under which this server owns what it owns there.
    pub(super) fn look<T>(&self, look: impl Fn(&Machine, NodeId) -> Option<T>) -> Option<T> {
        // No lock of ours is held while the cluster's is waited for: who enters holds them the other way round.
        let (membership, rest) = match &*self.now.read() {
            Now::Alone(machine) | Now::CutOff(machine, _) => return look(machine, ALONE),
            Now::Member(membership, rest) => (Arc::clone(membership), rest.clone()),
        };
        let found = membership.look(|machine| look(machine, membership.me()));
        found.or_else(|| look(&rest?.machine, ALONE))
    }

    /// The membership, of a server that has one.
    pub(super) fn membership(&self) -> Option<Arc<Membership>> {
        match &*self.now.read() {
            Now::Member(membership, _) => Some(Arc::clone(membership)),
            Now::Alone(_) | Now::CutOff(..) => None,
        }
    }

    /// Whether this server may act on what it sees here.
    pub(super) fn may_act(&self) -> bool {
        match &*self.now.read() {
            Now::Alone(_) => true,
            Now::CutOff(..) => false,
            Now::Member(membership, _) => membership.fence().is_open(),
        }
    }

    /// Has a command done, made with the number under which this server owns what it owns.
    pub(super) async fn write(&self, make: impl Fn(NodeId) -> Command) -> Result<Outcome, NotDone> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut settled = self.is_settled.subscribe();
            match self.way(&make) {
                Way::Done(outcome) => return Ok(outcome),
                Way::Through(membership) => {
                    let outcome = membership.propose(make(membership.me())).await?;
                    // What this server keeps of a membership that is over may have been copied before.
                    return if membership.is_over() {
                        Err(NotDone::Undecided)
                    } else {
                        Ok(outcome)
                    };
                }
                Way::Later => {
                    let waiting = settled.wait_for(|is_settled| *is_settled);
                    if timeout_at(deadline.into(), waiting).await.is_err() {
                        return Err(NotDone::Undecided);
                    }
                }
            }
        }
    }

    fn way(&self, make: impl Fn(NodeId) -> Command) -> Way {
        match &mut *self.now.write() {
            Now::Alone(machine) => Way::Done(machine.apply(make(ALONE), &mut Vec::new())),
            Now::Member(membership, None) => Way::Through(Arc::clone(membership)),
            Now::Member(_, Some(_)) | Now::CutOff(..) => Way::Later,
        }
    }

    /// Does a command where there is no cluster to decide.
    pub(super) fn apply_here(&self, command: Command) {
        if let Now::Alone(machine) | Now::CutOff(machine, _) = &mut *self.now.write() {
            machine.apply(command, &mut Vec::new());
        }
    }

    /// This server is a member. Called while the cluster's state is held.
    pub(super) fn enter(&self, membership: &Arc<Membership>, caches: &[Definition]) {
        let mut now = self.now.write();
        let (machine, lost) = match std::mem::replace(&mut *now, Now::Alone(Machine::default())) {
            Now::Alone(machine) => (machine, None),
            Now::CutOff(machine, lost) => (machine, Some(lost)),
            Now::Member(before, rest) => (
                keep(&before, rest.as_deref(), caches, Locks::Lose),
                Some(before.group()),
            ),
        };
        let rest = Rest { machine, lost };
        *now = Now::Member(Arc::clone(membership), Some(Arc::new(rest)));
        self.is_settled.send_replace(false);
    }

    /// What this membership has to publish yet.
    pub(super) fn rest(&self, of: &Arc<Membership>) -> Option<Arc<Rest>> {
        match &*self.now.read() {
            Now::Member(membership, rest) if Arc::ptr_eq(membership, of) => rest.clone(),
            _ => None,
        }
    }

    /// All of it is published.
    pub(super) fn published(&self, by: &Arc<Membership>) {
        if let Now::Member(membership, rest) = &mut *self.now.write()
            && Arc::ptr_eq(membership, by)
        {
            *rest = None;
            self.is_settled.send_replace(true);
        }
    }

    /// This server has left the cluster in good order, and keeps what is its own and what is nobody's.
    pub(super) fn leave(&self, caches: &[Definition]) {
        self.part(caches, Locks::Keep, |machine, _| Now::Alone(machine));
    }

    /// This server was cut off, and what it held locked may be another's soon.
    pub(super) fn cut_off(&self, caches: &[Definition]) {
        self.part(caches, Locks::Lose, Now::CutOff);
    }

    fn part(&self, caches: &[Definition], locks: Locks, then: impl FnOnce(Machine, Group) -> Now) {
        let mut now = self.now.write();
        *now = match std::mem::replace(&mut *now, Now::Alone(Machine::default())) {
            Now::Alone(machine) => Now::Alone(machine),
            Now::CutOff(machine, group) => then(machine, group),
            Now::Member(membership, rest) => {
                let kept = keep(&membership, rest.as_deref(), caches, locks);
                then(kept, membership.group())
            }
        };
        self.is_settled.send_replace(matches!(*now, Now::Alone(_)));
    }
}

/// What becomes of the locks that this server holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Locks {
    Keep,
    Lose,
}

/// The state of a server that is alone and has nothing.
fn alone() -> Machine {
    let mut machine = Machine::default();
    let me = Command::Up(Member {
        node: ALONE,
        server: ServerId(0),
        joined_at_micros: 0,
    });
    machine.apply(me, &mut Vec::new());
    machine
}

/// What this server takes along from a membership: its own, and what is nobody's.
fn keep(membership: &Membership, rest: Option<&Rest>, caches: &[Definition], locks: Locks) -> Machine {
    let mut kept = alone();
    if let Some(rest) = rest {
        copy(&rest.machine, ALONE, caches, locks, &mut kept);
    }
    // A copy, so that the log does not wait.
    let machine = membership.look(Machine::clone);
    copy(&machine, membership.me(), caches, locks, &mut kept);
    kept
}

fn copy(from: &Machine, me: NodeId, caches: &[Definition], locks: Locks, to: &mut Machine) {
    for definition in caches {
        to.apply(Command::Bound(definition.id, definition.bound), &mut Vec::new());
        for put in own(from, me, definition.id, ALONE).chain(shared(from, definition.id)) {
            to.apply(Command::Put(put), &mut Vec::new());
        }
        if locks == Locks::Keep {
            for put in own(from, me, Definition::locks(definition.id), ALONE) {
                to.apply(Command::Put(put), &mut Vec::new());
            }
        }
    }
}

/// The entries of one node, put for another.
pub(super) fn own(machine: &Machine, me: NodeId, cache: CacheId, next: NodeId) -> impl Iterator<Item = Put> {
    let entries = machine.entries(cache).filter(move |entry| entry.owner == Some(me));
    entries.map(move |entry| Put {
        cache,
        key: entry.to_key(),
        entry: Entry {
            owner: Some(next),
            ..entry.to_entry()
        },
        expect: Expect::Anything,
    })
}

/// Entries that are nobody's, the oldest first.
pub(super) fn shared(machine: &Machine, cache: CacheId) -> impl Iterator<Item = Put> {
    machine.shared(cache).map(move |entry| Put {
        cache,
        key: entry.to_key(),
        entry: entry.to_entry(),
        expect: Expect::Anything,
    })
}
