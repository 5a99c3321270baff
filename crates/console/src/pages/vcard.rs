//! `/accounts/{address}/vcard`: an account's vCard (XEP-0054), seen and changed.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{Card, CardInfo, OpsError};

use super::people::Person;
use crate::{
    fields::Fields,
    frame::Frame,
    language::{Text, filters, told},
    refusal::{self, rendered},
    visit::{Visit, done},
    words,
};

#[derive(Template)]
#[template(path = "vcard.html")]
struct Page {
    frame: Frame,
    person: Person,
    info: CardInfo,
    fields: Vec<Field>,
    error: Option<String>,
}

/// A field of the form.
struct Field {
    name: &'static str,
    label: Text,
    value: String,
}

const HERE: &str = "/vcard";

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

pub(crate) async fn set(visit: Visit) -> Response {
    let accounts = &visit.acts().accounts;
    let set = accounts
        .set_card(visit.actor(), visit.name("address"), &card(&visit.form))
        .await;
    match set {
        Ok(()) => {
            let path = super::account::path(visit.name("address"));
            done(&format!("{path}{HERE}"), "vcard-set")
        }
        Err(error) => show(&visit, Some(error)).await,
    }
}

fn card(form: &Fields) -> Card {
    Card {
        full_name: form.get("full_name"),
        nickname: form.get("nickname"),
        email: form.get("email"),
        phone: form.get("phone"),
        organisation: form.get("organisation"),
        title: form.get("title"),
        url: form.get("url"),
        birthday: form.get("birthday"),
        description: form.get("description"),
    }
}

fn fields(card: &Card) -> Vec<Field> {
    let field = |(name, label, value): (&'static str, Text, &String)| Field {
        name,
        label,
        value: value.clone(),
    };
    [
        ("full_name", Text("Full name"), &card.full_name),
        ("nickname", Text("Nickname"), &card.nickname),
        ("email", Text("Email"), &card.email),
        ("phone", Text("Telephone"), &card.phone),
        ("organisation", Text("Organisation"), &card.organisation),
        ("title", Text("Title"), &card.title),
        ("url", Text("Web page"), &card.url),
        ("birthday", Text("Birthday"), &card.birthday),
        ("description", Text("Description"), &card.description),
    ]
    .map(field)
    .into()
}

async fn show(visit: &Visit, wrong: Option<OpsError>) -> Response {
    let person = match Person::find(visit, HERE).await {
        Ok(person) => person,
        Err(response) => return response,
    };
    let info = match visit.acts().accounts.card(visit.actor(), &person.jid).await {
        Ok(info) => info,
        Err(error) => return visit.refuse(&error).await,
    };
    let shown = match wrong {
        Some(_) => card(&visit.form),
        None => info.card.clone(),
    };
    let page = Page {
        frame: visit.frame(&person.jid).await,
        fields: fields(&shown),
        error: wrong.as_ref().map(told),
        info,
        person,
    };
    let status = wrong.as_ref().map_or(StatusCode::OK, refusal::status);
    (status, rendered(&page)).into_response()
}
