//! `/login/code`: the second half of a login.

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Redirect, Response},
};
use ops::NoLogin;

use super::login;
use crate::{
    Console, assets,
    cookies::{self, Cookie},
    door,
    fields::Fields,
    guard,
    language::{filters, t, told},
    refusal::{Bare, rendered},
};

#[derive(Template)]
#[template(path = "code.html")]
struct Page<'a> {
    style: &'static str,
    icon: &'static str,
    form_token: &'a str,
    next: &'a str,
    error: Option<String>,
}

/// The form, for whoever has shown a password.
pub(crate) async fn page(State(console): State<Console>, request: Request) -> Response {
    let token = cookies::code(request.headers(), console.channel);
    let is_waiting = match token {
        Some(token) => console.acts.logins.is_waiting(&token).await.unwrap_or(false),
        None => false,
    };
    if !is_waiting {
        return Redirect::to("/login").into_response();
    }
    let query = Fields::read(request.uri().query().unwrap_or_default().as_bytes());
    show(&console, request.headers(), &query, StatusCode::OK, None)
}

/// Somebody has typed a code.
pub(crate) async fn enter(State(console): State<Console>, request: Request) -> Response {
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
    let Some(waiting) = cookies::code(headers, channel) else {
        return Redirect::to("/login").into_response();
    };
    match console
        .acts
        .logins
        .enter_code(&waiting, form.raw("code"), peer.ip())
        .await
    {
        Ok((token, actor)) => {
            tracing::info!(%actor, address = %peer.ip(), "an administrator has logged in");
            let mut response = login::admitted(&console, headers, &token, form.raw("next")).await;
            if let Some(cookie) = Cookie::Code.unset(channel) {
                response.headers_mut().append(SET_COOKIE, cookie);
            }
            response
        }
        Err(NoLogin::TooLate) => Redirect::to("/login").into_response(),
        Err(error) => {
            let status = match error {
                NoLogin::NotNow(_) => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::UNAUTHORIZED,
            };
            show(&console, headers, &form, status, Some(told(&error)))
        }
    }
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
        next: login::inside(fields.raw("next")),
        error,
    };
    let mut response = (status, rendered(&page)).into_response();
    if let Some(cookie) = Cookie::Form.set(&form_token, console.channel) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
