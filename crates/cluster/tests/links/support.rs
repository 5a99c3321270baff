//! Nodes for tests: what they heard, and waiting for it without sleeping.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cluster::link::{
    Authority, Clock, Failure, From, Identity, LinkEvent, LinkSettings, Links, MAX_BODY_BYTES, Port, Protocol, Purpose,
    Receiver,
};
use cluster::{Group, NodeId};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

pub(crate) const GROUP: Group = Group { epoch: 1, id: 7 };
/// A call of this kind comes back.
pub(crate) const ECHO: u8 = 1;
/// A call of this kind has no answer ever.
pub(crate) const NEVER: u8 = 2;
/// A call of this kind fails.
pub(crate) const FAIL: u8 = 3;
/// The answer to a call of this kind is longer than an answer may be.
pub(crate) const RAMBLE: u8 = 4;

/// Everything a node heard.
pub(crate) struct Heard {
    pub(crate) data: Mutex<Vec<(NodeId, Bytes)>>,
    pub(crate) tells: Mutex<Vec<Bytes>>,
    pub(crate) events: Mutex<Vec<LinkEvent>>,
    /// Data is handled only while there is a permit.
    pub(crate) appetite: Arc<Semaphore>,
    /// The threads that data connections ran and data was handled on.
    pub(crate) threads: Mutex<BTreeSet<String>>,
    handling: Option<Handle>,
    changed: watch::Sender<u64>,
}

struct Ear(Arc<Heard>);

impl Receiver for Ear {
    fn on_call(&self, _from: From, kind: u8, body: Bytes) -> BoxFuture<'static, Result<Bytes, Failure>> {
        match kind {
            ECHO => async move { Ok(body) }.boxed(),
            FAIL => async move { Err(Failure(body)) }.boxed(),
            RAMBLE => async move { Ok(vec![0; MAX_BODY_BYTES + 1].into()) }.boxed(),
            _ => std::future::pending().boxed(),
        }
    }

    fn on_tell(&self, _from: From, _kind: u8, body: Bytes) {
        self.0.tells.lock().push(body);
        self.0.change();
    }

    fn on_data(&self, from: NodeId, body: Bytes) -> BoxFuture<'static, ()> {
        let heard = Arc::clone(&self.0);
        async move {
            heard.appetite.acquire().await.unwrap().forget();
            heard.note_thread();
            heard.data.lock().push((from, body));
            heard.change();
        }
        .boxed()
    }

    fn runtime(&self) -> Option<Handle> {
        self.0.handling.clone()
    }

    fn on_event(&self, event: LinkEvent) {
        if matches!(
            event,
            LinkEvent::Up {
                purpose: Purpose::Data,
                ..
            }
        ) {
            self.0.note_thread();
        }
        self.0.events.lock().push(event);
        self.0.change();
    }
}

impl Heard {
    fn change(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    fn note_thread(&self) {
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        self.threads.lock().insert(name);
    }

    /// Waits until what was heard satisfies.
    pub(crate) async fn until(&self, mut satisfied: impl FnMut(&Self) -> bool) {
        let mut changed = self.changed.subscribe();
        in_time(changed.wait_for(|_| satisfied(self))).await.unwrap();
    }

    pub(crate) fn data_count(&self) -> usize {
        self.data.lock().len()
    }

    /// Connections that came up, and those of them that went.
    pub(crate) fn ups_and_downs(&self, purpose: Purpose) -> (usize, usize) {
        let events = self.events.lock();
        let ups = events
            .iter()
            .filter(|event| matches!(event, LinkEvent::Up { purpose: p, .. } if *p == purpose));
        let downs = events
            .iter()
            .filter(|event| matches!(event, LinkEvent::Down { purpose: p, .. } if *p == purpose));
        (ups.count(), downs.count())
    }
}

/// A node.
pub(crate) struct Node {
    pub(crate) links: Arc<Links>,
    pub(crate) heard: Arc<Heard>,
}

impl Node {
    pub(crate) fn address(&self) -> SocketAddr {
        self.links.addresses()[0]
    }

    pub(crate) fn knows(&self, peers: &[(u64, SocketAddr)]) {
        let peers: HashMap<_, _> = peers
            .iter()
            .map(|(node, address)| (NodeId(*node), vec![*address]))
            .collect();
        self.links.set_peers(&peers);
    }

    pub(crate) async fn is_linked_to(&self, node: u64, purpose: Purpose) {
        self.heard.until(|_| self.links.is_up(NodeId(node), purpose)).await;
    }
}

/// The cluster that the nodes of a test belong to.
pub(crate) struct House {
    authority: Vec<u8>,
}

impl House {
    pub(crate) fn new() -> Self {
        let authority = Authority::make().unwrap().to_bytes(None).unwrap();
        Self { authority }
    }

    pub(crate) fn identity(&self, node: u64) -> Identity {
        Identity::new(Authority::from_bytes(&self.authority, None).unwrap(), NodeId(node)).unwrap()
    }

    pub(crate) fn identity_at(&self, node: u64, clock: Clock) -> Identity {
        Identity::with_clock(
            Authority::from_bytes(&self.authority, None).unwrap(),
            NodeId(node),
            clock,
        )
        .unwrap()
    }

    pub(crate) fn node(&self, node: u64) -> Node {
        self.node_with(self.identity(node), settings())
    }

    pub(crate) fn node_speaking(&self, node: u64, lowest: u16, highest: u16) -> Node {
        let protocol = Protocol { lowest, highest };
        self.node_with(self.identity(node), LinkSettings { protocol, ..settings() })
    }

    /// One whose data is handled in another runtime than its links run in.
    pub(crate) fn node_handling_at(&self, node: u64, handling: &Handle) -> Node {
        Self::open(self.identity(node), settings(), Some(handling.clone()))
    }

    pub(crate) fn node_with(&self, identity: Identity, settings: LinkSettings) -> Node {
        Self::open(identity, settings, None)
    }

    fn open(identity: Identity, settings: LinkSettings, handling: Option<Handle>) -> Node {
        let heard = Arc::new(Heard {
            data: Mutex::default(),
            tells: Mutex::default(),
            events: Mutex::default(),
            appetite: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
            threads: Mutex::default(),
            handling,
            changed: watch::Sender::new(0),
        });
        let ear = Arc::new(Ear(Arc::clone(&heard)));
        let count = AtomicU64::new(identity.node().0);
        let random = Arc::new(move || count.fetch_add(0x9e37_79b9, Ordering::Relaxed));
        let runtime = Handle::current();
        let links = Arc::new(
            Links::open(
                &Port::open(&settings).unwrap(),
                identity,
                settings,
                ear,
                &runtime,
                random,
            )
            .unwrap(),
        );
        links.set_group(Some(GROUP));
        Node { links, heard }
    }
}

pub(crate) fn settings() -> LinkSettings {
    LinkSettings {
        ports: 0..=0,
        interfaces: vec!["127.0.0.1".to_owned()],
        ..LinkSettings::default()
    }
}

/// Two nodes with both links up.
pub(crate) async fn pair(house: &House) -> (Node, Node) {
    let (one, two) = (house.node(1), house.node(2));
    introduce(&one, &two);
    for purpose in [Purpose::Control, Purpose::Data] {
        one.is_linked_to(2, purpose).await;
        two.is_linked_to(1, purpose).await;
    }
    (one, two)
}

/// Tells two nodes about each other.
pub(crate) fn introduce(one: &Node, two: &Node) {
    one.knows(&[(two.links.node().0, two.address())]);
    two.knows(&[(one.links.node().0, one.address())]);
}

/// So long nothing takes on the slowest machine; only a test that fails waits for it.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future)
        .await
        .expect("in time")
}

pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

pub(crate) fn number(count: u32) -> Bytes {
    Bytes::copy_from_slice(&count.to_be_bytes())
}
