//! `/accounts/{address}/offline`: messages that wait for an account.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{OpsError, Waiting, WaitingMessage};

use super::people::Person;
use crate::{
    fields::address,
    frame::Frame,
    language::{filters, t, told},
    refusal::{self, rendered},
    visit::{Visit, done},
    words,
};

#[derive(Template)]
#[template(path = "offline.html")]
struct Page {
    frame: Frame,
    person: Person,
    waiting: Waiting,
    read: Option<WaitingMessage>,
    is_first: bool,
    first: String,
    next: Option<String>,
    error: Option<String>,
}

/// Messages on a page.
const PAGE: u32 = 50;
const HERE: &str = "/offline";

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None, None).await
}

/// Shows what one message says. The record says who read it.
pub(crate) async fn read(visit: Visit) -> Response {
    let accounts = &visit.acts().accounts;
    let number = visit.form.raw("message").parse().unwrap_or(-1);
    match accounts
        .read_waiting(visit.actor(), visit.name("address"), number)
        .await
    {
        Ok(message) => show(&visit, Some(message), None).await,
        Err(error) => show(&visit, None, Some(error)).await,
    }
}

/// Deletes all, where that was ticked.
pub(crate) async fn delete(visit: Visit) -> Response {
    if !visit.form.is_set("sure") {
        let why = OpsError::Refused(t("tick the box to say that all of them may go").to_owned());
        return show(&visit, None, Some(why)).await;
    }
    let accounts = &visit.acts().accounts;
    match accounts.delete_waiting(visit.actor(), visit.name("address")).await {
        Ok(_) => {
            let path = super::account::path(visit.name("address"));
            done(&format!("{path}{HERE}"), "messages-deleted")
        }
        Err(error) => show(&visit, None, Some(error)).await,
    }
}

async fn show(visit: &Visit, read: Option<WaitingMessage>, wrong: Option<OpsError>) -> Response {
    let person = match Person::find(visit, HERE).await {
        Ok(person) => person,
        Err(response) => return response,
    };
    let after = visit.query.raw("after");
    let behind = match (after, after.parse()) {
        ("", _) => None,
        (_, Ok(number)) => Some(number),
        (_, Err(_)) => return visit.refuse(&OpsError::BadCursor).await,
    };
    let accounts = &visit.acts().accounts;
    let waiting = match accounts.waiting(visit.actor(), &person.jid, behind, PAGE).await {
        Ok(waiting) => waiting,
        Err(error) => return visit.refuse(&error).await,
    };
    let page = Page {
        frame: visit.frame(&person.jid).await,
        is_first: behind.is_none(),
        first: person.place(),
        next: waiting
            .next
            .map(|next| address(&person.place(), &[("after", &next.to_string())])),
        error: wrong.as_ref().map(told),
        waiting,
        read,
        person,
    };
    let status = wrong.as_ref().map_or(StatusCode::OK, refusal::status);
    (status, rendered(&page)).into_response()
}
