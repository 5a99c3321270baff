//! `/setup`: language and token.

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Redirect, Response},
};

use super::{Step, TOO_OLD};
use crate::{
    Console, assets,
    cookies::Cookie,
    language::{self, filters, told},
};

#[derive(Template)]
#[template(path = "setup_start.html")]
struct Page<'a> {
    style: &'static str,
    icon: &'static str,
    form_token: &'a str,
    token: &'a str,
    token_error: Option<String>,
    error: Option<&'static str>,
}

pub(crate) async fn page(State(console): State<Console>, request: Request) -> Response {
    match Step::open(&console, request).await {
        Ok(step) => show(&step, StatusCode::OK, None, None),
        Err(response) => response,
    }
}

/// Takes the token, and remembers it in the browser for the steps that follow.
pub(crate) async fn begin(State(console): State<Console>, request: Request) -> Response {
    let step = match Step::open(&console, request).await {
        Ok(step) => step,
        Err(response) => return response,
    };
    if !step.is_own() {
        return show(&step, StatusCode::FORBIDDEN, None, Some(TOO_OLD.say()));
    }
    if let Err(error) = console.acts.setup.check(step.form.raw("token")) {
        return show(&step, StatusCode::FORBIDDEN, Some(told(&error)), None);
    }
    let mut response = Redirect::to("/setup/domain").into_response();
    let channel = console.channel;
    let cookies = [
        Cookie::Setup.set(console.acts.setup.token(), channel),
        language::choose(step.form.raw("language"), channel),
    ];
    for cookie in cookies.into_iter().flatten() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn show(step: &Step, status: StatusCode, token_error: Option<String>, error: Option<&'static str>) -> Response {
    let page = Page {
        style: assets::style(),
        icon: assets::icon(),
        form_token: &step.form_token,
        token: &step.form.get("token"),
        token_error,
        error,
    };
    step.show(status, &page)
}
