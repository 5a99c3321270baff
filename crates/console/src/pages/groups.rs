//! `/groups`: the groups of a host; a new one.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{GroupForm, GroupInfo, GroupPage, GroupShown, OpsError};

use crate::{
    fields::{Fields, address, segment},
    frame::Frame,
    language::{Text, filters, t, t1, told},
    refusal::{self, rendered},
    visit::{Visit, done},
};

#[derive(Template)]
#[template(path = "groups.html")]
struct Page {
    frame: Frame,
    hosts: Vec<String>,
    host: String,
    text: String,
    groups: Vec<GroupInfo>,
    is_first: bool,
    first: String,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "group_new.html")]
struct NewPage {
    frame: Frame,
    hosts: Vec<String>,
    host: String,
    name: String,
    name_error: Option<String>,
    form: GroupForm,
    viewers: String,
    viewers_error: Option<String>,
    error: Option<String>,
}

/// Groups on a page.
const PAGE: u32 = 50;

/// Whose rosters show a group, as forms and lists say it.
pub(crate) const SHOWN: [(&str, GroupShown, Text); 4] = [
    ("nobody", GroupShown::Nobody, Text("nobody")),
    ("members", GroupShown::Members, Text("its members")),
    ("host", GroupShown::Host, Text("everybody of the host")),
    ("groups", GroupShown::Groups, Text("its members and chosen groups")),
];

/// Where a group's page is.
pub(crate) fn path(host: &str, name: &str) -> String {
    format!("/groups/{}/{}", segment(host), segment(name))
}

/// Whose rosters show a group, in words.
pub(crate) fn shown(form: &GroupForm) -> String {
    match form.shown_to {
        GroupShown::Groups if form.viewers.is_empty() => t("its members").to_owned(),
        GroupShown::Groups => t1("its members and {0}", form.viewers.join(", ")),
        other => SHOWN
            .iter()
            .find(|(_, shown, _)| *shown == other)
            .map_or("", |(.., label)| label.say())
            .to_owned(),
    }
}

/// What a form says of a group.
pub(crate) fn form(fields: &Fields) -> GroupForm {
    let wanted = fields.raw("shown_to");
    let shown = SHOWN.iter().find(|(name, ..)| *name == wanted);
    GroupForm {
        display_name: fields.get("display_name"),
        description: fields.get("description"),
        shown_to: shown.map(|(_, shown, _)| *shown).unwrap_or_default(),
        viewers: lines(fields.raw("viewers")),
    }
}

fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

pub(crate) async fn page(visit: Visit) -> Response {
    let hosts = match visit.acts().accounts.hosts(visit.actor()).await {
        Ok(hosts) => hosts,
        Err(error) => return visit.refuse(&error).await,
    };
    let host = Some(visit.query.get("host")).filter(|host| !host.is_empty());
    let host = host.or_else(|| hosts.first().cloned()).unwrap_or_default();
    let text = visit.query.get("text");
    let wanted = GroupPage {
        host: host.clone(),
        text: text.clone(),
        after: visit.query.raw("after").to_owned(),
        limit: PAGE,
    };
    let (groups, next) = match visit.acts().groups.list(visit.actor(), &wanted).await {
        Ok(found) => found,
        Err(error) => return visit.refuse(&error).await,
    };
    let place = |after: &str| {
        let fields = [("host", host.as_str()), ("text", text.as_str()), ("after", after)];
        address("/groups", &fields)
    };
    rendered(&Page {
        frame: visit.frame(t("Groups")).await,
        is_first: wanted.after.is_empty(),
        first: place(""),
        next: next.map(|next| place(&next)),
        groups,
        hosts,
        text,
        host: host.clone(),
    })
}

/// The form for a new group.
pub(crate) async fn new(visit: Visit) -> Response {
    show_new(&visit, None).await
}

/// Makes the group.
pub(crate) async fn add(visit: Visit) -> Response {
    let hosts = match visit.acts().accounts.hosts(visit.actor()).await {
        Ok(hosts) => hosts,
        Err(error) => return visit.refuse(&error).await,
    };
    let (host, name) = (visit.form.get("host"), visit.form.get("name"));
    let host = Some(host).filter(|host| !host.is_empty());
    let host = host.or_else(|| hosts.into_iter().next()).unwrap_or_default();
    let groups = &visit.acts().groups;
    match groups.create(visit.actor(), &host, &name, &form(&visit.form)).await {
        Ok(()) => done(&path(&host, &name), "group-added"),
        Err(error) => show_new(&visit, Some(error)).await,
    }
}

async fn show_new(visit: &Visit, wrong: Option<OpsError>) -> Response {
    let hosts = match visit.acts().accounts.hosts(visit.actor()).await {
        Ok(hosts) => hosts,
        Err(error) => return visit.refuse(&error).await,
    };
    let (mut name_error, mut viewers_error, mut error) = (None, None, None);
    let status = match &wrong {
        None => StatusCode::OK,
        Some(OpsError::NoGroup(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(error) => refusal::status(error),
    };
    match wrong {
        None => {}
        Some(failed @ (OpsError::GroupExists(_) | OpsError::BadGroupName | OpsError::NoHost { .. })) => {
            name_error = Some(told(&failed));
        }
        Some(failed @ OpsError::NoGroup(_)) => viewers_error = Some(told(&failed)),
        Some(failed) => error = Some(told(&failed)),
    }
    let page = NewPage {
        frame: visit.frame(t("New group")).await,
        hosts,
        host: visit.form.get("host"),
        name: visit.form.get("name"),
        name_error,
        form: form(&visit.form),
        viewers: visit.form.raw("viewers").to_owned(),
        viewers_error,
        error,
    };
    (status, rendered(&page)).into_response()
}
