//! `/groups`: groups of accounts, and whose rosters show their members.

use axum::http::StatusCode;
use ops::{GroupForm, GroupInfo, GroupPage as Wanted, GroupShown, OpsError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    answer::{Created, Done, Json, Outcome},
    problem::Problem,
    request::{Caller, Names, Query, Sent, limit},
    wire::{Time, path_of},
};

/// Which groups.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GroupQuery {
    /// The host; without it: the first of those that the token reaches.
    host: Option<String>,
    /// Only groups in whose name, name in rosters or description this is, whatever its case.
    #[serde(default)]
    text: String,
    /// Where the page begins: what the last page calls `next`.
    #[serde(default)]
    after: String,
    /// Entries at most, 1 to 499; without it: 50.
    limit: Option<u32>,
}

/// A page of groups, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupPage {
    groups: Vec<Group>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

/// A group of accounts of one host.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Group {
    host: String,
    /// What no other group of the host is called.
    name: String,
    /// What it is called in rosters.
    display_name: String,
    /// For administrators.
    description: String,
    sharing: Sharing,
    /// How many accounts are in it.
    members: u64,
    created_at: Time,
}

/// Whose rosters show the members of a group.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sharing {
    shown_to: Shown,
    /// Names of the chosen groups; only with `groups`.
    #[serde(default)]
    viewers: Vec<String>,
}

/// Whose rosters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Shown {
    /// Nobody's.
    #[default]
    Nobody,
    /// Those of its members.
    Members,
    /// Those of everybody of the host.
    Host,
    /// Those of its members, and of the members of chosen groups.
    Groups,
}

/// A group to be made, without members.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGroup {
    host: String,
    name: String,
    /// What it is called in rosters; without it: its name.
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    description: String,
    /// Without it: nobody's.
    #[serde(default)]
    sharing: Sharing,
}

/// What is said of a group from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupChange {
    /// What it is called in rosters; empty: its name.
    display_name: String,
    description: String,
    sharing: Sharing,
}

/// A page of groups of one host.
#[utoipa::path(get, path = "/groups", params(GroupQuery), responses((status = 200, body = GroupPage)))]
pub(crate) async fn list(caller: Caller, Query(query): Query<GroupQuery>) -> Outcome<Json<GroupPage>> {
    let host = match query.host {
        Some(host) => host,
        None => caller
            .acts
            .accounts
            .hosts(&caller.actor)
            .await?
            .into_iter()
            .next()
            .unwrap_or_default(),
    };
    let wanted = Wanted {
        host,
        text: query.text,
        after: query.after,
        limit: limit(query.limit)?,
    };
    let (groups, next) = caller.acts.groups.list(&caller.actor, &wanted).await?;
    Ok(Json(GroupPage {
        groups: groups.into_iter().map(Group::from).collect(),
        next,
    }))
}

/// Makes a group without members.
#[utoipa::path(post, path = "/groups", request_body = NewGroup, responses((status = 201, body = Group)))]
pub(crate) async fn create(caller: Caller, Sent(new): Sent<NewGroup>) -> Outcome<Created<Group>> {
    let form = form(new.display_name, new.description, new.sharing)?;
    let (groups, host, name) = (&caller.acts.groups, &new.host, &new.name);
    let made = groups.create(&caller.actor, host, name, &form).await;
    made.map_err(|error| of_viewers(error, host, name))?;
    let made = groups.get(&caller.actor, host, name).await?;
    Ok(Created(path_of(&["groups", host, name]), made.into()))
}

/// One group.
#[utoipa::path(get, path = "/groups/{host}/{group}",
    params(("host" = String, Path, description = "Its host."), ("group" = String, Path, description = "Its name.")),
    responses((status = 200, body = Group)))]
pub(crate) async fn show(caller: Caller, Names([host, group]): Names<2>) -> Outcome<Json<Group>> {
    Ok(Json(caller.acts.groups.get(&caller.actor, &host, &group).await?.into()))
}

/// Changes all that is said of a group.
#[utoipa::path(put, path = "/groups/{host}/{group}", request_body = GroupChange,
    params(("host" = String, Path, description = "Its host."), ("group" = String, Path, description = "Its name.")),
    responses((status = 200, body = Group)))]
pub(crate) async fn change(
    caller: Caller,
    Names([host, group]): Names<2>,
    Sent(change): Sent<GroupChange>,
) -> Outcome<Json<Group>> {
    let form = form(change.display_name, change.description, change.sharing)?;
    put(&caller, &host, &group, &form).await
}

/// Changes whose rosters show a group's members.
#[utoipa::path(put, path = "/groups/{host}/{group}/sharing", request_body = Sharing,
    params(("host" = String, Path, description = "Its host."), ("group" = String, Path, description = "Its name.")),
    responses((status = 200, body = Group)))]
pub(crate) async fn share(
    caller: Caller,
    Names([host, group]): Names<2>,
    Sent(sharing): Sent<Sharing>,
) -> Outcome<Json<Group>> {
    let before = caller.acts.groups.get(&caller.actor, &host, &group).await?.form;
    let form = form(before.display_name, before.description, sharing)?;
    put(&caller, &host, &group, &form).await
}

/// Deletes a group. Its members stay who they are; who saw whom only by it does so no more.
#[utoipa::path(delete, path = "/groups/{host}/{group}",
    params(("host" = String, Path, description = "Its host."), ("group" = String, Path, description = "Its name.")),
    responses((status = 204)))]
pub(crate) async fn delete(caller: Caller, Names([host, group]): Names<2>) -> Outcome<Done> {
    caller.acts.groups.delete(&caller.actor, &host, &group).await?;
    Ok(Done)
}

async fn put(caller: &Caller, host: &str, group: &str, form: &GroupForm) -> Outcome<Json<Group>> {
    let groups = &caller.acts.groups;
    let changed = groups.change(&caller.actor, host, group, form).await;
    changed.map_err(|error| of_viewers(error, host, group))?;
    Ok(Json(groups.get(&caller.actor, host, group).await?.into()))
}

fn form(display_name: String, description: String, sharing: Sharing) -> Outcome<GroupForm> {
    if sharing.shown_to != Shown::Groups && !sharing.viewers.is_empty() {
        let why = "Chosen groups go with shown_to groups, and only with it.";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why).at("sharing.viewers"));
    }
    Ok(GroupForm {
        display_name,
        description,
        shown_to: sharing.shown_to.into(),
        viewers: sharing.viewers,
    })
}

/// That another group is missing is wrong with the body, not with the address.
fn of_viewers(error: OpsError, host: &str, group: &str) -> Problem {
    match &error {
        OpsError::NoGroup(missing) if *missing != format!("{group} at {host}") => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()).at("sharing.viewers")
        }
        _ => error.into(),
    }
}

impl From<Shown> for GroupShown {
    fn from(shown: Shown) -> Self {
        match shown {
            Shown::Nobody => Self::Nobody,
            Shown::Members => Self::Members,
            Shown::Host => Self::Host,
            Shown::Groups => Self::Groups,
        }
    }
}

impl From<GroupShown> for Shown {
    fn from(shown: GroupShown) -> Self {
        match shown {
            GroupShown::Nobody => Self::Nobody,
            GroupShown::Members => Self::Members,
            GroupShown::Host => Self::Host,
            GroupShown::Groups => Self::Groups,
        }
    }
}

impl From<GroupInfo> for Group {
    fn from(info: GroupInfo) -> Self {
        Self {
            host: info.host,
            name: info.name,
            display_name: info.form.display_name,
            description: info.form.description,
            sharing: Sharing {
                shown_to: info.form.shown_to.into(),
                viewers: info.form.viewers,
            },
            members: info.members,
            created_at: Time(info.created_at),
        }
    }
}
