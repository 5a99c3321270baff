//! The cluster at a moment, whole: made once for all pages that show it, however many are open.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use super::{ClusterStatus, Clustering, Headline, NodeInfo, NodeReport};
use crate::{Actor, OpsError};

/// The cluster at a moment.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Whether it is on, and how this server stands.
    pub status: ClusterStatus,
    /// In a few words.
    pub headline: Headline,
    /// Every server that shares the database; why they are unknown, where they are.
    pub nodes: Result<Vec<NodeInfo>, String>,
    /// How the members fare, this server among them, by number; why one does not say.
    pub reports: BTreeMap<u64, Result<NodeReport, String>>,
}

/// Who watches, and the one look that all of them see.
#[derive(Clone, Default)]
pub(super) struct Watched(Arc<Mutex<Option<Pictures>>>);

/// Nothing before the first look.
type Pictures = watch::Sender<Option<Arc<Picture>>>;

/// How often is looked, when nothing says that something has changed: for counts, and for what only the database knows.
const LOOK: Duration = Duration::from_millis(700);
/// How often the members are asked how they fare.
const ASK: Duration = Duration::from_secs(2);

impl Clustering {
    /// The cluster now.
    ///
    /// # Errors
    /// Where the actor's power does not reach.
    pub async fn picture(&self, actor: &Actor) -> Result<Picture, OpsError> {
        actor.require_server()?;
        let (reports, picture) = tokio::join!(self.live.reports(None, false), self.look(BTreeMap::new()));
        Ok(Picture {
            reports: reports.into_iter().collect(),
            ..picture
        })
    }

    /// The cluster as it changes; nothing before the first look. All who watch share one look at it, which ends with
    /// the last of them.
    ///
    /// # Errors
    /// Where the actor's power does not reach.
    pub fn watch(&self, actor: &Actor) -> Result<watch::Receiver<Option<Arc<Picture>>>, OpsError> {
        actor.require_server()?;
        let mut watched = self.watched.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = &*watched {
            return Ok(sender.subscribe());
        }
        let (sender, receiver) = watch::channel(None);
        *watched = Some(sender.clone());
        tokio::spawn(self.clone().keep_looking(sender));
        Ok(receiver)
    }

    async fn keep_looking(self, pictures: Pictures) {
        let mut reports = BTreeMap::new();
        let mut asked_at: Option<Instant> = None;
        let mut asking = self.live.reports(None, false);
        let mut is_asking = true;
        loop {
            let picture = self.look(reports.clone()).await;
            pictures.send_replace(Some(Arc::new(picture)));
            if !is_asking && asked_at.is_none_or(|at| at.elapsed() >= ASK) {
                asking = self.live.reports(None, false);
                is_asking = true;
            }
            tokio::select! {
                () = pictures.closed() => if self.is_unwatched() { return },
                said = &mut asking, if is_asking => {
                    reports = said.into_iter().collect();
                    (is_asking, asked_at) = (false, Some(Instant::now()));
                }
                () = self.live.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Whether nobody watches; then nobody finds this look any more.
    fn is_unwatched(&self) -> bool {
        let mut watched = self.watched.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody may have come between.
        let is_unwatched = watched.as_ref().is_none_or(|sender| sender.receiver_count() == 0);
        if is_unwatched {
            *watched = None;
        }
        is_unwatched
    }

    async fn look(&self, reports: BTreeMap<u64, Result<NodeReport, String>>) -> Picture {
        let here = self.live.here();
        let servers = self.storage.cluster().servers().await;
        let status = self
            .status_of(&here, servers.as_ref().map(Vec::len).map_err(Clone::clone))
            .await;
        let nodes = servers.map(|servers| {
            let nodes = servers.into_iter().map(|server| NodeInfo::of(server, &here));
            nodes.collect::<Vec<_>>()
        });
        let nodes = nodes.map_err(|error| error.to_string());
        let senior = here.senior.map(|senior| {
            let named = nodes.iter().flatten().find(|node| node.id == senior);
            named.map_or_else(|| format!("number {senior}"), |node| node.name.clone())
        });
        Picture {
            headline: Headline {
                state: here.standing.into(),
                members: here.members.len(),
                senior,
                problem: here.problem,
            },
            status,
            nodes,
            reports,
        }
    }
}
