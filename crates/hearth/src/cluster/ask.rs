//! One server asks others what operators want to know of them.

use std::sync::Arc;

use cluster::{Caches, Task, Tasks};
use ops::{CacheInfo, LiveHere, SessionAnswer, SessionQuestion};
use router::Router;
use serde::{Deserialize, Serialize};

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

/// Answers when another server asks, or an operator here.
pub(super) fn register(tasks: &Tasks, router: &Arc<Router>, caches: &Caches) {
    let caches = caches.clone();
    tasks.register(move |_, _: AskCaches| std::future::ready(Ok(infos(&caches))));
    let directory = Arc::downgrade(router);
    tasks.register(move |_, AskSessions(question)| {
        let answer = directory
            .upgrade()
            .map(|router| ops::answer(&LiveHere(router), &question));
        std::future::ready(answer.ok_or_else(|| "it is stopping".to_owned()))
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
        })
        .collect()
}
