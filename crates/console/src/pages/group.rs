//! `/groups/{host}/{name}`: one group, its members, and whose rosters show them.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{BadLine, GroupForm, GroupInfo, MemberInfo, MemberPage, OpsError};

use super::groups::{SHOWN, form, path, shown};
use crate::{
    fields::address,
    frame::Frame,
    language::{filters, t, t1, t2, told},
    refusal::{self, rendered},
    visit::{Visit, done},
    words,
};

#[derive(Template)]
#[template(path = "group.html")]
struct Page {
    frame: Frame,
    group: GroupInfo,
    path: String,
    shown: String,
    form: GroupForm,
    viewers: String,
    viewers_error: Option<String>,
    members: Vec<MemberInfo>,
    prefix: String,
    lines: String,
    lines_error: Option<String>,
    refused: Vec<BadLine>,
    added: Option<String>,
    error: Option<String>,
    is_first: bool,
    first: String,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "group_delete.html")]
struct DeletePage {
    frame: Frame,
    group: GroupInfo,
    path: String,
    error: Option<String>,
}

/// Members on a page.
const PAGE: u32 = 50;

/// What could not be done, and where that is said.
enum Wrong {
    Form(OpsError),
    Members(OpsError),
    /// Some of the lines.
    Lines(String, Vec<BadLine>),
    Failed(OpsError),
}

fn host(visit: &Visit) -> &str {
    visit.name("host")
}

fn name(visit: &Visit) -> &str {
    visit.name("name")
}

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

pub(crate) async fn change(visit: Visit) -> Response {
    let (groups, form) = (&visit.acts().groups, form(&visit.form));
    match groups.change(visit.actor(), host(&visit), name(&visit), &form).await {
        Ok(()) => done(&path(host(&visit), name(&visit)), "group-changed"),
        Err(error) => show(&visit, Some(Wrong::Form(error))).await,
    }
}

/// Adds everybody whom a line names.
pub(crate) async fn add_members(visit: Visit) -> Response {
    let groups = &visit.acts().groups;
    let lines = visit.form.raw("lines");
    let added = groups
        .add_members(visit.actor(), host(&visit), name(&visit), lines)
        .await;
    match added {
        Ok(added) if added.refused.is_empty() => done(&path(host(&visit), name(&visit)), "members-added"),
        Ok(added) => {
            let text = t2("{0} added, {1} members already.", added.added, added.already);
            show(&visit, Some(Wrong::Lines(text, added.refused))).await
        }
        Err(error) => show(&visit, Some(Wrong::Members(error))).await,
    }
}

pub(crate) async fn remove_member(visit: Visit) -> Response {
    let groups = &visit.acts().groups;
    let member = visit.form.get("member");
    let removed = groups
        .remove_member(visit.actor(), host(&visit), name(&visit), &member)
        .await;
    after(&visit, removed, "member-removed").await
}

pub(crate) async fn set_admin(visit: Visit) -> Response {
    let groups = &visit.acts().groups;
    let (member, is_admin) = (visit.form.get("member"), visit.form.is_set("admin"));
    let set = groups
        .set_group_admin(visit.actor(), host(&visit), name(&visit), &member, is_admin)
        .await;
    after(&visit, set, "group-changed").await
}

pub(crate) async fn ask_to_delete(visit: Visit) -> Response {
    show_delete(&visit, None, StatusCode::OK).await
}

/// Deletes the group, where its name was typed once more.
pub(crate) async fn delete(visit: Visit) -> Response {
    if visit.form.get("confirm") != name(&visit) {
        let why = t1("type {0} to say that this is the one", name(&visit));
        return show_delete(&visit, Some(why), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    match visit
        .acts()
        .groups
        .delete(visit.actor(), host(&visit), name(&visit))
        .await
    {
        Ok(()) => {
            let fields = [("host", host(&visit)), ("done", "group-deleted")];
            axum::response::Redirect::to(&address("/groups", &fields)).into_response()
        }
        Err(error) => show_delete(&visit, Some(told(&error)), refusal::status(&error)).await,
    }
}

async fn after(visit: &Visit, result: Result<(), OpsError>, notice: &'static str) -> Response {
    match result {
        Ok(()) => done(&path(host(visit), name(visit)), notice),
        Err(error) => show(visit, Some(Wrong::Failed(error))).await,
    }
}

async fn show(visit: &Visit, wrong: Option<Wrong>) -> Response {
    let (groups, prefix) = (&visit.acts().groups, visit.query.get("prefix"));
    let group = match groups.get(visit.actor(), host(visit), name(visit)).await {
        Ok(group) => group,
        Err(error) => return visit.refuse(&error).await,
    };
    let wanted = MemberPage {
        prefix: prefix.clone(),
        after: visit.query.raw("after").to_owned(),
        limit: PAGE,
    };
    let found = groups.members(visit.actor(), host(visit), name(visit), &wanted).await;
    let (members, next) = match found {
        Ok(found) => found,
        Err(error) => return visit.refuse(&error).await,
    };
    let path = path(host(visit), name(visit));
    let place = |after: &str| address(&path, &[("prefix", prefix.as_str()), ("after", after)]);
    let mut page = Page {
        frame: visit.frame(&group.name).await,
        shown: shown(&group.form),
        form: group.form.clone(),
        viewers: group.form.viewers.join("\n"),
        viewers_error: None,
        members,
        lines: String::new(),
        lines_error: None,
        refused: Vec::new(),
        added: None,
        error: None,
        is_first: wanted.after.is_empty(),
        first: place(""),
        next: next.map(|next| place(&next)),
        prefix: prefix.clone(),
        path: path.clone(),
        group,
    };
    let status = wrong.map_or(StatusCode::OK, |wrong| page.take(visit, wrong));
    (status, rendered(&page)).into_response()
}

impl Page {
    /// Says what could not be done, and keeps what was typed.
    fn take(&mut self, visit: &Visit, wrong: Wrong) -> StatusCode {
        match wrong {
            Wrong::Form(error) => {
                self.form = form(&visit.form);
                self.viewers = visit.form.raw("viewers").to_owned();
                let (place, status) = match error {
                    // The group itself is there: it is a chosen one that is not.
                    OpsError::NoGroup(_) => (&mut self.viewers_error, StatusCode::UNPROCESSABLE_ENTITY),
                    _ => (&mut self.error, refusal::status(&error)),
                };
                *place = Some(told(&error));
                status
            }
            Wrong::Members(error) => {
                self.lines = visit.form.raw("lines").to_owned();
                self.lines_error = Some(told(&error));
                refusal::status(&error)
            }
            Wrong::Lines(added, refused) => {
                let lines: Vec<&str> = refused.iter().map(|line| line.text.as_str()).collect();
                self.lines = lines.join("\n");
                self.added = Some(added);
                self.refused = refused;
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Wrong::Failed(error) => {
                self.error = Some(told(&error));
                refusal::status(&error)
            }
        }
    }
}

async fn show_delete(visit: &Visit, error: Option<String>, status: StatusCode) -> Response {
    let group = match visit.acts().groups.get(visit.actor(), host(visit), name(visit)).await {
        Ok(group) => group,
        Err(error) => return visit.refuse(&error).await,
    };
    let page = DeletePage {
        frame: visit.frame(t("Delete a group")).await,
        path: path(host(visit), name(visit)),
        group,
        error,
    };
    (status, rendered(&page)).into_response()
}
