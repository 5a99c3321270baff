//! `/sessions/announce`: saying something to everybody who is there.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use ops::{ANNOUNCEMENT_CHARS_MAX, Announcement, Audience, NodeInfo, OpsError, Role};

use crate::{
    fields::address,
    frame::Frame,
    language::{filters, t, t1},
    refusal::{self, rendered},
    visit::Visit,
};

#[derive(Template)]
#[template(path = "announce.html")]
struct Page {
    frame: Frame,
    choices: Vec<Choice>,
    accounts: String,
    subject: String,
    body: String,
    is_normal: bool,
    chars_max: usize,
    /// What came of it.
    reached: Option<Reached>,
    error: Option<String>,
}

/// To whom it may be said.
struct Choice {
    value: String,
    label: String,
    is_chosen: bool,
}

struct Reached {
    sessions: u64,
    /// How many servers did not answer.
    silent: u64,
}

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

/// Says it.
pub(crate) async fn announce(visit: Visit) -> Response {
    let Some(audience) = audience(&visit) else {
        let why = t("say to whom").to_owned();
        return show(&visit, Some((StatusCode::UNPROCESSABLE_ENTITY, why))).await;
    };
    let announcement = Announcement {
        audience,
        is_headline: visit.form.raw("kind") != "normal",
        subject: visit.form.get("subject"),
        body: visit.form.raw("body").trim().to_owned(),
    };
    match visit.acts().sessions.announce(visit.actor(), announcement).await {
        Ok(reached) => {
            let (sessions, silent) = (reached.sessions.to_string(), reached.silent.len().to_string());
            let place = address("/sessions/announce", &[("reached", &sessions), ("silent", &silent)]);
            Redirect::to(&place).into_response()
        }
        Err(error @ OpsError::Denied { .. }) => visit.refuse(&error).await,
        Err(error) => show(&visit, Some((refusal::status(&error), refusal::why(&error)))).await,
    }
}

fn audience(visit: &Visit) -> Option<Audience> {
    let to = visit.form.raw("to");
    match to.split_once(' ').unwrap_or((to, "")) {
        ("everybody", "") => Some(Audience::Everybody),
        ("accounts", "") => {
            let words = visit.form.raw("accounts").split([',', ' ', '\n', '\r', '\t', ';']);
            let named = words.filter(|word| !word.is_empty()).map(str::to_owned);
            Some(Audience::Accounts(named.collect()))
        }
        ("host", domain) if !domain.is_empty() => Some(Audience::Host(domain.to_owned())),
        ("server", number) => number.parse().ok().map(Audience::Server),
        _ => None,
    }
}

async fn show(visit: &Visit, wrong: Option<(StatusCode, String)>) -> Response {
    let hosts = match visit.acts().accounts.hosts(visit.actor()).await {
        Ok(hosts) => hosts,
        Err(error) => return visit.refuse(&error).await,
    };
    let nodes = match visit.actor().role() {
        Role::Owner => super::sessions::node_names(visit).await,
        _ => Vec::new(),
    };
    let number = |name: &str| visit.query.raw(name).parse::<u64>().ok();
    let (status, error) = wrong.map_or((StatusCode::OK, None), |(status, text)| (status, Some(text)));
    let page = Page {
        frame: visit.frame(t("Announcement")).await,
        choices: choices(visit, &hosts, &nodes),
        accounts: visit.form.raw("accounts").to_owned(),
        subject: visit.form.get("subject"),
        body: visit.form.raw("body").to_owned(),
        is_normal: visit.form.raw("kind") == "normal",
        chars_max: ANNOUNCEMENT_CHARS_MAX,
        reached: number("reached").map(|sessions| Reached {
            sessions,
            silent: number("silent").unwrap_or(0),
        }),
        error,
    };
    (status, rendered(&page)).into_response()
}

fn choices(visit: &Visit, hosts: &[String], nodes: &[NodeInfo]) -> Vec<Choice> {
    let chosen = visit.form.raw("to");
    let choice = |value: String, label: String| Choice {
        is_chosen: value == chosen,
        value,
        label,
    };
    let is_owner = *visit.actor().role() == Role::Owner;
    let everybody = is_owner.then(|| choice("everybody".to_owned(), t("everybody").to_owned()));
    let hosts = hosts.iter();
    let hosts = hosts.map(|host| choice(format!("host {host}"), t1("everybody of {0}", host)));
    let nodes = nodes.iter().filter(|node| node.voter.is_some());
    let nodes = nodes.map(|node| choice(format!("server {}", node.id), t1("everybody on server {0}", &node.name)));
    let some = choice("accounts".to_owned(), t("these accounts").to_owned());
    everybody.into_iter().chain(hosts).chain(nodes).chain([some]).collect()
}
