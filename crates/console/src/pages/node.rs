//! `/cluster/nodes/{node}`: one server: what it is, uses and does, and its caches.

use std::time::Duration;

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{CacheInfo, NodeInfo, NodeReport, NodeState, OpsError, REMEMBERED, Vitals};

use super::cluster::SILENT_SECS;
use crate::{
    chart::{self, Chart, Time},
    frame::Frame,
    language::{Text, filters, t, t1, told},
    live::{self, News, Source},
    refusal::{self, rendered},
    visit::{Visit, done},
    words,
};

#[derive(Template)]
#[template(path = "node.html")]
struct Page {
    frame: Frame,
    /// Whether it may be taken off the list.
    is_dead: bool,
    facts: Facts,
    now: Charts,
    day: Charts,
    caches: Vec<CacheRow>,
    /// Why there are none.
    unknown: Option<String>,
    error: Option<String>,
}

/// What the server is.
#[derive(Template)]
#[template(path = "node_facts.html")]
struct Facts {
    node: NodeInfo,
    is_here: bool,
    up: String,
    /// How long it has been silent, where that is too long.
    silence: Option<String>,
    /// How it fares, where it says so.
    report: Option<NodeReport>,
}

/// What it uses and does.
#[derive(Template)]
#[template(path = "vitals.html")]
struct Charts {
    charts: Vec<Chart>,
    /// Why that is unknown.
    silent: Option<String>,
}

pub(super) struct CacheRow {
    pub(super) info: CacheInfo,
    /// Where its entries are shown.
    pub(super) path: String,
    pub(super) bound: String,
    /// Questions that it had the answer to, in per cent.
    pub(super) hit_rate: Option<u64>,
}

/// A server as it is looked at.
struct Look {
    facts: Facts,
    now: Charts,
}

/// Between two looks at a server.
const LOOK: Duration = Duration::from_secs(2);
/// Looks between two at its last day: a minute's worth.
const LOOKS_PER_DAY_CHART: u32 = 30;
/// What the charts of now are of, in microseconds.
const NOW_MICROS: i64 = 3 * 60 * 1_000_000;

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

/// Has it hand over what it has, and end.
pub(crate) async fn drain(visit: Visit) -> Response {
    if !visit.form.is_set("confirm") {
        let why = t("tick the box to say that this server is to end").to_owned();
        return show(&visit, Some((StatusCode::UNPROCESSABLE_ENTITY, why))).await;
    }
    match visit.acts().clustering.drain(visit.actor(), visit.name("node")).await {
        Ok(_) => done("/cluster", "drain"),
        Err(error) => show(&visit, Some((refusal::status(&error), told(&error)))).await,
    }
}

/// Takes a dead one off the list.
pub(crate) async fn remove(visit: Visit) -> Response {
    if !visit.form.is_set("confirm") {
        let why = t("tick the box to say that this server will not come back").to_owned();
        return show(&visit, Some((StatusCode::UNPROCESSABLE_ENTITY, why))).await;
    }
    match visit.acts().clustering.remove(visit.actor(), visit.name("node")).await {
        Ok(()) => done("/cluster", "removed"),
        Err(error) => show(&visit, Some((refusal::status(&error), told(&error)))).await,
    }
}

async fn show(visit: &Visit, wrong: Option<(StatusCode, String)>) -> Response {
    let Ok(number) = visit.name("node").parse::<u64>() else {
        return visit.refuse(&OpsError::NoNode(visit.name("node").to_owned())).await;
    };
    let (look, day, caches) = tokio::join!(
        Look::at(visit, number),
        day(visit, number),
        visit.acts().clustering.caches_at(visit.actor(), number),
    );
    let Look { facts, now } = match look {
        Ok(look) => look,
        Err(error) => return visit.refuse(&error).await,
    };
    let (caches, unknown) = match caches {
        Ok(caches) => (caches, None),
        Err(error) => (Vec::new(), Some(told(&error))),
    };
    let (status, error) = wrong.map_or((StatusCode::OK, None), |(status, text)| (status, Some(text)));
    let page = Page {
        frame: visit.frame(&t1("Server {0}", &facts.node.name)).await,
        is_dead: facts.node.state == NodeState::Silent && facts.node.voter.is_none(),
        facts,
        now,
        day,
        caches: caches.into_iter().map(|info| CacheRow::of(info, number)).collect(),
        unknown,
        error,
    };
    (status, rendered(&page)).into_response()
}

impl Look {
    async fn at(visit: &Visit, number: u64) -> Result<Self, OpsError> {
        let (clustering, actor) = (&visit.acts().clustering, visit.actor());
        let (nodes, report, status) = tokio::join!(
            clustering.nodes(actor),
            clustering.report(actor, number),
            clustering.status(actor)
        );
        let node = nodes?.into_iter().find(|node| node.id == number);
        let mut node = node.ok_or_else(|| OpsError::NoNode(number.to_string()))?;
        let is_here = status?.node == Some(number);
        let (report, silent) = match report {
            Ok(report) => (Some(report), None),
            Err(error) => (None, Some(told(&error))),
        };
        // Alone it has them all.
        node.sessions = node
            .sessions
            .or_else(|| report.as_ref().map(|report| report.now.sessions));
        let now = words::now();
        let recent = report.as_ref().map_or(&[][..], |report| &report.recent);
        let time = Time {
            id: "now",
            span: Text("the last 3 minutes"),
            from: now - NOW_MICROS,
            to: now,
            gap: 10_000_000,
        };
        Ok(Self {
            now: Charts {
                charts: chart::all(recent, time),
                silent,
            },
            facts: Facts {
                is_here,
                up: match &report {
                    Some(report) => words::minutes(words::secs_between(report.started_at, now)),
                    None => t1("unknown; known for {0}", words::minutes(node.up_secs)),
                },
                silence: (node.silent_secs > SILENT_SECS).then(|| words::silence(node.silent_secs, now)),
                node,
                report,
            },
        })
    }
}

/// Its last day, as far as it is remembered.
async fn day(visit: &Visit, number: u64) -> Charts {
    let now = words::now();
    let history = visit.acts().clustering.history(visit.actor(), number, now).await;
    let (moments, silent) = match history {
        Ok(moments) => (moments, None),
        Err(error) => (Vec::<Vitals>::new(), Some(told(&error))),
    };
    let time = Time {
        id: "day",
        span: Text("the last 24 hours"),
        from: now - i64::try_from(REMEMBERED.as_micros()).unwrap_or(i64::MAX),
        to: now,
        gap: 150_000_000,
    };
    Charts {
        charts: chart::all(&moments, time),
        silent,
    }
}

impl CacheRow {
    pub(super) fn of(info: CacheInfo, node: u64) -> Self {
        let entries = info.max_entries.map(|max| t1("{0} entries", max));
        let used = |max| words::share(info.bytes, max).map_or_else(String::new, |used| t1(", {0} % used", used));
        let bytes = info.max_bytes.map(|max| format!("{}{}", words::bytes(&max), used(max)));
        let bounds: Vec<String> = entries.into_iter().chain(bytes).collect();
        Self {
            path: format!("/cluster/nodes/{node}/caches/{}", words::segment(&info.name)),
            bound: match bounds.is_empty() {
                true => t("none: nothing may go").to_owned(),
                false => bounds.join(", "),
            },
            hit_rate: words::share(info.hits, info.hits.saturating_add(info.misses)),
            info,
        }
    }
}

/// One browser's page, as it was last sent.
#[derive(Default)]
struct Live {
    number: u64,
    looks: u32,
    facts: String,
    now: String,
    day: String,
}

pub(crate) async fn events(visit: Visit) -> Response {
    let Ok(number) = visit.name("node").parse() else {
        return visit.refuse(&OpsError::NoNode(visit.name("node").to_owned())).await;
    };
    let source = Live {
        number,
        ..Live::default()
    };
    live::stream(visit, source)
}

impl Source for Live {
    async fn changed(&mut self) -> bool {
        tokio::time::sleep(LOOK).await;
        true
    }

    async fn look(&mut self, visit: &Visit, news: &mut News) {
        if let Ok(Look { facts, now }) = Look::at(visit, self.number).await {
            news.put("facts", &facts, &mut self.facts);
            news.put("now", &now, &mut self.now);
        }
        if self.looks.is_multiple_of(LOOKS_PER_DAY_CHART) {
            news.put("day", &day(visit, self.number).await, &mut self.day);
        }
        self.looks += 1;
    }
}
