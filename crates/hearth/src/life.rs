//! A server's life after it was put together: ready, reloading, stopping.

use std::{sync::Arc, time::Duration};

use ::cluster::Stands;
use anyhow::Context;
use arc_swap::ArcSwap;
use http::{Metrics, Readiness};
use ops::{Actor, Audit, Certificates, Clustering, KeepSettings, NodeState, Properties, SecondFactors};
use storage::{Clock, Storage, SystemClock};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::RunOptions,
    greeting::Greeting,
    reload,
    server::Server,
    signals::{Signals, Wish},
    systemd,
};

/// From the wish to start anew until nothing more is answered: a page, its style and its script.
const LAST_PAGE: Duration = Duration::from_secs(2);
/// From the first signal until all streams are closed.
const STREAMS_PATIENCE: Duration = Duration::from_secs(20);
/// From there until other nodes know that this one has left.
const CLUSTER_PATIENCE: Duration = Duration::from_secs(6);
/// From there until operators and machines have their last answers.
const TASKS_PATIENCE: Duration = Duration::from_secs(2);
/// From there until all messages are on disk.
const STORAGE_PATIENCE: Duration = Duration::from_secs(8);

impl Server {
    /// Waits until this server may act: one that belongs to a cluster has to join it first. `false`: somebody wishes an
    /// end.
    pub(crate) async fn may_act(&self, signals: &mut Signals) -> bool {
        let fence = self.cluster.fence();
        if !fence.is_open() {
            tracing::info!("looking for the cluster");
        }
        tokio::select! {
            () = fence.opened() => true,
            () = signals.stop() => false,
        }
    }

    /// Tells everybody who waits for it that clients may come.
    pub(crate) async fn ready(&self, options: &RunOptions) -> anyhow::Result<()> {
        let (addresses, configuration) = (&self.addresses, &self.reload.running);
        let has_accounts = self.has_accounts().await?;
        tracing::info!(listeners = ?addresses.all(), "ready");
        if let Some(path) = &options.ready_file {
            addresses.write(path)?;
        }
        let setup_token = self.setup.is_open().await?.then(|| self.setup.token());
        Greeting {
            configuration,
            setup_token,
            domains: &self.reload.domains.load(),
            addresses,
            has_accounts,
        }
        .print();
        systemd::ready();
        Ok(())
    }

    /// Reloads when somebody wishes so or a file has changed, until somebody wishes an end.
    pub(crate) async fn until_stopped(&mut self, signals: &mut Signals) {
        let mut seen = self.reload.look();
        loop {
            let wish = tokio::select! {
                wish = timeout(reload::POLL, signals.next()) => wish,
                () = self.restart.wanted() => {
                    // Until the browser that is told so has its page.
                    sleep(LAST_PAGE).await;
                    return;
                }
            };
            // Before anything is read, so that what changes meanwhile is a change again.
            let look = self.reload.look();
            match wish {
                Ok(Wish::Stop) => return,
                Ok(Wish::Reload) => {}
                Err(_) if look == seen => continue,
                Err(_) => tracing::info!("a file has changed"),
            }
            seen = look;
            systemd::reloading();
            self.reload.reload();
            systemd::ready();
        }
    }

    /// No new streams, then none, then nothing that is not on disk. A second wish to stop cuts the
    /// streams, never the disk.
    pub(crate) async fn stop(self, signals: &mut Signals) -> anyhow::Result<()> {
        tracing::info!("stopping");
        // One that stops to start anew goes on, for whoever watches over it.
        match self.restart.token() {
            Some(_) => systemd::reloading(),
            None => systemd::stopping(),
        }
        self.readiness.hold("server", "it is stopping");
        tokio::select! {
            () = self.clients.stop(STREAMS_PATIENCE) => {}
            () = signals.stop() => tracing::warn!("told again to stop: streams that are still open are cut"),
        }
        self.cluster.stop(CLUSTER_PATIENCE).await;
        self.stop.cancel();
        self.tasks.close();
        if timeout(TASKS_PATIENCE, self.tasks.wait()).await.is_err() {
            tracing::warn!("some requests of operators or machines were cut");
        }
        let flushed = timeout(STORAGE_PATIENCE, self.storage.close()).await;
        let flushed = flushed.context("the database did not take the last messages in time")?;
        flushed.context("the database did not take the last messages; nobody was told that they are safe")?;
        tracing::info!("stopped");
        Ok(())
    }

    async fn has_accounts(&self) -> anyhow::Result<bool> {
        for host in self.storage.hosts().list().await? {
            if self.storage.accounts().count(host.id).await? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Keeps `/readyz` and the figures up to date.
pub(crate) async fn look_after(storage: Storage, metrics: Metrics, readiness: Arc<Readiness>, stop: CancellationToken) {
    /// Often enough for a load balancer, seldom enough for the database.
    const PERIOD: Duration = Duration::from_secs(2);
    let mut ticks = tokio::time::interval(PERIOD);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        match timeout(PERIOD, storage.check()).await {
            Ok(Ok(())) => readiness.clear("database"),
            Ok(Err(error)) => readiness.hold("database", error.to_string()),
            Err(_) => readiness.hold("database", "it does not answer"),
        }
        metrics.upkeep();
    }
}

/// Whether what one server does for all is this one's to do: in a cluster its senior does that.
pub(crate) async fn is_ours(clustering: &Clustering, node: &str) -> bool {
    let headline = clustering.headline().await;
    match headline.state {
        NodeState::Alone => true,
        NodeState::Member => headline.senior.as_deref() == Some(node),
        _ => false,
    }
}

/// Forgets the records that are older than they are to be kept. In a cluster its senior does that.
pub(crate) async fn forget_old_records(
    audit: Audit,
    clustering: Clustering,
    node: String,
    keep: Arc<ArcSwap<KeepSettings>>,
    stop: CancellationToken,
) {
    const PERIOD: Duration = Duration::from_secs(3600);
    let mut ticks = tokio::time::interval(PERIOD);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        if !is_ours(&clustering, &node).await {
            continue;
        }
        let settings = keep.load_full();
        match audit.forget_old(&settings, SystemClock.now_micros()).await {
            Ok((0, 0)) => {}
            Ok((acts, changes)) => tracing::info!(acts, changes, "old records were forgotten"),
            Err(error) => tracing::warn!(%error, "old records could not be forgotten; that is tried again"),
        }
    }
}

/// Encrypts what was written before it was a secret, once this server may act.
pub(crate) async fn seal_old_secrets(
    properties: Properties,
    factors: SecondFactors,
    fence: Arc<::cluster::Fence>,
    stop: CancellationToken,
) {
    if stop.run_until_cancelled(fence.opened()).await.is_none() {
        return;
    }
    for (what, done) in [
        ("properties", properties.seal_old().await),
        ("second factors", factors.seal_old().await),
    ] {
        match done {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "{what} of before were encrypted"),
            Err(error) => tracing::warn!("{what} of before are not encrypted yet: {error}"),
        }
    }
}

/// Notes what the names of accounts look like that an older version made, once this server may act.
pub(crate) async fn note_looks(storage: Storage, fence: Arc<::cluster::Fence>, stop: CancellationToken) {
    if stop.run_until_cancelled(fence.opened()).await.is_none() {
        return;
    }
    match stop.run_until_cancelled(storage.accounts().note_looks()).await {
        None | Some(Ok(0)) => {}
        Some(Ok(accounts)) => tracing::info!(accounts, "it was noted what names look like"),
        Some(Err(error)) => {
            tracing::warn!(%error, "it is not noted yet what all names look like: a new one may look like them");
        }
    }
}

/// Says in the log, twice a day, which certificates run out soon.
pub(crate) async fn warn_of_certificates(certificates: Certificates, stop: CancellationToken) {
    const PERIOD: Duration = Duration::from_secs(12 * 3600);
    let actor = Actor::Local {
        user: "the server itself".to_owned(),
    };
    let mut ticks = tokio::time::interval(PERIOD);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let Ok(hosts) = certificates.list(&actor, None).await else {
            continue;
        };
        let now = SystemClock.now_micros();
        for host in hosts {
            match host.days_left(now) {
                Some(days) if days < ops::URGENT_DAYS => {
                    tracing::error!(
                        host = host.host,
                        days,
                        "this host's certificate runs out or has run out: renew it now"
                    );
                }
                Some(days) if days < ops::WARN_DAYS => {
                    tracing::warn!(
                        host = host.host,
                        days,
                        "this host's certificate runs out soon: renew it"
                    );
                }
                _ => {}
            }
        }
    }
}

/// Keeps `/readyz` up to date with what this server is in the cluster.
pub(crate) async fn watch_cluster(
    mut here: watch::Receiver<::cluster::Here>,
    readiness: Arc<Readiness>,
    stop: CancellationToken,
) {
    loop {
        let stands = here.borrow_and_update().stands;
        match stands {
            Stands::Alone | Stands::Member => readiness.clear("cluster"),
            Stands::Joining => readiness.hold("cluster", "this server has not joined it yet"),
            Stands::Fenced => readiness.hold("cluster", "this server is cut off from it"),
            Stands::Leaving => readiness.hold("cluster", "this server leaves it"),
        }
        match stop.run_until_cancelled(here.changed()).await {
            Some(Ok(())) => {}
            _ => return,
        }
    }
}
