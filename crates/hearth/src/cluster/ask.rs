//! One server asks others what operators want to know of them.

use std::sync::Arc;

use cluster::{Caches, Found, Search, Task, Tasks};
use ops::{
    Announcement, CacheInfo, CertificateAnswer, CertificateRefusal, CertificateWish, CertificatesHere, EntriesPage,
    EntriesQuestion, EntryInfo, Inspected, Inspection, LevelWish, LiveHere, LogPage, LogQuestion, NodeReport,
    SessionAnswer, SessionQuestion,
};
use router::Router;
use serde::{Deserialize, Serialize};

use crate::{certificates::CertificateDesk, logs::Logs, vitals::Vitals};

/// How do your caches fare?
#[derive(Serialize, Deserialize)]
pub(super) struct AskCaches;

impl Task for AskCaches {
    const NAME: &'static str = "hearth.caches";
    type Answer = Vec<CacheInfo>;
}

/// Who is connected to you?
#[derive(Serialize, Deserialize)]
pub(super) struct AskSessions(pub(super) SessionQuestion);

impl Task for AskSessions {
    const NAME: &'static str = "hearth.sessions";
    type Answer = SessionAnswer;
}

/// How do you fare, and how did you lately?
#[derive(Serialize, Deserialize)]
pub(super) struct AskReport {
    pub(super) is_recent: bool,
}

impl Task for AskReport {
    const NAME: &'static str = "hearth.report";
    type Answer = NodeReport;
}

/// What is in a cache of yours?
#[derive(Serialize, Deserialize)]
pub(super) struct AskEntries(pub(super) EntriesQuestion);

impl Task for AskEntries {
    const NAME: &'static str = "hearth.entries";
    type Answer = Option<EntriesPage>;
}

/// Say this to your sessions.
#[derive(Serialize, Deserialize)]
pub(super) struct Announce(pub(super) Announcement);

impl Task for Announce {
    const NAME: &'static str = "hearth.announce";
    type Answer = u64;
}

/// Look into a session, if it is yours.
#[derive(Serialize, Deserialize)]
pub(super) struct Inspect(pub(super) Inspection);

impl Task for Inspect {
    const NAME: &'static str = "hearth.inspect";
    type Answer = Option<Inspected>;
}

/// Do this with your certificates.
#[derive(Serialize, Deserialize)]
pub(super) struct Certify(pub(super) CertificateWish);

impl Task for Certify {
    const NAME: &'static str = "hearth.certify";
    type Answer = Result<CertificateAnswer, CertificateRefusal>;
}

/// Answers what concerns certificates.
pub(super) fn register_certificates(tasks: &Tasks, desk: &CertificateDesk) {
    let desk = desk.clone();
    tasks.register(move |_, Certify(wish)| {
        let desk = desk.clone();
        async move { Ok(desk.act(wish).await) }
    });
}

/// What did you log?
#[derive(Serialize, Deserialize)]
pub(super) struct AskLog(pub(super) LogQuestion);

impl Task for AskLog {
    const NAME: &'static str = "hearth.log";
    type Answer = LogPage;
}

/// Log this part of you otherwise for a while.
#[derive(Serialize, Deserialize)]
pub(super) struct SwitchLevel(pub(super) LevelWish);

impl Task for SwitchLevel {
    const NAME: &'static str = "hearth.log-level";
    type Answer = ();
}

/// What a server says that is about to end.
fn stopping() -> String {
    "it is stopping".to_owned()
}

/// Answers when another server asks, or an operator here.
pub(super) fn register(tasks: &Tasks, router: &Arc<Router>, caches: &Caches, vitals: &Arc<Vitals>, logs: &Arc<Logs>) {
    let told = Arc::clone(logs);
    tasks.register(move |_, AskLog(question)| {
        let page = told.page(&question);
        std::future::ready(Ok(page))
    });
    let logs = Arc::clone(logs);
    tasks.register(move |_, SwitchLevel(wish)| std::future::ready(logs.switch(&wish)));
    let vitals = Arc::clone(vitals);
    tasks.register(move |_, AskReport { is_recent }| std::future::ready(Ok(vitals.report(is_recent))));
    let house = Arc::downgrade(router);
    tasks.register(move |_, Announce(announcement)| {
        let house = house.upgrade();
        async move {
            let house = house.ok_or_else(stopping)?;
            Ok(ops::announce_here(&house, &announcement).await)
        }
    });
    let house = Arc::downgrade(router);
    tasks.register(move |_, Inspect(inspection)| {
        let house = house.upgrade().ok_or_else(stopping);
        std::future::ready(house.map(|house| ops::inspect_here(&house, &inspection)))
    });
    let all = caches.clone();
    tasks.register(move |_, AskEntries(question)| {
        let caches = all.clone();
        async move {
            // All entries are read for it.
            let page = tokio::task::spawn_blocking(move || entries(&caches, question));
            page.await.map_err(|_| "it could not read the cache".to_owned())
        }
    });
    let caches = caches.clone();
    tasks.register(move |_, _: AskCaches| std::future::ready(Ok(infos(&caches))));
    let directory = Arc::downgrade(router);
    tasks.register(move |_, AskSessions(question)| {
        let answer = directory
            .upgrade()
            .map(|router| ops::answer(&LiveHere(router), &question));
        std::future::ready(answer.ok_or_else(stopping))
    });
}

/// The caches as this server has them.
pub(super) fn infos(caches: &Caches) -> Vec<CacheInfo> {
    let infos = caches.info().into_iter();
    infos
        .map(|info| CacheInfo {
            name: info.name.to_owned(),
            entries: info.size.entries,
            bytes: info.size.bytes,
            hits: info.hits,
            misses: info.misses,
            evictions: info.evictions,
            max_bytes: info.bound.bytes,
            max_entries: info.bound.entries,
            lifetime: info.face.lifetime.to_owned(),
            kept: info.face.kept.map(str::to_owned),
        })
        .collect()
}

fn entries(caches: &Caches, question: EntriesQuestion) -> Option<EntriesPage> {
    let search = Search {
        text: question.text,
        after: question.after,
        limit: question.limit.min(ops::PAGE_MAX + 1) as usize,
    };
    let Found { total, entries } = caches.search(&question.cache, &search)?;
    let entries = entries.into_iter().map(|entry| EntryInfo {
        key: entry.key,
        value: entry.value,
        owner: entry.owner.map(|owner| owner.0),
        until: entry.until_micros,
        bytes: entry.bytes as u64,
    });
    Some(EntriesPage {
        total: total as u64,
        entries: entries.collect(),
        has_more: false,
    })
}
