//! `/setup`: the first administrator, by whoever sees the server's terminal. Once there is one the page is gone.

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Response},
};
use ops::{Entered, OpsError, Password};

use crate::{
    Console, assets,
    cookies::{self, Cookie},
    door,
    fields::Fields,
    guard,
    refusal::{self, Bare, rendered},
    visit,
};

#[derive(Template)]
#[template(path = "setup.html")]
struct Page<'a> {
    style: &'static str,
    icon: &'static str,
    form_token: &'a str,
    domains: Vec<String>,
    token: &'a str,
    name: &'a str,
    domain: &'a str,
    token_error: Option<String>,
    name_error: Option<String>,
    password_error: Option<String>,
    error: Option<String>,
}

/// Beside which field something is said.
enum Wrong {
    Token(String),
    Name(String),
    Password(String),
    Other(String),
}

/// The form.
pub(crate) async fn page(State(console): State<Console>, request: Request) -> Response {
    match console.acts.setup.is_open().await {
        Ok(true) => show(&console, request.headers(), &Fields::default(), StatusCode::OK, None).await,
        Ok(false) => gone(),
        Err(error) => refusal::bare(refusal::status(&error), &error.to_string()),
    }
}

/// Makes the administrator and logs them in.
pub(crate) async fn make_owner(State(console): State<Console>, request: Request) -> Response {
    match console.acts.setup.is_open().await {
        Ok(true) => {}
        Ok(false) => return gone(),
        Err(error) => return refusal::bare(refusal::status(&error), &error.to_string()),
    }
    let peer = door::peer(&request);
    let (parts, form) = match guard::sent(request).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    let (headers, channel) = (&parts.headers, console.channel);
    if !cookies::is_own_form(headers, channel, form.raw("csrf")) {
        let why = Wrong::Other("this form was too old, or your browser keeps no cookies; try again".to_owned());
        return show(&console, headers, &form, StatusCode::FORBIDDEN, Some(why)).await;
    }
    let (address, password) = match wanted(&form) {
        Ok(wanted) => wanted,
        Err(wrong) => return show(&console, headers, &form, StatusCode::UNPROCESSABLE_ENTITY, Some(wrong)).await,
    };
    match console
        .acts
        .setup
        .make_owner(form.raw("token"), &address, &password)
        .await
    {
        Ok(()) => {}
        Err(OpsError::SetUp) => return gone(),
        Err(error) => {
            let status = match error {
                OpsError::WrongToken => StatusCode::FORBIDDEN,
                _ => refusal::status(&error),
            };
            return show(&console, headers, &form, status, Some(beside(&error))).await;
        }
    }
    let mut response = visit::done("/", "welcome");
    if let Some(peer) = peer
        && let Ok(Entered::In(token, _)) = console.acts.logins.log_in(&address, &password, peer.ip()).await
        && let Some(cookie) = Cookie::Login.set(&token.reveal(), channel)
    {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn wanted(form: &Fields) -> Result<(String, Password), Wrong> {
    let name = form.get("name");
    if name.is_empty() {
        return Err(Wrong::Name(
            "choose a name: the part of the address before the @".to_owned(),
        ));
    }
    let password = form.raw("password");
    if password != form.raw("again") {
        return Err(Wrong::Password("the two passwords differ".to_owned()));
    }
    let address = format!("{name}@{}", form.get("domain"));
    Ok((address, Password::new(password.to_owned())))
}

fn beside(error: &OpsError) -> Wrong {
    let text = error.to_string();
    match error {
        OpsError::WrongToken => Wrong::Token(text),
        OpsError::Exists(jid) => Wrong::Name(format!(
            "{text}: choose another name, or give that account power on the server: hearth admin grant {jid} --role owner"
        )),
        OpsError::NoAccountAddress(_) | OpsError::NoHost { .. } => Wrong::Name(text),
        OpsError::Password(_) => Wrong::Password(text),
        _ => Wrong::Other(text),
    }
}

async fn show(
    console: &Console,
    headers: &HeaderMap,
    form: &Fields,
    status: StatusCode,
    wrong: Option<Wrong>,
) -> Response {
    let domains = match console.acts.setup.domains().await {
        Ok(domains) => domains,
        Err(error) => return refusal::bare(refusal::status(&error), &error.to_string()),
    };
    let form_token = cookies::form_token(headers, console.channel);
    let (mut token_error, mut name_error, mut password_error, mut error) = (None, None, None, None);
    match wrong {
        Some(Wrong::Token(text)) => token_error = Some(text),
        Some(Wrong::Name(text)) => name_error = Some(text),
        Some(Wrong::Password(text)) => password_error = Some(text),
        Some(Wrong::Other(text)) => error = Some(text),
        None => {}
    }
    let page = Page {
        style: assets::style(),
        icon: assets::icon(),
        form_token: &form_token,
        domains,
        token: &form.get("token"),
        name: &form.get("name"),
        domain: &form.get("domain"),
        token_error,
        name_error,
        password_error,
        error,
    };
    let mut response = (status, rendered(&page)).into_response();
    if let Some(cookie) = Cookie::Form.set(&form_token, console.channel) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn gone() -> Response {
    Bare(StatusCode::NOT_FOUND, "No page has this address.").into_response()
}
