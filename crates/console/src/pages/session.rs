//! `/sessions/one`: one session, as it changes; and what passes it, where an owner looks into it.

use std::time::Duration;

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use ops::{Acks, INSPECTION_MINUTES_MAX, Inspected, InspectedStanza, OpsError, Role, SessionInfo, SessionOn};

use crate::{
    fields::address,
    frame::Frame,
    language::{filters, t, t1, told},
    live::{self, News, Source},
    refusal::{self, rendered},
    visit::Visit,
    words,
};

#[derive(Template)]
#[template(path = "session.html")]
struct Page {
    frame: Frame,
    jid: String,
    account: String,
    events: String,
    view: View,
    /// None where this visitor may not look into it.
    inspection: Option<InspectionView>,
    error: Option<String>,
}

/// What changes while somebody looks.
#[derive(Template)]
#[template(path = "session_live.html")]
struct View {
    session: SessionInfo,
    node: String,
    acks: &'static str,
    idle: String,
    /// Why it is not there any more.
    gone: Option<String>,
}

/// The inspector's state.
#[derive(Template)]
#[template(path = "inspection.html")]
struct InspectionView {
    jid: String,
    csrf: String,
    /// How long nobody has to say so again, in words; none where nobody looks into it.
    left: Option<String>,
    shows_text: bool,
    minutes_max: u32,
}

/// What passed.
#[derive(Template)]
#[template(path = "stanzas.html")]
struct Stanzas<'a> {
    stanzas: &'a [InspectedStanza],
}

/// Between two looks at a session.
const LOOK: Duration = Duration::from_secs(1);

/// Where a session's page is.
pub(crate) fn path(jid: &str) -> String {
    address("/sessions/one", &[("jid", jid)])
}

pub(crate) async fn page(visit: Visit) -> Response {
    let jid = visit.query.raw("jid").to_owned();
    show(&visit, &jid, None).await
}

/// Begins or ends the inspection.
pub(crate) async fn inspect(visit: Visit) -> Response {
    let (sessions, actor, jid) = (&visit.acts().sessions, visit.actor(), visit.form.raw("jid"));
    let result = match visit.form.raw("to") {
        "begin" => {
            let minutes = visit.form.raw("minutes").parse().unwrap_or(0);
            let shows_text = visit.form.is_set("text");
            sessions.inspect(actor, jid, minutes, shows_text).await
        }
        "end" => sessions.end_inspection(actor, jid).await,
        _ => {
            let why = t("An inspection begins or ends. Nothing was done.");
            return visit.refuse_with(StatusCode::BAD_REQUEST, why).await;
        }
    };
    match result {
        Ok(()) => Redirect::to(&path(jid)).into_response(),
        Err(error) => show(&visit, jid, Some(error)).await,
    }
}

async fn show(visit: &Visit, jid: &str, wrong: Option<OpsError>) -> Response {
    let (found, inspection, names) = tokio::join!(
        visit.acts().sessions.find(visit.actor(), jid),
        inspection(visit, jid, 0),
        super::sessions::node_names(visit),
    );
    let view = match found {
        Ok(on) => View::of(on, |node| super::sessions::name(&names, node)),
        Err(error) => return visit.refuse(&error).await,
    };
    let status = wrong.as_ref().map_or(StatusCode::OK, refusal::status);
    let page = Page {
        frame: visit.frame(t("Session")).await,
        account: super::account::path(jid.split('/').next().unwrap_or_default()),
        events: address("/sessions/one/events", &[("jid", jid)]),
        inspection: inspection.map(|inspected| InspectionView::of(visit, jid, &inspected)),
        jid: jid.to_owned(),
        view,
        error: wrong.as_ref().map(refusal::why),
    };
    (status, rendered(&page)).into_response()
}

/// What has passed behind this number; none where this visitor may not know.
async fn inspection(visit: &Visit, jid: &str, after: u64) -> Option<Inspected> {
    if *visit.actor().role() != Role::Owner {
        return None;
    }
    let inspected = visit.acts().sessions.inspected(visit.actor(), jid, after).await;
    Some(inspected.unwrap_or_default())
}

/// One browser's page, as it was last sent.
struct Live {
    jid: String,
    seen: u64,
    view: String,
    inspection: String,
    is_over: bool,
}

pub(crate) async fn events(visit: Visit) -> Response {
    let jid = visit.query.raw("jid").to_owned();
    if let Err(error) = visit.acts().sessions.find(visit.actor(), &jid).await {
        return visit.refuse(&error).await;
    }
    let source = Live {
        jid,
        seen: 0,
        view: String::new(),
        inspection: String::new(),
        is_over: false,
    };
    live::stream(visit, source)
}

impl Source for Live {
    async fn changed(&mut self) -> bool {
        tokio::time::sleep(LOOK).await;
        !self.is_over
    }

    async fn look(&mut self, visit: &Visit, news: &mut News) {
        let (found, inspected) = tokio::join!(
            visit.acts().sessions.find(visit.actor(), &self.jid),
            inspection(visit, &self.jid, self.seen),
        );
        match found {
            Ok(on) => {
                let names = super::sessions::node_names(visit).await;
                let view = View::of(on, |node| super::sessions::name(&names, node));
                news.put("session", &view, &mut self.view);
            }
            Err(error) => {
                self.is_over = matches!(error, OpsError::NoSession(_) | OpsError::Denied { .. });
                news.put("session", &View::gone(&self.jid, told(&error)), &mut self.view);
            }
        }
        let Some(inspected) = inspected else { return };
        let view = InspectionView::of(visit, &self.jid, &inspected);
        news.put("inspection", &view, &mut self.inspection);
        match inspected.stanzas.last() {
            Some(last) => {
                self.seen = last.number;
                let stanzas = &inspected.stanzas;
                news.add("stanzas", &Stanzas { stanzas });
            }
            // Whoever looks into it anew counts from the beginning.
            None if inspected.left_secs.is_none() => self.seen = 0,
            None => {}
        }
    }
}

impl View {
    fn of(on: SessionOn, name: impl Fn(u64) -> String) -> Self {
        let session = on.session;
        Self {
            node: name(on.node),
            acks: match session.acks {
                Acks::Off => t("off: what is lost on the way is lost"),
                Acks::On => t("on: stanzas are acknowledged"),
                Acks::Resumable => t("on: stanzas are acknowledged, and the client may come back"),
            },
            idle: words::span(words::secs_between(session.heard_at, words::now())),
            session,
            gone: None,
        }
    }

    fn gone(jid: &str, why: String) -> Self {
        let session = SessionInfo {
            jid: jid.to_owned(),
            ..SessionInfo::default()
        };
        let mut view = Self::of(SessionOn { node: 0, session }, |_| String::new());
        view.gone = Some(why);
        view
    }
}

impl InspectionView {
    fn of(visit: &Visit, jid: &str, inspected: &Inspected) -> Self {
        Self {
            jid: jid.to_owned(),
            csrf: visit.visitor.token.csrf(),
            left: inspected.left_secs.map(|secs| match secs / 60 {
                0 => t("less than a minute").to_owned(),
                minutes => t1("{0} minutes", minutes + 1),
            }),
            shows_text: inspected.shows_text,
            minutes_max: INSPECTION_MINUTES_MAX,
        }
    }
}
