//! `/accounts/{address}/blocked`: whom an account blocks (XEP-0191), seen and changed.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{ContactPage, OpsError};

use super::people::Person;
use crate::{
    fields::address,
    frame::Frame,
    language::{filters, told},
    refusal::{self, rendered},
    visit::{Visit, done},
};

#[derive(Template)]
#[template(path = "blocked.html")]
struct Page {
    frame: Frame,
    person: Person,
    blocked: Vec<String>,
    text: String,
    is_first: bool,
    first: String,
    next: Option<String>,
    typed: String,
    error: Option<String>,
}

/// Addresses on a page.
const PAGE: u32 = 100;
const HERE: &str = "/blocked";

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

pub(crate) async fn block(visit: Visit) -> Response {
    let (accounts, jid) = (&visit.acts().accounts, visit.form.get("jid"));
    let blocked = accounts.block(visit.actor(), visit.name("address"), &jid).await;
    after(&visit, blocked, "blocked").await
}

pub(crate) async fn unblock(visit: Visit) -> Response {
    let (accounts, jid) = (&visit.acts().accounts, visit.form.get("jid"));
    let unblocked = accounts.unblock(visit.actor(), visit.name("address"), &jid).await;
    after(&visit, unblocked, "unblocked-address").await
}

async fn after(visit: &Visit, result: Result<(), OpsError>, notice: &'static str) -> Response {
    match result {
        Ok(()) => done(
            &format!("{}{HERE}", super::account::path(visit.name("address"))),
            notice,
        ),
        Err(error) => show(visit, Some(error)).await,
    }
}

async fn show(visit: &Visit, wrong: Option<OpsError>) -> Response {
    let person = match Person::find(visit, HERE).await {
        Ok(person) => person,
        Err(response) => return response,
    };
    let text = visit.query.get("text");
    let wanted = ContactPage {
        text: text.clone(),
        after: visit.query.raw("after").to_owned(),
        limit: PAGE,
    };
    let accounts = &visit.acts().accounts;
    let (blocked, next) = match accounts.blocked(visit.actor(), &person.jid, &wanted).await {
        Ok(found) => found,
        Err(error) => return visit.refuse(&error).await,
    };
    let place = person.place();
    let at = |after: &str| address(&place, &[("text", text.as_str()), ("after", after)]);
    let page = Page {
        frame: visit.frame(&person.jid).await,
        is_first: wanted.after.is_empty(),
        first: at(""),
        next: next.map(|next| at(&next)),
        typed: visit.form.get("jid"),
        error: wrong.as_ref().map(told),
        blocked,
        text: text.clone(),
        person,
    };
    let status = wrong.as_ref().map_or(StatusCode::OK, refusal::status);
    (status, rendered(&page)).into_response()
}
