//! `/hosts`: the domains that are served.

use ops::HostInfo;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::{Created, Json, Outcome},
    request::{Caller, Sent},
    wire::path_of,
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
}

/// A domain to be served.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewHost {
    #[schema(example = "example.org")]
    domain: String,
}

/// The domains that are served.
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
    Ok(Created(path_of(&["hosts"]), Host { domain, accounts: 0 }))
}

impl From<HostInfo> for Host {
    fn from(info: HostInfo) -> Self {
        Self {
            domain: info.domain,
            accounts: info.accounts,
        }
    }
}
