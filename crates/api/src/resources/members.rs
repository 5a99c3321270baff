//! `/groups/{host}/{group}/members`: who is in a group, and who may say so.

use ops::{MemberPage as Wanted, MembersAdded};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    answer::{Done, Json, Outcome},
    request::{Caller, Names, Query, Sent, limit},
};

/// Which members.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MemberQuery {
    /// Only members whose names begin so.
    #[serde(default)]
    prefix: String,
    /// Where the page begins: what the last page calls `next`.
    #[serde(default)]
    after: String,
    /// Entries at most, 1 to 499; without it: 50.
    limit: Option<u32>,
}

/// A page of members, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberPage {
    members: Vec<Member>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

/// An account in a group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Member {
    /// Bare JID.
    jid: String,
    /// Whether it may add and remove members.
    is_admin: bool,
}

/// Accounts to be members.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMembers {
    /// Bare JIDs, 1000 at most.
    members: Vec<String>,
}

/// What became of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Added {
    /// Members now that were none before.
    added: usize,
    /// Members before.
    already: usize,
    /// Addresses that name nobody who could be one; they keep nobody else out.
    refused: Vec<NoMember>,
}

/// An address that names nobody.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoMember {
    jid: String,
    reason: String,
}

/// A page of a group's members.
#[utoipa::path(get, path = "/groups/{host}/{group}/members",
    params(("host" = String, Path, description = "Its host."), ("group" = String, Path, description = "Its name."),
        MemberQuery),
    responses((status = 200, body = MemberPage)))]
pub(crate) async fn list(
    caller: Caller,
    Names([host, group]): Names<2>,
    Query(query): Query<MemberQuery>,
) -> Outcome<Json<MemberPage>> {
    let wanted = Wanted {
        prefix: query.prefix,
        after: query.after,
        limit: limit(query.limit)?,
    };
    let (members, next) = caller
        .acts
        .groups
        .members(&caller.actor, &host, &group, &wanted)
        .await?;
    let member = |info: ops::MemberInfo| Member {
        jid: info.jid,
        is_admin: info.is_admin,
    };
    Ok(Json(MemberPage {
        members: members.into_iter().map(member).collect(),
        next,
    }))
}

/// Adds accounts to a group.
#[utoipa::path(post, path = "/groups/{host}/{group}/members", request_body = NewMembers,
    params(("host" = String, Path, description = "Its host."), ("group" = String, Path, description = "Its name.")),
    responses((status = 200, body = Added)))]
pub(crate) async fn add(
    caller: Caller,
    Names([host, group]): Names<2>,
    Sent(new): Sent<NewMembers>,
) -> Outcome<Json<Added>> {
    // An address is one line: what has several names nobody.
    let lines: Vec<String> = new
        .members
        .iter()
        .map(|jid| jid.replace(['\r', '\n'], "\u{fffd}"))
        .collect();
    let groups = &caller.acts.groups;
    let added = groups
        .add_members(&caller.actor, &host, &group, &lines.join("\n"))
        .await?;
    Ok(Json(added.into()))
}

/// Takes an account out of a group.
#[utoipa::path(delete, path = "/groups/{host}/{group}/members/{jid}",
    params(("host" = String, Path, description = "Its host."), ("group" = String, Path, description = "Its name."),
        ("jid" = String, Path, description = "Bare JID of the member.")),
    responses((status = 204)))]
pub(crate) async fn remove(caller: Caller, Names([host, group, jid]): Names<3>) -> Outcome<Done> {
    caller
        .acts
        .groups
        .remove_member(&caller.actor, &host, &group, &jid)
        .await?;
    Ok(Done)
}

/// Has a member be an administrator of the group, who may add and remove members.
#[utoipa::path(put, path = "/groups/{host}/{group}/admins/{jid}",
    params(("host" = String, Path, description = "Its host."), ("group" = String, Path, description = "Its name."),
        ("jid" = String, Path, description = "Bare JID of the member.")),
    responses((status = 204)))]
pub(crate) async fn grant(caller: Caller, Names([host, group, jid]): Names<3>) -> Outcome<Done> {
    let groups = &caller.acts.groups;
    groups.set_group_admin(&caller.actor, &host, &group, &jid, true).await?;
    Ok(Done)
}

/// Has a member be no administrator of the group any more.
#[utoipa::path(delete, path = "/groups/{host}/{group}/admins/{jid}",
    params(("host" = String, Path, description = "Its host."), ("group" = String, Path, description = "Its name."),
        ("jid" = String, Path, description = "Bare JID of the member.")),
    responses((status = 204)))]
pub(crate) async fn revoke(caller: Caller, Names([host, group, jid]): Names<3>) -> Outcome<Done> {
    let groups = &caller.acts.groups;
    groups
        .set_group_admin(&caller.actor, &host, &group, &jid, false)
        .await?;
    Ok(Done)
}

impl From<MembersAdded> for Added {
    fn from(added: MembersAdded) -> Self {
        let refused = added.refused.into_iter().map(|line| NoMember {
            jid: line.text,
            reason: line.why,
        });
        Self {
            added: added.added,
            already: added.already,
            refused: refused.collect(),
        }
    }
}
