//! A cluster that says what it was told to say.

use std::{
    collections::VecDeque,
    future::ready,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use ops::{
    Announcement, Asked, CacheInfo, CertificateAnswer, CertificateRefusal, CertificateWish, ClusterHere, ClusterLive,
    Drain, EntriesPage, EntriesQuestion, EntryInfo, Inspected, Inspection, LevelWish, LogPage, LogQuestion, NodeReport,
    Said, SessionAnswer, SessionQuestion, answer,
};
use storage::Standing;

use crate::Told;

/// A cluster that stands as it was told to, one look after the other.
#[derive(Default)]
pub(crate) struct Fake {
    pub(super) here: Mutex<VecDeque<ClusterHere>>,
    pub(super) drained: Mutex<Vec<u64>>,
    pub(crate) asked: AtomicUsize,
    pub(crate) cleared: Mutex<Vec<String>>,
    pub(crate) announced: Mutex<Vec<(Option<u64>, Announcement)>>,
    pub(crate) inspected: Mutex<Vec<Inspection>>,
    pub(crate) switched: Mutex<Vec<(u64, LevelWish)>>,
}

impl ClusterLive for Fake {
    fn here(&self) -> ClusterHere {
        let mut here = self.here.lock().unwrap();
        if here.len() > 1 {
            return here.pop_front().unwrap();
        }
        here.front().cloned().unwrap_or(stands(Standing::Alone))
    }

    fn caches(&self) -> Vec<CacheInfo> {
        ["sessions", "rooms"].map(cache).into()
    }

    fn caches_of(&self, node: u64) -> Asked<'_, Result<Vec<CacheInfo>, String>> {
        let silent = || Err("it did not answer in time".to_owned());
        Box::pin(ready(if node == 2 { Ok(self.caches()) } else { silent() }))
    }

    fn reports(&self, node: Option<u64>, _: bool) -> Said<'_, NodeReport> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let report = NodeReport {
            term: Some(7),
            ..NodeReport::default()
        };
        let said = [(1, Ok(report)), (2, Err("it did not answer in time".to_owned()))];
        let said = said
            .into_iter()
            .filter(move |(number, _)| node.is_none_or(|node| node == *number));
        Box::pin(ready(said.collect()))
    }

    fn entries(&self, node: u64, question: EntriesQuestion) -> Asked<'_, Result<Option<EntriesPage>, String>> {
        let entry = |number| EntryInfo {
            key: format!("key {number}"),
            ..EntryInfo::default()
        };
        let page = EntriesPage {
            total: 9,
            entries: (0..question.limit).map(entry).collect(),
            has_more: false,
        };
        Box::pin(ready(match (node, question.cache.as_str()) {
            (1, "rooms") => Ok(Some(page)),
            (1, _) => Ok(None),
            _ => Err("it did not answer in time".to_owned()),
        }))
    }

    fn clear(&self, cache: String) -> Asked<'_, Result<u64, String>> {
        self.cleared.lock().unwrap().push(cache);
        Box::pin(ready(Ok(3)))
    }

    fn announce(&self, node: Option<u64>, what: Announcement) -> Said<'_, u64> {
        self.announced.lock().unwrap().push((node, what));
        let silent = || Err("it did not answer in time".to_owned());
        Box::pin(ready(vec![(1, Ok(2)), (2, Ok(3)), (3, silent())]))
    }

    /// Server 2 has the session `a@one.example/x`.
    fn inspect(&self, inspection: Inspection) -> Said<'_, Option<Inspected>> {
        let is_there = inspection.jid == "a@one.example/x";
        self.inspected.lock().unwrap().push(inspection);
        let there = is_there.then(Inspected::default);
        Box::pin(ready(vec![(1, Ok(None)), (2, Ok(there))]))
    }

    /// Server 1 has everybody, server 2 nobody, server 3 is silent.
    fn sessions(
        &self,
        node: Option<u64>,
        question: SessionQuestion,
    ) -> Asked<'_, Vec<(u64, Result<SessionAnswer, String>)>> {
        let silent = || Err("it did not answer in time".to_owned());
        let everybody = answer(&Told::default(), &question);
        let mut said = vec![(1, Ok(everybody)), (2, Ok(SessionAnswer::default())), (3, silent())];
        said.retain(|(number, _)| node.is_none_or(|node| node == *number));
        Box::pin(ready(said))
    }

    fn certify(
        &self,
        _node: u64,
        _wish: CertificateWish,
    ) -> Asked<'_, Result<Result<CertificateAnswer, CertificateRefusal>, String>> {
        Box::pin(ready(Err("it did not answer in time".to_owned())))
    }

    fn log(&self, node: u64, question: LogQuestion) -> Asked<'_, Result<LogPage, String>> {
        let page = LogPage {
            last: question.after + 1,
            ..LogPage::default()
        };
        let silent = || Err("it did not answer in time".to_owned());
        Box::pin(ready(if node == 1 { Ok(page) } else { silent() }))
    }

    fn switch_level(&self, node: u64, wish: LevelWish) -> Asked<'_, Result<(), String>> {
        self.switched.lock().unwrap().push((node, wish));
        Box::pin(ready(Ok(())))
    }

    fn changed(&self) -> Asked<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn drain(&self, node: u64) -> Drain<'_> {
        self.drained.lock().unwrap().push(node);
        let done = if node == 2 {
            Ok(())
        } else {
            Err("it does not answer".to_owned())
        };
        Box::pin(ready(done))
    }
}

fn cache(name: &str) -> CacheInfo {
    CacheInfo {
        name: name.into(),
        entries: 1,
        bytes: 2,
        hits: 3,
        misses: 4,
        evictions: 5,
        kept: (name == "sessions").then(|| "it is kept".into()),
        ..CacheInfo::default()
    }
}

pub(crate) fn stands(standing: Standing) -> ClusterHere {
    ClusterHere {
        standing,
        ..ClusterHere::alone(Some(1))
    }
}
