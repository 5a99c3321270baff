//! `/administrators`: who has power here.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{AdministratorInfo, OpsError, Role};

use crate::{
    frame::Frame,
    language::{filters, t, told},
    refusal::{self, rendered},
    visit::{Visit, done},
    words,
};

#[derive(Template)]
#[template(path = "administrators.html")]
struct Page {
    frame: Frame,
    rows: Vec<AdministratorInfo>,
    hosts: Vec<String>,
    address: String,
    error: Option<String>,
}

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

pub(crate) async fn grant(visit: Visit) -> Response {
    let role = match (visit.form.raw("role"), visit.form.get("host")) {
        ("owner", _) => Role::Owner,
        ("read-only", _) => Role::ReadOnly,
        ("host", host) => Role::Host(host),
        _ => {
            return visit
                .refuse_with(StatusCode::BAD_REQUEST, t("There is no such role. Nothing was done."))
                .await;
        }
    };
    let granted = visit
        .acts()
        .administrators
        .grant(visit.actor(), &visit.form.get("address"), &role)
        .await;
    match granted {
        Ok(()) => done("/administrators", "granted"),
        Err(error) => show(&visit, Some(error)).await,
    }
}

pub(crate) async fn revoke(visit: Visit) -> Response {
    let revoked = visit
        .acts()
        .administrators
        .revoke(visit.actor(), &visit.form.get("address"))
        .await;
    match revoked {
        Ok(()) => done("/administrators", "revoked"),
        Err(error) => show(&visit, Some(error)).await,
    }
}

/// Of somebody who has lost theirs.
pub(crate) async fn remove_second_factor(visit: Visit) -> Response {
    let address = visit.form.get("address");
    match visit.acts().second_factors.remove(visit.actor(), &address).await {
        Ok(()) => done("/administrators", "factor-removed"),
        Err(error) => show(&visit, Some(error)).await,
    }
}

async fn show(visit: &Visit, wrong: Option<OpsError>) -> Response {
    let rows = match visit.acts().administrators.list(visit.actor()).await {
        Ok(rows) => rows,
        Err(error) => return visit.refuse(&error).await,
    };
    let hosts = match visit.acts().accounts.hosts(visit.actor()).await {
        Ok(hosts) => hosts,
        Err(error) => return visit.refuse(&error).await,
    };
    let status = wrong.as_ref().map_or(StatusCode::OK, refusal::status);
    let page = Page {
        frame: visit.frame(t("Administrators")).await,
        rows,
        hosts,
        address: visit.form.get("address"),
        error: wrong.map(|error| told(&error)),
    };
    (status, rendered(&page)).into_response()
}
