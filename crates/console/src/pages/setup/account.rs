//! `/setup/account`: the first administrator.

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Redirect, Response},
};
use ops::{Entered, OpsError, Password};

use super::{Step, TOO_OLD, gone};
use crate::{
    Console, assets,
    cookies::Cookie,
    door,
    fields::Fields,
    language::{filters, t, t1, t2, told},
    refusal,
};

#[derive(Template)]
#[template(path = "setup_account.html")]
struct Page<'a> {
    style: &'static str,
    icon: &'static str,
    form_token: &'a str,
    life: &'a str,
    domains: Vec<String>,
    name: &'a str,
    domain: &'a str,
    name_error: Option<String>,
    password_error: Option<String>,
    error: Option<String>,
}

/// Beside which field something is said.
enum Wrong {
    Name(String),
    Password(String),
    Other(String),
}

pub(crate) async fn page(State(console): State<Console>, request: Request) -> Response {
    match Step::read(&console, request).await {
        Ok(step) => show(&step, StatusCode::OK, None).await,
        Err(response) => response,
    }
}

/// Makes the administrator and logs them in.
pub(crate) async fn make_owner(State(console): State<Console>, request: Request) -> Response {
    let peer = door::peer(&request);
    let step = match Step::read(&console, request).await {
        Ok(step) => step,
        Err(response) => return response,
    };
    if !step.is_own() {
        return show(&step, StatusCode::FORBIDDEN, Some(Wrong::Other(TOO_OLD.to_string()))).await;
    }
    let (address, password) = match wanted(&step.form) {
        Ok(wanted) => wanted,
        Err(wrong) => return show(&step, StatusCode::UNPROCESSABLE_ENTITY, Some(wrong)).await,
    };
    let (setup, channel) = (&console.acts.setup, console.channel);
    match setup.make_owner(&step.token, &address, &password).await {
        Ok(()) => {}
        Err(OpsError::SetUp) => return gone(),
        Err(error) => return show(&step, refusal::status(&error), Some(beside(&error))).await,
    }
    let mut response = Redirect::to("/welcome").into_response();
    let mut cookies = vec![Cookie::Setup.unset(channel), Cookie::Form.unset(channel)];
    if let Some(peer) = peer
        && let Ok(Entered::In(token, _)) = console.acts.logins.log_in(&address, &password, peer.ip()).await
    {
        cookies.push(Cookie::Login.set(&token.reveal(), channel));
    }
    for cookie in cookies.into_iter().flatten() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn wanted(form: &Fields) -> Result<(String, Password), Wrong> {
    let name = form.get("name");
    if name.is_empty() {
        return Err(Wrong::Name(
            t("choose a name: the part of the address before the @").to_owned(),
        ));
    }
    let password = form.raw("password");
    if password != form.raw("again") {
        return Err(Wrong::Password(t("the two passwords differ").to_owned()));
    }
    Ok((
        format!("{name}@{}", form.get("domain")),
        Password::new(password.to_owned()),
    ))
}

fn beside(error: &OpsError) -> Wrong {
    let text = told(error);
    match error {
        OpsError::Exists(jid) => Wrong::Name(t2(
            "{0}: choose another name, or give that account power on the server: hearth admin grant {1} --role owner",
            text,
            jid,
        )),
        OpsError::LooksLike { other } => Wrong::Name(t1(
            "this name looks like {0}, which is there already: choose another one",
            other,
        )),
        OpsError::NoAccountAddress(_) | OpsError::NoHost { .. } => Wrong::Name(text),
        OpsError::Password(_) => Wrong::Password(text),
        _ => Wrong::Other(text),
    }
}

async fn show(step: &Step, status: StatusCode, wrong: Option<Wrong>) -> Response {
    let domains = match step.console.acts.setup.domains().await {
        Ok(domains) => domains,
        Err(error) => return refusal::bare(refusal::status(&error), &told(&error)),
    };
    let (mut name_error, mut password_error, mut error) = (None, None, None);
    match wrong {
        Some(Wrong::Name(text)) => name_error = Some(text),
        Some(Wrong::Password(text)) => password_error = Some(text),
        Some(Wrong::Other(text)) => error = Some(text),
        None => {}
    }
    let page = Page {
        style: assets::style(),
        icon: assets::icon(),
        form_token: &step.form_token,
        life: step.console.acts.setup.life(),
        domains,
        name: &step.form.get("name"),
        domain: &step.form.get("domain"),
        name_error,
        password_error,
        error,
    };
    step.show(status, &page)
}
