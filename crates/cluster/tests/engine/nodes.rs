//! Nodes for tests, and waiting for what they come to see.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cluster::link::LinkSettings;
use cluster::state::{Bound, CacheId, Change, Machine};
use cluster::{
    Above, Belongs, Cache, Caches, Cluster, Definition, Event, Face, Fence, Held, Host, Lasts, Membership, NodeId,
    Options, Settings, Stands, Tasks,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use storage::Storage;
use testkit::databases::{Fresh, Kind, fresh};
use tokio::sync::watch;

/// Longer than anything takes that works, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A database, and nodes that share it.
pub(crate) struct World {
    storage: Storage,
    settings: watch::Sender<Settings>,
    pub(crate) nodes: Vec<Node>,
    _database: Fresh,
}

/// One of them, with a cache of each kind.
pub(crate) struct Node {
    pub(crate) caches: Caches,
    pub(crate) tasks: Tasks,
    /// What nodes own.
    pub(crate) own: Cache<String, u32>,
    /// What is nobody's: ten entries at most.
    pub(crate) shared: Cache<String, u32>,
    /// How often the server above was told that it may not act.
    pub(crate) fenced: Arc<AtomicUsize>,
    cluster: Option<Cluster>,
}

pub(crate) const MOST_SHARED: u64 = 10;

impl World {
    /// Nodes that are alone.
    pub(crate) async fn apart(count: usize) -> Self {
        let database = fresh(Kind::Sqlite).await.unwrap();
        let storage = Storage::open(&storage::Options::new(database.url())).await.unwrap();
        let mut world = Self {
            storage,
            settings: watch::Sender::new(Settings::default()),
            nodes: Vec::new(),
            _database: database,
        };
        for _ in 0..count {
            world.add().await;
        }
        world
    }

    /// Nodes that are one cluster.
    pub(crate) async fn together(count: usize) -> Self {
        let world = Self::apart(count).await;
        world.switch(true).await;
        world
    }

    /// One more; it does what the others do.
    pub(crate) async fn add(&mut self) {
        let number = self.nodes.len();
        let caches = Caches::new();
        let node = Node {
            own: caches.cache(definition(1, "own", Belongs::Node, None)),
            shared: caches.cache(definition(2, "shared", Belongs::Nobody, Some(MOST_SHARED))),
            tasks: Tasks::new(),
            caches,
            fenced: Arc::default(),
            cluster: None,
        };
        self.nodes.push(node);
        self.start(number).await;
    }

    async fn start(&mut self, number: usize) {
        let node = &mut self.nodes[number];
        let above = Above {
            host: Arc::new(Quiet(Arc::clone(&node.fenced))),
            caches: node.caches.clone(),
            tasks: node.tasks.clone(),
        };
        let options = Options {
            server_key: format!("server {number}"),
            name: format!("n{number}"),
            version: "1".to_owned(),
            links: LinkSettings {
                ports: 0..=0,
                interfaces: vec!["127.0.0.1".to_owned()],
                ..LinkSettings::default()
            },
            local_address: [127, 0, 0, 1].into(),
            advertise: None,
            secret: None,
        };
        let registry = self.storage.cluster().clone();
        let cluster = Cluster::start(options, self.settings.subscribe(), registry, above).await;
        node.cluster = Some(cluster.unwrap());
    }

    /// Changes a setting, and waits for nothing.
    pub(crate) fn set(&self, set: impl FnOnce(&mut Settings)) {
        self.settings.send_modify(set);
    }

    /// Switches clustering on or off, and waits for all that live.
    pub(crate) async fn switch(&self, is_on: bool) {
        self.settings.send_modify(|settings| settings.is_enabled = is_on);
        let living: Vec<&Cluster> = self.nodes.iter().filter_map(|node| node.cluster.as_ref()).collect();
        until(|| {
            living.iter().all(|cluster| {
                let here = cluster.here();
                match is_on {
                    true => {
                        here.stands == Stands::Member && here.members.len() == living.len() && cluster.fence().is_open()
                    }
                    false => here.stands == Stands::Alone,
                }
            })
        })
        .await;
    }

    /// Waits until all that live see so many members.
    pub(crate) async fn members(&self, count: usize) {
        let living = || self.nodes.iter().filter_map(|node| node.cluster.as_ref());
        until(|| living().all(|cluster| cluster.here().members.len() == count)).await;
    }

    /// Ends a node as if its process had died.
    pub(crate) fn kill(&mut self, number: usize) {
        self.nodes[number].cluster = None;
    }

    /// Two nodes have another one stand still for a while, as if its process had been stopped: each stops one of the two
    /// threads that its cluster has.
    pub(crate) fn freeze(&self, number: usize, time: Duration) {
        let frozen = self.nodes[number].id();
        let others = self.nodes.iter().filter(|node| node.id() != frozen);
        for other in others.take(2) {
            let membership = other.cluster().membership().unwrap();
            membership.send(frozen, time.as_millis().to_string().into()).unwrap();
        }
    }

    /// The number of the node that leads.
    pub(crate) fn senior(&self) -> usize {
        let is_senior = |node: &Node| {
            let here = node.cluster.as_ref()?.here();
            (here.senior == Some(here.node)).then_some(())
        };
        self.nodes.iter().position(|node| is_senior(node).is_some()).unwrap()
    }
}

impl Node {
    pub(crate) fn cluster(&self) -> &Cluster {
        self.cluster.as_ref().unwrap()
    }

    pub(crate) fn id(&self) -> NodeId {
        self.cluster().here().node
    }

    /// Every event from now on, and first what is so already.
    pub(crate) fn events(&self) -> tokio::sync::mpsc::UnboundedReceiver<Event> {
        let (heard, hears) = tokio::sync::mpsc::unbounded_channel();
        self.cluster().subscribe("test", move |event| {
            let is_heard = heard.send(event).map_err(|_| "nobody listens".to_owned());
            std::future::ready(is_heard)
        });
        hears
    }

    /// Everything in both caches, in order.
    pub(crate) fn sees(&self) -> Vec<(String, u32)> {
        let mut all: Vec<(String, Held<u32>)> = self.own.entries();
        all.extend(self.shared.entries());
        let mut all: Vec<_> = all.into_iter().map(|(key, held)| (key, held.value)).collect();
        all.sort();
        all
    }

    pub(crate) async fn put_own(&self, key: &str, value: u32) {
        self.own.put(&key.to_owned(), &value, Lasts::ForEver).await.unwrap();
    }

    pub(crate) async fn put_shared(&self, key: &str, value: u32) {
        self.shared.put(&key.to_owned(), &value, Lasts::ForEver).await.unwrap();
    }
}

pub(crate) fn pairs(expected: &[(&str, u32)]) -> Vec<(String, u32)> {
    let pairs = expected.iter().map(|(key, value)| ((*key).to_owned(), *value));
    pairs.collect()
}

fn definition(id: u8, name: &'static str, belongs: Belongs, entries: Option<u64>) -> Definition {
    Definition {
        id: CacheId(id),
        name,
        belongs,
        bound: Bound { entries, bytes: None },
        face: Face::UNKNOWN,
    }
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(is_so: impl Fn() -> bool) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < PATIENCE, "waited in vain at {place}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Waits until something is this.
#[track_caller]
pub(crate) fn comes_to<T: PartialEq + Debug>(see: impl Fn() -> T, expected: T) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let began = Instant::now();
        while see() != expected {
            assert!(
                began.elapsed() < PATIENCE,
                "waited in vain at {place} for {expected:?}; it is {:?}",
                see()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A server above that does nothing by itself.
struct Quiet(Arc<AtomicUsize>);

impl Host for Quiet {
    fn entered(&self, _: &Arc<Membership>, _: &Machine) {}

    fn publish(&self, _: Arc<Membership>, _: Vec<(NodeId, Vec<Bytes>)>) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }

    fn changed(&self, _: &Arc<Membership>, _: &Machine, _: &[Change]) {}

    fn undelivered(&self, _: NodeId, _: Vec<Bytes>) {}

    fn fenced(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn left(&self, _fence: Arc<Fence>) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }

    /// Stops a thread of the cluster for so many milliseconds.
    fn data(&self, _: NodeId, body: Bytes) -> BoxFuture<'static, ()> {
        async move {
            let millis = std::str::from_utf8(&body).unwrap().parse().unwrap();
            std::thread::sleep(Duration::from_millis(millis));
        }
        .boxed()
    }

    fn asked(&self, _: NodeId, _: Bytes) -> BoxFuture<'static, Option<Bytes>> {
        std::future::ready(None).boxed()
    }
}
