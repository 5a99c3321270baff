//! `/tokens`: what programs use the REST API with.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{OpsError, Role, TokenInfo, TokenWish};

use crate::{
    frame::Frame,
    language::{filters, t, t1, told},
    refusal::{self, rendered},
    visit::{Visit, done},
    words,
};

#[derive(Template)]
#[template(path = "tokens.html")]
struct Page {
    frame: Frame,
    rows: Vec<TokenInfo>,
    hosts: Vec<String>,
    /// A token that was just made: shown now, and never again.
    made: Option<String>,
    name: String,
    role: String,
    days: String,
    name_error: Option<String>,
    days_error: Option<String>,
    error: Option<String>,
}

/// What came of a form.
enum Outcome {
    Nothing,
    Made(String),
    BadDays,
    Failed(OpsError),
}

/// Days until a token ends, at most: ten years.
const DAYS_MAX: i64 = 3_650;
const DAY_MICROS: i64 = 86_400_000_000;

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, Outcome::Nothing).await
}

/// Makes one. The answer itself shows it: nothing keeps it that another page could be made from.
pub(crate) async fn add(visit: Visit) -> Response {
    let role = match (visit.form.raw("role"), visit.form.get("host")) {
        ("owner", _) => Role::Owner,
        ("read-only", _) => Role::ReadOnly,
        ("host", host) => Role::Host(host),
        _ => {
            return visit
                .refuse_with(StatusCode::BAD_REQUEST, t("There is no such role. Nothing was done."))
                .await;
        }
    };
    let Ok(expires_at) = end(&visit.form.get("days")) else {
        return show(&visit, Outcome::BadDays).await;
    };
    let wish = TokenWish {
        name: visit.form.get("name"),
        role,
        expires_at,
        owner: None,
    };
    match visit.acts().tokens.make(visit.actor(), &wish).await {
        Ok((token, _)) => show(&visit, Outcome::Made(token)).await,
        Err(error) => show(&visit, Outcome::Failed(error)).await,
    }
}

pub(crate) async fn revoke(visit: Visit) -> Response {
    let name = visit.form.get("name");
    match visit.acts().tokens.revoke(visit.actor(), &name).await {
        Ok(()) => done("/tokens", "ended"),
        Err(error) => show(&visit, Outcome::Failed(error)).await,
    }
}

/// When a token ends that is to last for so many days; an empty field: never.
fn end(days: &str) -> Result<Option<i64>, ()> {
    match days.parse() {
        _ if days.is_empty() => Ok(None),
        Ok(days @ 1..=DAYS_MAX) => Ok(Some(words::now() + days * DAY_MICROS)),
        _ => Err(()),
    }
}

async fn show(visit: &Visit, outcome: Outcome) -> Response {
    let rows = match visit.acts().tokens.list(visit.actor()).await {
        Ok(rows) => rows,
        Err(error) => return visit.refuse(&error).await,
    };
    let hosts = match visit.acts().accounts.hosts(visit.actor()).await {
        Ok(hosts) => hosts,
        Err(error) => return visit.refuse(&error).await,
    };
    let mut page = Page {
        frame: visit.frame(t("API tokens")).await,
        rows,
        hosts,
        made: None,
        name: visit.form.get("name"),
        role: visit.form.get("role"),
        days: visit.form.get("days"),
        name_error: None,
        days_error: None,
        error: None,
    };
    let mut status = StatusCode::OK;
    match outcome {
        Outcome::Nothing => page.days = "90".to_owned(),
        Outcome::Made(token) => {
            page.made = Some(token);
            page.name.clear();
        }
        Outcome::BadDays => {
            status = StatusCode::UNPROCESSABLE_ENTITY;
            page.days_error = Some(t1("days are a number from 1 to {0}, or empty: it never ends", DAYS_MAX));
        }
        Outcome::Failed(error @ (OpsError::TokenName | OpsError::TokenExists(_))) => {
            status = refusal::status(&error);
            page.name_error = Some(told(&error));
        }
        Outcome::Failed(error) => {
            status = refusal::status(&error);
            page.error = Some(told(&error));
        }
    }
    (status, rendered(&page)).into_response()
}
