//! `/login`, `/logout`.

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Redirect, Response},
};
use ops::{Entered, NoLogin, OpsError, Password, Token};

use crate::{
    Console, assets,
    cookies::{self, Cookie},
    door,
    fields::{Fields, address},
    guard,
    language::{filters, t, told},
    refusal::{self, Bare, rendered},
    visit::Visit,
};

#[derive(Template)]
#[template(path = "login.html")]
struct Page<'a> {
    style: &'static str,
    icon: &'static str,
    form_token: &'a str,
    address: &'a str,
    next: &'a str,
    error: Option<String>,
}

/// The form. Who is to make the first administrator gets another one.
pub(crate) async fn page(State(console): State<Console>, request: Request) -> Response {
    if console.acts.setup.is_open().await.unwrap_or(false) {
        return Redirect::to("/setup").into_response();
    }
    let query = Fields::read(request.uri().query().unwrap_or_default().as_bytes());
    show(&console, request.headers(), &query, StatusCode::OK, None)
}

/// Somebody logs in. Whatever they had before is worth nothing afterwards.
pub(crate) async fn log_in(State(console): State<Console>, request: Request) -> Response {
    let Some(peer) = door::peer(&request) else {
        return Bare(StatusCode::FORBIDDEN, t("It is not known where this comes from.")).into_response();
    };
    let (parts, form) = match guard::sent(request).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    let (headers, channel) = (&parts.headers, console.channel);
    if !cookies::is_own_form(headers, channel, form.raw("csrf")) {
        let why = t("this form was too old, or your browser keeps no cookies; try again").to_owned();
        return show(&console, headers, &form, StatusCode::FORBIDDEN, Some(why));
    }
    let password = Password::new(form.raw("password").to_owned());
    let logins = &console.acts.logins;
    match logins.log_in(form.raw("address"), &password, peer.ip()).await {
        Ok(Entered::In(token, actor)) => {
            tracing::info!(%actor, address = %peer.ip(), "an administrator has logged in");
            admitted(&console, headers, &token, form.raw("next")).await
        }
        Ok(Entered::Code(token)) => {
            let place = address("/login/code", &[("next", inside(form.raw("next")))]);
            let mut response = Redirect::to(&place).into_response();
            if let Some(cookie) = Cookie::Code.set(&token.reveal(), channel) {
                response.headers_mut().append(SET_COOKIE, cookie);
            }
            response
        }
        Err(error) => {
            let status = match error {
                NoLogin::NotNow(_) => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::UNAUTHORIZED,
            };
            show(&console, headers, &form, status, Some(told(&error)))
        }
    }
}

/// Gives somebody their login. What they had before is worth nothing any more.
pub(super) async fn admitted(console: &Console, headers: &HeaderMap, token: &Token, next: &str) -> Response {
    let channel = console.channel;
    if let Some(before) = cookies::login(headers, channel)
        && let Err(error) = console.acts.logins.forget(&before).await
    {
        tracing::warn!(%error, "a login before this one goes on until it expires");
    }
    let mut response = Redirect::to(inside(next)).into_response();
    let cookies = [Cookie::Login.set(&token.reveal(), channel), Cookie::Form.unset(channel)];
    for cookie in cookies.into_iter().flatten() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Somebody logs out.
pub(crate) async fn log_out(visit: Visit) -> Response {
    let ended: Result<(), OpsError> = visit.acts().logins.log_out(visit.actor(), &visit.visitor.token).await;
    if let Err(error) = ended {
        return refusal::bare(refusal::status(&error), &told(&error));
    }
    let mut response = Redirect::to("/login").into_response();
    if let Some(cookie) = Cookie::Login.unset(visit.console.channel) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn show(
    console: &Console,
    headers: &HeaderMap,
    fields: &Fields,
    status: StatusCode,
    error: Option<String>,
) -> Response {
    let form_token = cookies::form_token(headers, console.channel);
    let page = Page {
        style: assets::style(),
        icon: assets::icon(),
        form_token: &form_token,
        address: &fields.get("address"),
        next: inside(fields.raw("next")),
        error,
    };
    let mut response = (status, rendered(&page)).into_response();
    if let Some(cookie) = Cookie::Form.set(&form_token, console.channel) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// A place of the console, whatever was asked for: what could lead out of it leads to its first page.
pub(super) fn inside(next: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%?=&+@,".contains(&byte);
    let is_path = next.starts_with('/') && !next.contains("//") && next.bytes().all(is_plain);
    if is_path { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn nothing_leads_out_of_the_console() {
        for path in ["/accounts", "/accounts?host=a.example&prefix=x%20y", "/cluster/nodes/3"] {
            assert_eq!(inside(path), path);
        }
        for trick in [
            "",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https:evil.example",
            "https://evil.example",
            "/x//evil",
            "javascript:alert(1)",
            "/x\r\nSet-Cookie: a=b",
            "/\t/evil.example",
            " /accounts",
            "/ä",
        ] {
            assert_eq!(inside(trick), "/", "{trick:?}");
        }
    }
}
