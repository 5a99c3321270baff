//! Members of groups are added and removed: by administrators, and by whoever administers the group. XEP-0133 has no
//! commands for this; nodes and fields are those of Openfire, which clients know.

use ops::{Actor, GroupPage, OpsError, PAGE_MAX, Role};
use protocol::xep::{
    commands::Note,
    data_forms::{Field, FieldKind, Form},
};

use super::{
    Visit,
    fields::{last, question, report},
    table::Report,
};

type Filled = Vec<Form>;

/// Members that one form may name.
const MEMBERS_MAX: usize = 100;

pub(super) async fn ask_new(visit: Visit, _: Filled) -> Result<Form, OpsError> {
    ask(&visit, "Add members to a group").await
}

pub(super) async fn ask_gone(visit: Visit, _: Filled) -> Result<Form, OpsError> {
    ask(&visit, "Remove members from a group").await
}

pub(super) async fn add(visit: Visit, filled: Filled) -> Result<Report, OpsError> {
    let (group, members) = (group(&filled)?, members(&filled)?);
    let added = visit
        .acts
        .groups
        .add_members(&visit.actor, &visit.host, &group, &members.join("\n"))
        .await?;
    let mut notes = vec![Note::info(format!(
        "added: {}; there already: {}",
        added.added, added.already
    ))];
    let refused = added.refused.into_iter();
    notes.extend(refused.map(|line| Note::error(format!("{}: {}", line.text, line.why))));
    Ok(Report { notes, form: None })
}

pub(super) async fn remove(visit: Visit, filled: Filled) -> Result<Report, OpsError> {
    let (group, members) = (group(&filled)?, members(&filled)?);
    let mut done = Vec::new();
    for member in members {
        let groups = &visit.acts.groups;
        let removed = groups.remove_member(&visit.actor, &visit.host, &group, &member).await;
        done.push((member, removed.map(|()| "is no member any more".to_owned())));
    }
    report(done)
}

async fn ask(visit: &Visit, title: &str) -> Result<Form, OpsError> {
    let which = Field::new("group", FieldKind::ListSingle).label("Group").required();
    let which = names(visit)
        .await?
        .iter()
        .fold(which, |field, name| field.option(name, name));
    let users = Field::new("users", FieldKind::JidMulti).label("Addresses").required();
    Ok(question(title).field(which).field(users))
}

/// The groups that whoever asks may fill.
async fn names(visit: &Visit) -> Result<Vec<String>, OpsError> {
    let groups = &visit.acts.groups;
    if let Actor::Account {
        jid,
        role: Role::GroupAdmin,
        ..
    } = &visit.actor
    {
        return groups.administered(jid).await;
    }
    let page = GroupPage {
        host: visit.host.clone(),
        limit: PAGE_MAX,
        ..GroupPage::default()
    };
    let (found, _) = groups.list(&visit.actor, &page).await?;
    Ok(found.into_iter().map(|group| group.name).collect())
}

fn group(filled: &[Form]) -> Result<String, OpsError> {
    match last(filled)?.get("group").unwrap_or_default() {
        "" => Err(OpsError::Field("say which group")),
        name => Ok(name.to_owned()),
    }
}

fn members(filled: &[Form]) -> Result<Vec<String>, OpsError> {
    let named = last(filled)?.values("users").iter().map(|jid| jid.trim().to_owned());
    // An address is one line: what has several names nobody.
    let members: Vec<String> = named
        .filter(|jid| !jid.is_empty())
        .map(|jid| jid.replace(['\r', '\n'], "\u{fffd}"))
        .collect();
    match members.len() {
        0 => Err(OpsError::Field("say which accounts")),
        1..=MEMBERS_MAX => Ok(members),
        _ => Err(OpsError::Field(
            "these are more than 100 accounts: take fewer at a time",
        )),
    }
}
