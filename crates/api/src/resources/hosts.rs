//! `/hosts`: the domains that are served.

use axum::http::StatusCode;
use ops::HostInfo;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    answer::{Created, Done, Json, Outcome},
    problem::Problem,
    request::{Caller, Name, Query, Sent},
    wire::{Time, path_of},
};

/// All hosts that the token reaches, the first one first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HostList {
    hosts: Vec<Host>,
}

/// A domain that is served.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Host {
    #[schema(example = "example.org")]
    domain: String,
    /// How many it has.
    accounts: u64,
    /// Since when it is not served; none: it is.
    disabled_at: Option<Time>,
}

/// A domain to be served.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewHost {
    #[schema(example = "example.org")]
    domain: String,
}

/// The host once more, to say that this is the one.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConfirmQuery {
    /// The host's name.
    confirm: Option<String>,
}

/// What went with a host.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Gone {
    accounts: u64,
    groups: u64,
}

/// The domains that are served, and those that are disabled.
#[utoipa::path(get, path = "/hosts", responses((status = 200, body = HostList)))]
pub(crate) async fn list(caller: Caller) -> Outcome<Json<HostList>> {
    let hosts = caller.acts.hosts.list(&caller.actor).await?;
    Ok(Json(HostList {
        hosts: hosts.into_iter().map(Host::from).collect(),
    }))
}

/// Serves another domain; every server that runs does so within seconds.
#[utoipa::path(post, path = "/hosts", request_body = NewHost, responses((status = 201, body = Host)))]
pub(crate) async fn add(caller: Caller, Sent(new): Sent<NewHost>) -> Outcome<Created<Host>> {
    let domain = caller.acts.hosts.add(&caller.actor, &new.domain).await?;
    Ok(Created(
        path_of(&["hosts"]),
        Host {
            domain,
            accounts: 0,
            disabled_at: None,
        },
    ))
}

/// Serves a host no more: its sessions are closed and nobody logs in, on every server. Everything of it stays.
#[utoipa::path(put, path = "/hosts/{host}/disabled", params(("host" = String, Path, description = "The host.")),
    responses((status = 204)))]
pub(crate) async fn disable(caller: Caller, Name(host): Name) -> Outcome<Done> {
    caller.acts.hosts.disable(&caller.actor, &host).await?;
    Ok(Done)
}

/// Serves a host again.
#[utoipa::path(delete, path = "/hosts/{host}/disabled", params(("host" = String, Path, description = "The host.")),
    responses((status = 204)))]
pub(crate) async fn enable(caller: Caller, Name(host): Name) -> Outcome<Done> {
    caller.acts.hosts.enable(&caller.actor, &host).await?;
    Ok(Done)
}

/// Deletes a host with its groups, its accounts and all that is remembered of them. It cannot be undone.
#[utoipa::path(delete, path = "/hosts/{host}",
    params(("host" = String, Path, description = "The host."), ConfirmQuery), responses((status = 200, body = Gone)))]
pub(crate) async fn delete(caller: Caller, Name(host): Name, Query(query): Query<ConfirmQuery>) -> Outcome<Json<Gone>> {
    if query.confirm.as_deref() != Some(host.as_str()) {
        let why = format!("nothing was deleted: say confirm={host} in the query, to say that this is the one");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, &why).at("confirm"));
    }
    let deleted = caller.acts.hosts.delete(&caller.actor, &host).await?;
    Ok(Json(Gone {
        accounts: deleted.accounts,
        groups: deleted.groups,
    }))
}

impl From<HostInfo> for Host {
    fn from(info: HostInfo) -> Self {
        Self {
            domain: info.domain,
            accounts: info.accounts,
            disabled_at: info.disabled_at.map(Time),
        }
    }
}
