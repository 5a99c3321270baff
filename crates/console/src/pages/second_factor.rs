//! `/me/second-factor`: setting one up, and taking it away.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use ops::{Enrolment, OpsError};

use crate::{
    frame::Frame,
    language::{filters, t, told},
    picture::{self, Picture},
    refusal::{self, rendered},
    visit::{Visit, done},
};

#[derive(Template)]
#[template(path = "second_factor.html")]
struct Page {
    frame: Frame,
    enrolment: Option<Enrolment>,
    picture: Option<Picture>,
    is_required: bool,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct CodesPage {
    frame: Frame,
    codes: Vec<String>,
    /// Whether the second factor was set up just now.
    is_first: bool,
}

/// The secret that is to be confirmed, or a button to begin with.
pub(crate) async fn page(visit: Visit) -> Response {
    if visit.visitor.has_second_factor {
        return Redirect::to("/me").into_response();
    }
    show(&visit, None).await
}

pub(crate) async fn begin(visit: Visit) -> Response {
    match visit.acts().second_factors.begin(visit.actor()).await {
        Ok(()) => Redirect::to("/me/second-factor").into_response(),
        Err(error) => visit.refuse(&error).await,
    }
}

/// The first code. What is good once is shown now, and never again.
pub(crate) async fn confirm(visit: Visit) -> Response {
    let code = visit.form.raw("code");
    match visit.acts().second_factors.confirm(visit.actor(), code).await {
        Ok(codes) => show_codes(&visit, codes, true).await,
        Err(error @ (OpsError::WrongCode | OpsError::TooManyCodes)) => show(&visit, Some(error)).await,
        Err(error) => visit.refuse(&error).await,
    }
}

pub(crate) async fn renew_codes(visit: Visit) -> Response {
    match visit.acts().second_factors.renew_recovery(visit.actor()).await {
        Ok(codes) => show_codes(&visit, codes, false).await,
        Err(error) => visit.refuse(&error).await,
    }
}

pub(crate) async fn remove(visit: Visit) -> Response {
    let own = visit.actor().to_string();
    match visit.acts().second_factors.remove(visit.actor(), &own).await {
        Ok(()) => done("/me", "factor-removed"),
        Err(error) => visit.refuse(&error).await,
    }
}

async fn show(visit: &Visit, wrong: Option<OpsError>) -> Response {
    let enrolment = match visit.acts().second_factors.pending(visit.actor()).await {
        Ok(enrolment) => enrolment,
        Err(error) => return visit.refuse(&error).await,
    };
    let status = wrong.as_ref().map_or(StatusCode::OK, refusal::status);
    let page = Page {
        frame: visit.frame(t("Set up a second factor")).await,
        picture: enrolment.as_ref().and_then(|enrolment| picture::of(&enrolment.uri)),
        enrolment,
        is_required: visit.visitor.is_factor_required,
        error: wrong.map(|error| told(&error)),
    };
    (status, rendered(&page)).into_response()
}

async fn show_codes(visit: &Visit, codes: Vec<String>, is_first: bool) -> Response {
    rendered(&CodesPage {
        frame: visit.frame(t("Recovery codes")).await,
        codes,
        is_first,
    })
}
