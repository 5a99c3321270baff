//! Nodes in this process, without clients: how many session entries a second they agree on.

use crate::histogram::Histogram;
use crate::process::own_cpu;
use crate::report::Report;
use anyhow::{bail, ensure};
use bytes::Bytes;
use cluster::link::LinkSettings;
use cluster::state::{Bound, CacheId, Change, Machine};
use cluster::{
    Above, Belongs, Cache, Caches, Cluster, Definition, Face, Fence, Host, Lasts, Membership, NodeId, Options,
    Settings, Stands, Tasks, Written,
};
use futures_util::future::{BoxFuture, try_join_all};
use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};
use storage::Storage;
use tokio::sync::watch;

/// A session's entry is a full JID with what else nodes know of a session: about 150 bytes.
const VALUE_LENGTH: usize = 110;
/// So long nodes may take to become a group.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Before the measurement begins, in parts of its length.
const WARM_UP: f64 = 0.2;
/// So long a node may take to leave.
const FAREWELL: Duration = Duration::from_secs(5);

/// Every node enters a session and takes it out again, in turn, `in_flight` of them at the same
/// time: each of the two is a change, which has been decided and is applied at that node when
/// the next one begins.
pub(super) fn run(nodes: usize, in_flight: usize, seconds: f64) -> anyhow::Result<Report> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(async {
        let group = Group::start(nodes).await?;
        let report = group.measure(in_flight, seconds).await;
        group.end().await;
        report
    });
    runtime.shutdown_background();
    report
}

/// Nodes that are a cluster, or one that is a cluster of its own.
struct Group {
    nodes: Vec<Node>,
    settings: watch::Sender<Settings>,
    storage: Storage,
    _directory: tempfile::TempDir,
}

struct Node {
    cluster: Cluster,
    sessions: Cache<String, Bytes>,
}

impl Group {
    async fn start(count: usize) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let url = format!("sqlite:{}", directory.path().join("group.db").display());
        let mut group = Self {
            nodes: Vec::new(),
            settings: watch::Sender::new(Settings {
                is_enabled: true,
                ..Settings::default()
            }),
            storage: Storage::open(&storage::Options::new(url)).await?,
            _directory: directory,
        };
        for number in 0..count {
            let node = group.node(number).await?;
            group.nodes.push(node);
        }
        group.wait_until_together().await?;
        Ok(group)
    }

    async fn node(&self, number: usize) -> anyhow::Result<Node> {
        let caches = Caches::new();
        let sessions = caches.cache(Definition {
            id: CacheId(1),
            name: "sessions",
            belongs: Belongs::Node,
            bound: Bound::default(),
            face: Face::UNKNOWN,
        });
        let above = Above {
            host: Arc::new(Nobody),
            caches,
            tasks: Tasks::new(),
        };
        let registry = self.storage.cluster().clone();
        let cluster = Cluster::start(options(number), self.settings.subscribe(), registry, above).await?;
        Ok(Node { cluster, sessions })
    }

    async fn wait_until_together(&self) -> anyhow::Result<()> {
        let count = self.nodes.len();
        let is_in = |node: &Node| {
            let here = node.cluster.here();
            here.stands == Stands::Member && here.members.len() == count && node.cluster.fence().is_open()
        };
        let end = Instant::now() + PATIENCE;
        while !self.nodes.iter().all(is_in) {
            ensure!(Instant::now() < end, "the nodes did not become a group");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    async fn measure(&self, in_flight: usize, seconds: f64) -> anyhow::Result<Report> {
        self.change(in_flight, Duration::from_secs_f64(seconds * WARM_UP))
            .await?;
        let (cpu, began) = (own_cpu()?, Instant::now());
        let latency = self.change(in_flight, Duration::from_secs_f64(seconds)).await?;
        let (elapsed, spent) = (began.elapsed(), own_cpu()? - cpu);
        Ok(Report {
            scenario: "log".to_owned(),
            unit: Some("change"),
            count: latency.total(),
            elapsed,
            cpu: Some(spent),
            latency,
            ..Report::default()
        })
    }

    /// Changes for a while; from proposing each one to having it applied.
    async fn change(&self, in_flight: usize, how_long: Duration) -> anyhow::Result<Histogram> {
        let end = Instant::now() + how_long;
        let each = |(number, node): (usize, &Node)| {
            let sessions = node.sessions.clone();
            let workers = 0..in_flight;
            workers.map(move |worker| {
                let key = format!("user{worker}@example.org/{number}-mobile");
                tokio::spawn(come_and_go(sessions.clone(), key, end))
            })
        };
        let workers: Vec<_> = self.nodes.iter().enumerate().flat_map(each).collect();
        let mut sum = Histogram::default();
        for latency in try_join_all(workers).await? {
            sum.add(&latency?);
        }
        Ok(sum)
    }

    async fn end(self) {
        for node in &self.nodes {
            node.cluster.stop(FAREWELL).await;
        }
    }
}

fn options(number: usize) -> Options {
    Options {
        server_key: format!("server {number}"),
        name: format!("n{number}"),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        links: LinkSettings {
            ports: 0..=0,
            interfaces: vec!["127.0.0.1".to_owned()],
            ..LinkSettings::default()
        },
        local_address: [127, 0, 0, 1].into(),
        advertise: None,
        secret: None,
    }
}

/// One session after another under the same full JID.
async fn come_and_go(sessions: Cache<String, Bytes>, key: String, end: Instant) -> anyhow::Result<Histogram> {
    let value = Bytes::from(vec![b'.'; VALUE_LENGTH]);
    let mut latency = Histogram::default();
    while Instant::now() < end {
        let began = Instant::now();
        let entered = sessions.put_if_free(&key, &value, Lasts::ForEver).await?;
        latency.record_time(began.elapsed());
        done(&entered)?;

        let began = Instant::now();
        let removed = sessions.remove(&key).await?;
        latency.record_time(began.elapsed());
        done(&removed)?;
    }
    Ok(latency)
}

fn done(written: &Written<Bytes>) -> anyhow::Result<()> {
    match written {
        Written::Done => Ok(()),
        other => bail!("a change of one's own was not done: {other:?}"),
    }
}

/// A server above that has no clients.
struct Nobody;

impl Host for Nobody {
    fn entered(&self, _: &Arc<Membership>, _: &Machine) {}

    fn publish(&self, _: Arc<Membership>, _: Vec<(NodeId, Vec<Bytes>)>) -> BoxFuture<'static, ()> {
        Box::pin(ready(()))
    }

    fn changed(&self, _: &Arc<Membership>, _: &Machine, _: &[Change]) {}

    fn undelivered(&self, _: NodeId, _: Vec<Bytes>) {}

    fn fenced(&self) {}

    fn left(&self, _: Arc<Fence>) -> BoxFuture<'static, ()> {
        Box::pin(ready(()))
    }

    fn data(&self, _: NodeId, _: Bytes) -> BoxFuture<'static, ()> {
        Box::pin(ready(()))
    }

    fn asked(&self, _: NodeId, _: Bytes) -> BoxFuture<'static, Option<Bytes>> {
        Box::pin(ready(None))
    }
}
