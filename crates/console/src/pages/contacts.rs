//! `/accounts/{address}/contacts`: an account's roster, seen and changed.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{ContactInfo, ContactPage, OpsError};

use super::people::Person;
use crate::{
    fields::address,
    frame::Frame,
    language::{filters, told},
    refusal::{self, rendered},
    visit::{Visit, done},
};

#[derive(Template)]
#[template(path = "contacts.html")]
struct Page {
    frame: Frame,
    person: Person,
    contacts: Vec<ContactInfo>,
    text: String,
    is_first: bool,
    first: String,
    next: Option<String>,
    contact: String,
    name: String,
    groups: String,
    error: Option<String>,
}

/// Contacts on a page.
const PAGE: u32 = 50;
const HERE: &str = "/contacts";

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

/// Adds a contact, or changes it.
pub(crate) async fn put(visit: Visit) -> Response {
    let groups = groups(&visit);
    let (contact, name) = (visit.form.get("contact"), visit.form.get("name"));
    let accounts = &visit.acts().accounts;
    let put = accounts.put_contact(visit.actor(), visit.name("address"), &contact, &name, &groups);
    after(&visit, put.await, "contact-set").await
}

pub(crate) async fn remove(visit: Visit) -> Response {
    let contact = visit.form.get("contact");
    let accounts = &visit.acts().accounts;
    let removed = accounts.remove_contact(visit.actor(), visit.name("address"), &contact);
    after(&visit, removed.await, "contact-removed").await
}

/// One a line.
fn groups(visit: &Visit) -> Vec<String> {
    let lines = visit.form.raw("groups").lines().map(str::trim);
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
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
    let (contacts, next) = match accounts.contacts(visit.actor(), &person.jid, &wanted).await {
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
        contact: visit.form.get("contact"),
        name: visit.form.get("name"),
        groups: visit.form.raw("groups").to_owned(),
        error: wrong.as_ref().map(told),
        contacts,
        text: text.clone(),
        person,
    };
    let status = wrong.as_ref().map_or(StatusCode::OK, refusal::status);
    (status, rendered(&page)).into_response()
}
