//! `/setup/domain`: the domain, and how it would do.

use askama::Template;
use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use ops::Finding;

use super::{Step, TOO_OLD};
use crate::{
    Console, assets,
    language::{filters, told},
    refusal,
};

#[derive(Template)]
#[template(path = "setup_domain.html")]
struct Page<'a> {
    style: &'static str,
    icon: &'static str,
    form_token: &'a str,
    domain: &'a str,
    fixed_by: Option<String>,
    findings: Vec<Finding>,
    error: Option<String>,
}

pub(crate) async fn page(State(console): State<Console>, request: Request) -> Response {
    match Step::read(&console, request).await {
        Ok(step) => show(&step, StatusCode::OK, Vec::new(), None).await,
        Err(response) => response,
    }
}

/// Looks at the domain, or chooses it.
pub(crate) async fn choose(State(console): State<Console>, request: Request) -> Response {
    let step = match Step::read(&console, request).await {
        Ok(step) => step,
        Err(response) => return response,
    };
    if !step.is_own() {
        return show(&step, StatusCode::FORBIDDEN, Vec::new(), Some(TOO_OLD.to_string())).await;
    }
    let (setup, domain) = (&console.acts.setup, step.form.get("domain"));
    let done = if step.form.raw("do") == "check" {
        setup.look_at_domain(&step.token, &domain).await.map(Some)
    } else {
        setup.choose_domain(&step.token, &domain).await.map(|()| None)
    };
    match done {
        Ok(None) => Redirect::to("/setup/database").into_response(),
        Ok(Some(findings)) => show(&step, StatusCode::OK, findings, None).await,
        Err(error) => {
            let status = refusal::status(&error);
            show(&step, status, Vec::new(), Some(told(&error))).await
        }
    }
}

async fn show(step: &Step, status: StatusCode, findings: Vec<Finding>, error: Option<String>) -> Response {
    let info = match step.console.acts.setup.info().await {
        Ok(info) => info,
        Err(error) => return refusal::bare(refusal::status(&error), &told(&error)),
    };
    let typed = step.form.get("domain");
    let page = Page {
        style: assets::style(),
        icon: assets::icon(),
        form_token: &step.form_token,
        domain: if typed.is_empty() { &info.domain } else { &typed },
        fixed_by: info.configured.domains_by,
        findings,
        error,
    };
    step.show(status, &page)
}
