//! `/hosts/{host}`: a host is not to be served any more: for a while, or for good.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{HostInfo, OpsError};

use crate::{
    fields::segment,
    frame::Frame,
    language::{filters, t, t1, told},
    refusal::{self, rendered},
    visit::{Visit, done},
};

#[derive(Template)]
#[template(path = "host_end.html")]
struct Page {
    frame: Frame,
    host: HostInfo,
    path: String,
    disable_error: Option<String>,
    delete_error: Option<String>,
}

/// Why one of the two was not done.
enum Wrong {
    Disable(StatusCode, String),
    Delete(StatusCode, String),
}

/// Where a host's page is.
pub(super) fn path(domain: &str) -> String {
    format!("/hosts/{}", segment(domain))
}

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

/// Serves it no more.
pub(crate) async fn disable(visit: Visit) -> Response {
    if !visit.form.is_set("confirm") {
        let why = t("tick the box to say that this host is not to be served").to_owned();
        return show(&visit, Some(Wrong::Disable(StatusCode::UNPROCESSABLE_ENTITY, why))).await;
    }
    match visit.acts().hosts.disable(visit.actor(), visit.name("host")).await {
        Ok(()) => done("/hosts", "host-disabled"),
        Err(error) => show(&visit, Some(Wrong::Disable(refusal::status(&error), told(&error)))).await,
    }
}

/// Serves it again.
pub(crate) async fn enable(visit: Visit) -> Response {
    match visit.acts().hosts.enable(visit.actor(), visit.name("host")).await {
        Ok(()) => done("/hosts", "host-enabled"),
        Err(error) => visit.refuse(&error).await,
    }
}

/// Deletes it, where its name was typed once more.
pub(crate) async fn delete(visit: Visit) -> Response {
    let domain = visit.name("host");
    if visit.form.get("domain") != domain {
        let why = t1("type {0} to say that this is the one", domain);
        return show(&visit, Some(Wrong::Delete(StatusCode::UNPROCESSABLE_ENTITY, why))).await;
    }
    match visit.acts().hosts.delete(visit.actor(), domain).await {
        Ok(_) => done("/hosts", "host-deleted"),
        Err(error) => show(&visit, Some(Wrong::Delete(refusal::status(&error), told(&error)))).await,
    }
}

async fn show(visit: &Visit, wrong: Option<Wrong>) -> Response {
    let hosts = match visit.acts().hosts.list(visit.actor()).await {
        Ok(hosts) => hosts,
        Err(error) => return visit.refuse(&error).await,
    };
    let domain = visit.name("host");
    let names = hosts.iter().map(|host| host.domain.clone()).collect::<Vec<_>>();
    let Some(host) = hosts.into_iter().find(|host| host.domain == domain) else {
        let error = OpsError::NoHost {
            domain: domain.to_owned(),
            hosts: names.join(", "),
        };
        return visit.refuse(&error).await;
    };
    let (status, disable_error, delete_error) = match wrong {
        None => (StatusCode::OK, None, None),
        Some(Wrong::Disable(status, why)) => (status, Some(why), None),
        Some(Wrong::Delete(status, why)) => (status, None, Some(why)),
    };
    let page = Page {
        frame: visit.frame(&host.domain).await,
        path: path(&host.domain),
        host,
        disable_error,
        delete_error,
    };
    (status, rendered(&page)).into_response()
}
