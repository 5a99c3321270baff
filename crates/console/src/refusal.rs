//! Pages that say no.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use ops::OpsError;

use crate::{
    assets,
    frame::Frame,
    language::{filters, t, told},
};

/// A refusal for somebody who may not be logged in: a status, and why.
pub(crate) struct Bare(pub(crate) StatusCode, pub(crate) &'static str);

#[derive(Template)]
#[template(path = "bare.html")]
struct BarePage<'a> {
    style: &'static str,
    icon: &'static str,
    title: &'a str,
    why: &'a str,
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct FramedPage<'a> {
    frame: Frame,
    why: &'a str,
}

/// A refusal without menu and banner.
pub(crate) fn bare(status: StatusCode, why: &str) -> Response {
    let page = BarePage {
        style: assets::style(),
        icon: assets::icon(),
        title: title(status),
        why,
    };
    (status, rendered(&page)).into_response()
}

/// A refusal within the frame.
pub(crate) fn framed(mut frame: Frame, status: StatusCode, why: &str) -> Response {
    frame.title = title(status).to_owned();
    (status, rendered(&FramedPage { frame, why })).into_response()
}

/// What an error of an act is in HTTP.
pub(crate) fn status(error: &OpsError) -> StatusCode {
    match error {
        OpsError::Denied { .. } => StatusCode::FORBIDDEN,
        OpsError::NoHost { .. }
        | OpsError::NoAccount(_)
        | OpsError::NoProperty { .. }
        | OpsError::NoNode(_)
        | OpsError::NoGroup(_)
        | OpsError::NoMember(_)
        | OpsError::NoMessage
        | OpsError::NoCache(_)
        | OpsError::NoSession(_)
        | OpsError::NoSessionAddress(_)
        | OpsError::NoToken(_)
        | OpsError::NoChange(_)
        | OpsError::NoAccountAddress(_) => StatusCode::NOT_FOUND,
        OpsError::TooManyCodes => StatusCode::TOO_MANY_REQUESTS,
        OpsError::BadCursor => StatusCode::BAD_REQUEST,
        error if error.is_unavailable() => StatusCode::SERVICE_UNAVAILABLE,
        OpsError::Storage(_) => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// Why something was not done, in the language of the request.
pub(crate) fn why(error: &OpsError) -> String {
    match error {
        OpsError::Unusable { what, why } => format!("{} {}", told(what), told(why)),
        error => told(error),
    }
}

/// A page in HTML.
pub(crate) fn rendered(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => t("This is not understood"),
        StatusCode::UNAUTHORIZED => t("Please log in"),
        StatusCode::FORBIDDEN => t("Not allowed"),
        StatusCode::NOT_FOUND => t("There is nothing here"),
        StatusCode::SERVICE_UNAVAILABLE => t("The database does not answer"),
        _ => t("This did not work"),
    }
}

impl IntoResponse for Bare {
    fn into_response(self) -> Response {
        bare(self.0, self.1)
    }
}
