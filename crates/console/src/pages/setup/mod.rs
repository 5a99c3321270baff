//! `/setup`: from the token on the terminal to the first administrator, in steps that can be gone back to and loaded
//! again. Once there is an administrator none of these pages exists.

pub(crate) mod account;
pub(crate) mod database;
pub(crate) mod domain;
pub(crate) mod start;

use askama::Template;
use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Redirect, Response},
};

use crate::{
    Console,
    cookies::{self, Cookie},
    fields::Fields,
    guard,
    language::{Text, t, told},
    refusal::{self, Bare, rendered},
};

/// Somebody who sets the server up.
pub(super) struct Step {
    pub(super) console: Console,
    pub(super) headers: HeaderMap,
    /// What they show as the token.
    pub(super) token: String,
    pub(super) form: Fields,
    /// What their form carries.
    pub(super) form_token: String,
}

impl Step {
    /// Somebody who has shown the token.
    async fn read(console: &Console, request: Request) -> Result<Self, Response> {
        let step = Self::open(console, request).await?;
        match console.acts.setup.check(&step.token) {
            Ok(()) => Ok(step),
            Err(_) => Err(Redirect::to("/setup").into_response()),
        }
    }

    /// Anybody, as long as there is no administrator.
    async fn open(console: &Console, request: Request) -> Result<Self, Response> {
        match console.acts.setup.is_open().await {
            Ok(true) => {}
            Ok(false) => return Err(gone()),
            Err(error) => return Err(refusal::bare(refusal::status(&error), &told(&error))),
        }
        let (parts, form) = guard::sent(request).await?;
        let (headers, channel) = (parts.headers, console.channel);
        let token = Cookie::Setup.read(&headers, channel).unwrap_or_default().to_owned();
        Ok(Self {
            console: console.clone(),
            token,
            form,
            form_token: cookies::form_token(&headers, channel),
            headers,
        })
    }

    /// Whether the form is one of ours, given to this browser.
    fn is_own(&self) -> bool {
        cookies::is_own_form(&self.headers, self.console.channel, self.form.raw("csrf"))
    }

    fn show(&self, status: StatusCode, page: &impl Template) -> Response {
        let mut response = (status, rendered(page)).into_response();
        if let Some(cookie) = Cookie::Form.set(&self.form_token, self.console.channel) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }
}

const TOO_OLD: Text = Text("this form was too old, or your browser keeps no cookies; try again");

fn gone() -> Response {
    Bare(StatusCode::NOT_FOUND, t("No page has this address.")).into_response()
}
