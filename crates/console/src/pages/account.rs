//! `/accounts/{address}`: one account, and what can be done with it.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{AccountInfo, Lock, OpsError, Password, SessionOn, SessionQuestion};

use super::people::Person;
use crate::{
    fields::{address, segment},
    frame::Frame,
    language::{filters, t, t1, told},
    refusal::{self, rendered},
    visit::{Visit, done},
    words,
};

#[derive(Template)]
#[template(path = "account.html")]
struct Page {
    frame: Frame,
    account: AccountInfo,
    person: Person,
    path: String,
    groups: Vec<String>,
    sessions: Vec<SessionOn>,
    silent: usize,
    password_error: Option<String>,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "account_delete.html")]
struct DeletePage {
    frame: Frame,
    account: AccountInfo,
    path: String,
    error: Option<String>,
}

/// How long an account is locked, in hours; none: until it is unlocked.
const LOCKS: [(&str, Option<i64>); 4] = [
    ("ever", None),
    ("hour", Some(1)),
    ("day", Some(24)),
    ("week", Some(168)),
];
/// Sessions shown on an account's page.
const SESSIONS: u32 = 50;
/// Bytes of the reason for a lock, at most.
const REASON_MAX: usize = 500;

/// Where an account's page is.
pub(crate) fn path(jid: &str) -> String {
    format!("/accounts/{}", segment(jid))
}

/// What could not be done, and where that is said.
enum Wrong {
    Password(String),
    Failed(OpsError),
}

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

pub(crate) async fn set_password(visit: Visit) -> Response {
    if visit.form.raw("password") != visit.form.raw("again") {
        return show(&visit, Some(Wrong::Password(t("the two passwords differ").to_owned()))).await;
    }
    let password = Password::new(visit.form.raw("password").to_owned());
    let changed = visit
        .acts()
        .accounts
        .set_password(visit.actor(), jid(&visit), &password)
        .await;
    match changed {
        Err(error @ OpsError::Password(_)) => show(&visit, Some(Wrong::Password(told(&error)))).await,
        changed => after(&visit, changed.map(|_| ()), "password").await,
    }
}

pub(crate) async fn lock(visit: Visit) -> Response {
    let wanted = visit.form.raw("until");
    let hours = LOCKS
        .iter()
        .find(|(name, _)| *name == wanted)
        .and_then(|(_, hours)| *hours);
    let mut reason = visit.form.get("reason");
    reason.truncate(reason.floor_char_boundary(REASON_MAX));
    let lock = Lock {
        reason: Some(reason).filter(|reason| !reason.is_empty()),
        until: hours.and_then(words::in_hours),
    };
    let locked = visit.acts().accounts.lock(visit.actor(), jid(&visit), &lock).await;
    after(&visit, locked.map(|_| ()), "locked").await
}

pub(crate) async fn unlock(visit: Visit) -> Response {
    let unlocked = visit.acts().accounts.unlock(visit.actor(), jid(&visit)).await;
    after(&visit, unlocked, "unlocked").await
}

pub(crate) async fn ask_to_delete(visit: Visit) -> Response {
    show_delete(&visit, None, StatusCode::OK).await
}

/// Deletes the account, where its address was typed once more.
pub(crate) async fn delete(visit: Visit) -> Response {
    let jid = jid(&visit);
    if visit.form.get("confirm") != jid {
        let why = t1("type {0} to say that this is the one", jid);
        return show_delete(&visit, Some(why), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    match visit.acts().accounts.delete(visit.actor(), jid).await {
        Ok(_) => {
            let host = jid.rsplit('@').next().unwrap_or_default();
            done_with_host(host)
        }
        Err(error) => show_delete(&visit, Some(told(&error)), refusal::status(&error)).await,
    }
}

fn done_with_host(host: &str) -> Response {
    let fields = [("host", host), ("done", "deleted")];
    axum::response::Redirect::to(&address("/accounts", &fields)).into_response()
}

fn jid(visit: &Visit) -> &str {
    visit.name("address")
}

async fn after(visit: &Visit, result: Result<(), OpsError>, notice: &'static str) -> Response {
    match result {
        Ok(()) => done(&path(jid(visit)), notice),
        Err(error) => show(visit, Some(Wrong::Failed(error))).await,
    }
}

async fn show(visit: &Visit, wrong: Option<Wrong>) -> Response {
    let account = match visit.acts().accounts.get(visit.actor(), jid(visit)).await {
        Ok(account) => account,
        Err(error) => return visit.refuse(&error).await,
    };
    let groups = match visit.acts().accounts.groups_of(visit.actor(), &account.jid).await {
        Ok(groups) => groups,
        Err(error) => return visit.refuse(&error).await,
    };
    let (mut password_error, mut error, mut status) = (None, None, StatusCode::OK);
    match wrong {
        None => {}
        Some(Wrong::Password(text)) => {
            status = StatusCode::UNPROCESSABLE_ENTITY;
            password_error = Some(text);
        }
        Some(Wrong::Failed(failed)) => {
            status = refusal::status(&failed);
            error = Some(told(&failed));
        }
    }
    // A resource can hold anything but what comes before it.
    let question = SessionQuestion {
        text: format!("{}/", account.jid),
        limit: SESSIONS,
        ..SessionQuestion::default()
    };
    let mut found = visit.acts().sessions.everywhere(visit.actor(), &question).await;
    found.sessions.retain(|on| on.session.jid.starts_with(&question.text));
    let page = Page {
        frame: visit.frame(&account.jid).await,
        person: Person::of(&account, ""),
        path: path(&account.jid),
        groups,
        account,
        sessions: found.sessions,
        silent: found.silent.len(),
        password_error,
        error,
    };
    (status, rendered(&page)).into_response()
}

async fn show_delete(visit: &Visit, error: Option<String>, status: StatusCode) -> Response {
    let account = match visit.acts().accounts.get(visit.actor(), jid(visit)).await {
        Ok(account) => account,
        Err(error) => return visit.refuse(&error).await,
    };
    let page = DeletePage {
        frame: visit.frame(t("Delete an account")).await,
        path: path(&account.jid),
        account,
        error,
    };
    (status, rendered(&page)).into_response()
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn the_path_of_an_account_has_no_character_that_means_something() {
        assert_eq!(path("alice@example.org"), "/accounts/alice@example.org");
        assert_eq!(path("..@x"), "/accounts/%2E.@x");
        assert_eq!(
            path("a%/?#;<\"\\ ä@x"),
            "/accounts/a%25%2F%3F%23%3B%3C%22%5C%20%C3%A4@x"
        );
    }
}
