//! `/administrators`: who has power.

use ops::AdministratorInfo;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::{Done, Json, Outcome},
    request::{Caller, Name, Sent},
    wire::{RoleName, Time},
};

/// All administrators.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdministratorList {
    administrators: Vec<Administrator>,
}

/// An administrator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Administrator {
    /// Bare JID.
    jid: String,
    role: RoleName,
    /// The host of the role `host`.
    host: Option<String>,
    granted_at: Time,
    granted_by: String,
}

/// A role to be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRole {
    role: RoleName,
    /// The host of the role `host`.
    host: Option<String>,
}

/// All administrators.
#[utoipa::path(get, path = "/administrators", responses((status = 200, body = AdministratorList)))]
pub(crate) async fn list(caller: Caller) -> Outcome<Json<AdministratorList>> {
    let administrators = caller.acts.administrators.list(&caller.actor).await?;
    Ok(Json(AdministratorList {
        administrators: administrators.into_iter().map(Administrator::from).collect(),
    }))
}

/// Gives an account this role instead of any other.
#[utoipa::path(put, path = "/administrators/{jid}", params(("jid" = String, Path, description = "Bare JID.")),
    request_body = NewRole, responses((status = 204)))]
pub(crate) async fn grant(caller: Caller, Name(jid): Name, Sent(new): Sent<NewRole>) -> Outcome<Done> {
    let role = new.role.with(new.host)?;
    caller.acts.administrators.grant(&caller.actor, &jid, &role).await?;
    Ok(Done)
}

/// Takes all power from an account: its logins at the console and its tokens end.
#[utoipa::path(delete, path = "/administrators/{jid}", params(("jid" = String, Path, description = "Bare JID.")),
    responses((status = 204)))]
pub(crate) async fn revoke(caller: Caller, Name(jid): Name) -> Outcome<Done> {
    caller.acts.administrators.revoke(&caller.actor, &jid).await?;
    Ok(Done)
}

impl From<AdministratorInfo> for Administrator {
    fn from(info: AdministratorInfo) -> Self {
        let (role, host) = RoleName::of(&info.role);
        Self {
            jid: info.jid,
            role,
            host,
            granted_at: Time(info.granted_at),
            granted_by: info.granted_by,
        }
    }
}
