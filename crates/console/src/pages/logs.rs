//! `/logs`: the last lines of a server's log, as they come; and how much it says.

use std::time::Duration;

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use ops::{
    LEVEL_MINUTES_MAX, LOG_PAGE_MAX, LOG_TARGETS, LogLevel, LogLine, LogPage, LogQuestion, NodeInfo, OpsError,
    SwitchedLevel,
};

use crate::{
    fields::{Fields, address},
    frame::Frame,
    language::{filters, t, told},
    live::{self, News, Source},
    refusal::{self, rendered},
    visit::Visit,
    words,
};

#[derive(Template)]
#[template(path = "logs.html")]
struct Page {
    frame: Frame,
    node: u64,
    nodes: Vec<NodeInfo>,
    /// Whether this server is among them.
    is_listed: bool,
    wanted: LogQuestion,
    levels: [LogLevel; 5],
    targets: [&'static str; 19],
    lines: Lines,
    state: State,
    /// Lines shown at most.
    shown: u32,
    remembers: u64,
    minutes_max: u32,
    events: String,
    /// What is wrong with what was asked for.
    filter_error: Option<String>,
    /// What stands in the fields of the switch, and what is wrong there.
    part: String,
    minutes: String,
    error: Option<String>,
    /// Why there are no lines.
    unknown: Option<String>,
}

/// Lines, the oldest first.
#[derive(Template)]
#[template(path = "log_lines.html")]
struct Lines {
    lines: Vec<LogLine>,
    /// Lines before them that nobody has seen.
    missed: u64,
}

/// What is logged.
#[derive(Template)]
#[template(path = "log_levels.html")]
struct State {
    node: u64,
    configured: String,
    switched: Vec<Switched>,
    may_switch: bool,
    csrf: String,
}

struct Switched {
    info: SwitchedLevel,
    left: String,
}

/// Between two looks at a log.
const LOOK: Duration = Duration::from_millis(700);

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

/// Has a part of a server log otherwise for a while.
pub(crate) async fn switch(visit: Visit) -> Response {
    let (form, logs) = (&visit.form, &visit.acts().logs);
    let Ok(node) = form.raw("node").parse() else {
        return visit.refuse(&OpsError::NoNode(form.raw("node").to_owned())).await;
    };
    let level = match form.raw("level") {
        "as-configured" => Ok(None),
        name => name.parse().map(Some),
    };
    let switched = match level {
        Ok(level) => {
            let minutes = form.raw("minutes").trim().parse().unwrap_or(0);
            logs.switch(visit.actor(), node, form.raw("target").trim(), level, minutes)
                .await
        }
        Err(error) => Err(error),
    };
    match switched {
        Ok(()) => {
            let fields = [("node", form.raw("node")), ("done", "level")];
            Redirect::to(&address("/logs", &fields)).into_response()
        }
        Err(error) => show(&visit, Some(error)).await,
    }
}

async fn show(visit: &Visit, wrong: Option<OpsError>) -> Response {
    // After a form that was wrong its own server is shown.
    let fields = match wrong {
        Some(_) => &visit.form,
        None => &visit.query,
    };
    let (node, nodes) = match chosen(visit, fields).await {
        Ok(chosen) => chosen,
        Err(error) => return visit.refuse(&error).await,
    };
    let (wanted, filter_error) = wanted(&visit.query);
    let (found, unknown) = match visit.acts().logs.lines(visit.actor(), node, wanted.clone()).await {
        Ok(page) => (page, None),
        Err(error @ OpsError::Denied { .. }) => return visit.refuse(&error).await,
        Err(error) => (LogPage::default(), Some(told(&error))),
    };
    let status = match (&wrong, &filter_error) {
        (Some(error), _) => refusal::status(error),
        (None, Some(_)) => StatusCode::BAD_REQUEST,
        (None, None) => StatusCode::OK,
    };
    let page = Page {
        frame: visit.frame(t("Logs")).await,
        state: State::of(visit, node, &found),
        remembers: found.remembers,
        lines: Lines::of(found),
        events: events_path(node, &visit.query),
        levels: LogLevel::ALL,
        targets: LOG_TARGETS,
        shown: LOG_PAGE_MAX,
        minutes_max: LEVEL_MINUTES_MAX,
        part: visit.form.raw("target").to_owned(),
        minutes: match visit.form.raw("minutes") {
            "" => "15".to_owned(),
            minutes => minutes.to_owned(),
        },
        is_listed: nodes.iter().any(|known| known.id == node),
        node,
        nodes,
        wanted,
        filter_error,
        error: wrong.as_ref().map(refusal::why),
        unknown,
    };
    (status, rendered(&page)).into_response()
}

/// The server that is asked, and all that can be.
async fn chosen(visit: &Visit, fields: &Fields) -> Result<(u64, Vec<NodeInfo>), OpsError> {
    let here = visit.acts().logs.here().ok_or(OpsError::NoServer)?;
    let mut nodes = super::sessions::node_names(visit).await;
    // Alone it has no way to others that use the same database.
    nodes.retain(|node| node.id == here || node.voter.is_some());
    match fields.raw("node") {
        "" => Ok((here, nodes)),
        text => text
            .parse()
            .map(|node| (node, nodes))
            .map_err(|_| OpsError::NoNode(text.to_owned())),
    }
}

/// What is looked for, and what is wrong with that.
fn wanted(query: &Fields) -> (LogQuestion, Option<String>) {
    let (level, error) = match query.raw("level") {
        "" => (None, None),
        name => match name.parse() {
            Ok(level) => (Some(level), None),
            Err(error) => (None, Some(refusal::why(&error))),
        },
    };
    let question = LogQuestion {
        after: 0,
        level,
        target: query.get("target"),
        text: query.get("text"),
        limit: LOG_PAGE_MAX,
    };
    (question, error)
}

fn events_path(node: u64, query: &Fields) -> String {
    let fields = ["level", "target", "text"].map(|name| (name, query.get(name)));
    let node = node.to_string();
    let mut all = vec![("node", node.as_str())];
    all.extend(fields.iter().map(|(name, value)| (*name, value.as_str())));
    address("/logs/events", &all)
}

/// One browser's page, as it was last sent.
struct Live {
    node: u64,
    wanted: LogQuestion,
    state: String,
}

pub(crate) async fn events(visit: Visit) -> Response {
    let node = match chosen(&visit, &visit.query).await {
        Ok((node, _)) => node,
        Err(error) => return visit.refuse(&error).await,
    };
    let source = Live {
        node,
        wanted: wanted(&visit.query).0,
        state: String::new(),
    };
    live::stream(visit, source)
}

impl Source for Live {
    async fn changed(&mut self) -> bool {
        tokio::time::sleep(LOOK).await;
        true
    }

    async fn look(&mut self, visit: &Visit, news: &mut News) {
        let found = visit.acts().logs.lines(visit.actor(), self.node, self.wanted.clone());
        // The page says when it was not kept up to date; a server that is silent now may answer the next time.
        let Ok(found) = found.await else { return };
        news.put("levels", &State::of(visit, self.node, &found), &mut self.state);
        // A server that started anew counts anew.
        self.wanted.after = found.last;
        let lines = Lines::of(found);
        if !lines.lines.is_empty() || lines.missed > 0 {
            news.add("lines", &lines);
        }
    }
}

impl Lines {
    fn of(page: LogPage) -> Self {
        Self {
            lines: page.lines,
            missed: page.missed,
        }
    }
}

impl State {
    fn of(visit: &Visit, node: u64, page: &LogPage) -> Self {
        let switched = page.switched.iter().map(|info| Switched {
            left: words::minutes(info.left_secs),
            info: info.clone(),
        });
        Self {
            node,
            configured: page.configured.clone(),
            switched: switched.collect(),
            may_switch: matches!(visit.actor().role(), ops::Role::Owner),
            csrf: visit.visitor.token.csrf(),
        }
    }
}
