//! What the house sees of one client's live session. The session's own state belongs to its task (`c2s`).

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI16, AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use protocol::{Jid, Stanza, StreamError};
use tokio::sync::Notify;

use crate::{
    Account, Handled, Inbox, Meter, SessionEntry, Tap,
    peers::{Backlog, Mesh, Packed, frame},
};

/// Directed presence goes to at most this many addresses of one session that are not told of its end otherwise.
const DIRECTED_MAX: usize = 1000;

/// What stands for "no available presence" in [`Session::priority`]'s cell; real priorities are −128 to 127.
const UNAVAILABLE: i16 = i16::MIN;

/// A live session: a bound resource whose stream is open, or may yet be resumed.
#[derive(Debug)]
pub struct Session {
    /// Tells this session from an earlier or later one of the same full JID.
    pub generation: u64,
    /// Full JID.
    pub jid: Jid,
    /// Whose it is.
    pub account: Arc<Account>,
    /// Where the client connected from and how.
    pub facts: Facts,
    /// Stanzas on their way to the client.
    pub inbox: Inbox,
    pub(crate) backlog: Backlog,
    /// Stanzas of the client that wait for a commit.
    pub handled: Handled,
    /// What the session's task counts.
    pub meter: Meter,
    /// Open while an operator looks at its stanzas.
    pub tap: Tap,
    priority: AtomicI16,
    presence: Mutex<Option<Arc<Stanza>>>,
    directed: Mutex<HashSet<Jid>>,
    /// What features note about the session.
    notes: Mutex<BTreeSet<Cow<'static, str>>>,
    has_been_available: AtomicBool,
    is_interested: AtomicBool,
    conflicts: AtomicU32,
    work: AtomicUsize,
    /// How long its stream is not to be read, in microseconds.
    pause: AtomicU32,
    /// Other nodes, who know the session's priority and flags.
    mesh: Arc<Mesh>,
    end: End,
}

/// How a client is connected, for people who look at sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The client's address, as a trusted balancer told it or as the socket has it.
    pub address: SocketAddr,
    /// Whether the stream is encrypted.
    pub is_encrypted: bool,
    /// How, where that is known.
    pub tls: Option<TlsFacts>,
    /// The SASL mechanism that let it in.
    pub mechanism: &'static str,
    /// What the client said that it is (XEP-0388 `<software/>`).
    pub software: Option<Box<str>>,
    /// When it was bound, in microseconds since 1970, UTC.
    pub bound_at_micros: i64,
}

/// How a stream is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsFacts {
    /// The version, as in `TLSv1.3`.
    pub version: &'static str,
    /// The cipher suite by its IANA name.
    pub cipher: &'static str,
}

#[derive(Debug, Default)]
struct End {
    is_over: AtomicBool,
    over: Notify,
}

impl Session {
    /// A session that has sent no presence yet.
    pub(crate) fn new(
        generation: u64,
        jid: Jid,
        account: Arc<Account>,
        facts: Facts,
        inbox: Inbox,
        mesh: Arc<Mesh>,
    ) -> Arc<Self> {
        Arc::new(Self {
            generation,
            jid,
            account,
            facts,
            inbox,
            backlog: Backlog::default(),
            handled: Handled::default(),
            meter: Meter::default(),
            tap: Tap::default(),
            priority: AtomicI16::new(UNAVAILABLE),
            presence: Mutex::default(),
            directed: Mutex::default(),
            notes: Mutex::default(),
            has_been_available: AtomicBool::new(false),
            is_interested: AtomicBool::new(false),
            conflicts: AtomicU32::new(0),
            work: AtomicUsize::new(0),
            pause: AtomicU32::new(0),
            mesh,
            end: End::default(),
        })
    }

    /// Resourcepart.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.jid.resource().unwrap_or_default()
    }

    /// Priority of the available presence; `None` while the session is not available.
    #[must_use]
    pub fn priority(&self) -> Option<i8> {
        i8::try_from(self.priority.load(Ordering::Acquire)).ok()
    }

    /// The last available presence, as the client sent it with its `from` stamped.
    #[must_use]
    pub fn presence(&self) -> Option<Arc<Stanza>> {
        self.presence.lock().clone()
    }

    /// Notes that the session is available. [`crate::Router::make_available`] does it where it begins to be.
    pub fn set_available(&self, presence: Arc<Stanza>, priority: i8) {
        self.has_been_available.store(true, Ordering::Release);
        *self.presence.lock() = Some(presence);
        let before = self.priority.swap(i16::from(priority), Ordering::AcqRel);
        if before != i16::from(priority) {
            self.tell_change();
        }
    }

    /// Notes that it is not; says whether it was.
    pub fn set_unavailable(&self) -> bool {
        self.presence.lock().take();
        let was_available = self.priority.swap(UNAVAILABLE, Ordering::AcqRel) != UNAVAILABLE;
        if was_available {
            self.tell_change();
        }
        was_available
    }

    /// The session has moved to another node, and nothing more is looked up for it here. Nobody hears of that.
    pub(crate) fn retire(&self) {
        self.priority.store(UNAVAILABLE, Ordering::Release);
    }

    /// The session as other nodes know it.
    pub(crate) fn entry(&self) -> SessionEntry {
        SessionEntry {
            jid: self.jid.clone(),
            node: self.mesh.me(),
            generation: self.generation,
            account: self.account.id.get(),
            priority: self.priority(),
            has_been_available: self.has_been_available(),
            is_interested: self.is_interested(),
            bound_at_micros: self.facts.bound_at_micros,
        }
    }

    /// Other nodes hear of the session's priority and flags.
    fn tell_change(&self) {
        if !self.mesh.is_alone() {
            self.mesh.peers().update(self.entry());
        }
    }

    /// Whether the session is or was available.
    #[must_use]
    pub fn has_been_available(&self) -> bool {
        self.has_been_available.load(Ordering::Acquire)
    }

    /// Whether messages to the account's bare JID may go to this session (RFC 6121 §8.5.2).
    #[must_use]
    pub fn takes_messages(&self) -> bool {
        self.priority().is_some_and(|priority| priority >= 0)
    }

    /// Whether the client asked for its roster and so gets roster pushes (RFC 6121 §2.2).
    #[must_use]
    pub fn is_interested(&self) -> bool {
        self.is_interested.load(Ordering::Acquire)
    }

    /// The client asked for its roster.
    pub fn set_interested(&self) {
        if !self.is_interested.swap(true, Ordering::AcqRel) {
            self.tell_change();
        }
    }

    /// Notes something about the session, which goes with it wherever it is resumed.
    pub fn note(&self, what: &'static str) {
        self.notes.lock().insert(Cow::Borrowed(what));
    }

    /// Whether that was noted.
    #[must_use]
    pub fn has_noted(&self, what: &str) -> bool {
        self.notes.lock().contains(what)
    }

    /// All that makes the session what it is, for another node.
    pub(crate) fn pack(&self) -> Packed {
        Packed {
            presence: self.presence().map(|presence| frame::bytes(&presence)),
            directed: self.directed().iter().map(Jid::to_string).collect(),
            notes: self.notes.lock().iter().map(|note| note.clone().into_owned()).collect(),
        }
    }

    /// The same session on this node, before anybody knows of it. `entry` is how it was known on the other, and `node`
    /// which that is.
    pub(crate) fn unpack(&self, entry: &SessionEntry, packed: Packed) {
        self.has_been_available
            .store(entry.has_been_available, Ordering::Release);
        self.is_interested.store(entry.is_interested, Ordering::Release);
        let presence = packed.presence.and_then(|bytes| frame::stanza(entry.node, &bytes));
        if let (Some(presence), Some(priority)) = (presence, entry.priority) {
            *self.presence.lock() = Some(Arc::new(presence));
            self.priority.store(i16::from(priority), Ordering::Release);
        }
        let directed = packed.directed.iter().filter_map(|to| to.parse().ok());
        self.directed.lock().extend(directed);
        self.notes.lock().extend(packed.notes.into_iter().map(Cow::Owned));
    }

    /// Notes directed presence (RFC 6121 §4.6): `to` is told when the session ends. False where the list is full.
    pub fn add_directed(&self, to: Jid) -> bool {
        let mut directed = self.directed.lock();
        if directed.len() >= DIRECTED_MAX && !directed.contains(&to) {
            return false;
        }
        directed.insert(to);
        true
    }

    /// Forgets one address of directed presence.
    pub fn remove_directed(&self, to: &Jid) {
        self.directed.lock().remove(to);
    }

    /// Whether the session sent `to` directed presence.
    #[must_use]
    pub fn has_directed(&self, to: &Jid) -> bool {
        self.directed.lock().contains(to)
    }

    /// Everybody whom the session sent directed presence.
    #[must_use]
    pub fn directed(&self) -> Vec<Jid> {
        self.directed.lock().iter().cloned().collect()
    }

    /// Takes the whole list of directed presence.
    #[must_use]
    pub fn take_directed(&self) -> HashSet<Jid> {
        std::mem::take(&mut self.directed.lock())
    }

    /// Counts one more newcomer that wanted this session's resource; how many there were.
    pub(crate) fn count_conflict(&self) -> u32 {
        self.conflicts.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Notes work that a stanza of the client's has caused beside its own way, as if the client had sent so many bytes
    /// more: its stream is then read that much later. So few bytes cannot be much work.
    pub fn charge(&self, bytes: usize) {
        self.work.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The work since this was last asked, in bytes.
    #[must_use]
    pub fn take_work(&self) -> usize {
        self.work.swap(0, Ordering::Relaxed)
    }

    /// What the client sent goes where more than it can take waits already: its stream is read again after this time.
    pub(crate) fn hold_back(&self, pause: Duration) {
        let micros = u32::try_from(pause.as_micros()).unwrap_or(u32::MAX);
        if micros > 0 {
            self.pause.fetch_max(micros, Ordering::Relaxed);
        }
    }

    /// How long the stream is not to be read from now on; asked once for each stanza.
    #[must_use]
    pub fn take_pause(&self) -> Duration {
        match self.pause.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            _ => Duration::from_micros(self.pause.swap(0, Ordering::Relaxed).into()),
        }
    }

    /// Asks the session's task to close the stream with this error.
    pub fn close(&self, reason: StreamError) {
        self.inbox.close(reason);
    }

    /// Called by the session's task when all is told and tidied.
    pub(crate) fn set_over(&self) {
        self.end.is_over.store(true, Ordering::Release);
        self.end.over.notify_waiters();
    }

    /// Waits until the session's task has told everybody of its end.
    pub async fn over(&self) {
        let told = self.end.over.notified();
        tokio::pin!(told);
        told.as_mut().enable();
        if !self.end.is_over.load(Ordering::Acquire) {
            told.await;
        }
    }
}
