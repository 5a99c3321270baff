//! What an operator can do with groups: who is in them, and whose rosters show them. What changes is stored first; then
//! this server tells whom that concerns, and the others find out by themselves within a second.

mod members;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use storage::{Group, GroupFacts, Groups as Stored, HostId, ShownTo, Storage};

pub use members::{BULK_LINES_MAX, BadLine, MemberInfo, MemberPage, MembersAdded};

use crate::{Actor, Audit, Live, OpsError, PAGE_MAX, audit::Deed};

/// Acts on groups.
#[derive(Clone)]
pub struct Groups {
    storage: Storage,
    live: Arc<dyn Live>,
    audit: Audit,
}

/// Whose rosters show the members of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupShown {
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

/// What an operator says of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GroupForm {
    /// Under which its members stand in rosters; empty: its name.
    pub display_name: String,
    /// For operators.
    pub description: String,
    /// Whose rosters show the members.
    pub shown_to: GroupShown,
    /// Names of the chosen groups.
    pub viewers: Vec<String>,
}

/// A group as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupInfo {
    /// Its host.
    pub host: String,
    /// Its name, which no other group of the host has.
    pub name: String,
    /// What is said of it.
    #[serde(flatten)]
    pub form: GroupForm,
    /// How many members it has.
    pub members: u64,
    /// When it was made, in microseconds since 1970.
    pub created_at: i64,
}

/// Which groups to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupPage {
    /// The host.
    pub host: String,
    /// Only groups in whose name, name in rosters or description this is, whatever its case; empty: all.
    pub text: String,
    /// Only groups behind the one of this name.
    pub after: String,
    /// How many at most; never more than [`PAGE_MAX`].
    pub limit: u32,
}

impl Groups {
    /// Acts on the groups in `storage`, whose members `live` has sessions of.
    #[must_use]
    pub fn new(storage: Storage, live: Arc<dyn Live>, audit: Audit) -> Self {
        Self { storage, live, audit }
    }

    /// A page of groups by name, and the name behind which the next one begins; none after the last.
    ///
    /// # Errors
    /// Where there is no such host, or the actor has no power there.
    pub async fn list(&self, actor: &Actor, page: &GroupPage) -> Result<(Vec<GroupInfo>, Option<String>), OpsError> {
        let host = self.host(actor, &page.host).await?;
        let text = page.text.to_lowercase();
        let limit = page.limit.clamp(1, PAGE_MAX) as usize;
        // A host has so few groups that all of them are looked through.
        let groups = self.storage.groups().list(host).await?.into_iter();
        let mut found: Vec<GroupInfo> = groups
            .filter(|group| group.name > page.after && has(group, &text))
            .take(limit + 1)
            .map(|group| GroupInfo::of(&page.host, group))
            .collect();
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| has_more).map(|group| group.name.clone());
        Ok((found, next))
    }

    /// One group.
    ///
    /// # Errors
    /// Where there is none of this name, or the actor has no power there.
    pub async fn get(&self, actor: &Actor, host: &str, name: &str) -> Result<GroupInfo, OpsError> {
        let (_, group) = self.found(actor, host, name).await?;
        Ok(GroupInfo::of(host, group))
    }

    /// Makes a group without members.
    ///
    /// # Errors
    /// Where the name is taken or cannot be one, or a chosen group does not exist.
    pub async fn create(&self, actor: &Actor, host: &str, name: &str, form: &GroupForm) -> Result<(), OpsError> {
        let target = target(host, name);
        let deed = Deed {
            after: Some(form.to_string()),
            ..Deed::new("group.create", &target)
        };
        let work = async {
            actor.require_change(host)?;
            let number = self.host(actor, host).await?;
            check_name(name)?;
            let facts = self.facts(number, host, name, form).await?;
            if !self.storage.groups().create(number, name, &facts).await? {
                return Err(OpsError::GroupExists(target.clone()));
            }
            self.changed(actor, host, "a group was made").await
        };
        self.audit.record(actor, deed, work).await
    }

    /// Changes what is said of a group.
    ///
    /// # Errors
    /// Where there is none of this name, or a chosen group does not exist.
    pub async fn change(&self, actor: &Actor, host: &str, name: &str, form: &GroupForm) -> Result<(), OpsError> {
        let target = target(host, name);
        let before = self.get(actor, host, name).await.ok();
        let deed = Deed {
            before: before.map(|group| group.form.to_string()),
            after: Some(form.to_string()),
            ..Deed::new("group.change", &target)
        };
        let work = async {
            actor.require_change(host)?;
            let number = self.host(actor, host).await?;
            let facts = self.facts(number, host, name, form).await?;
            if !self.storage.groups().change(number, name, &facts).await? {
                return Err(OpsError::NoGroup(target.clone()));
            }
            self.changed(actor, host, "a group was changed").await
        };
        self.audit.record(actor, deed, work).await
    }

    /// Deletes a group. Its members stay who they are; who saw whom only by it does so no more.
    ///
    /// # Errors
    /// Where there is none of this name.
    pub async fn delete(&self, actor: &Actor, host: &str, name: &str) -> Result<(), OpsError> {
        let target = target(host, name);
        let work = async {
            actor.require_change(host)?;
            let number = self.host(actor, host).await?;
            if !self.storage.groups().delete(number, name).await? {
                return Err(OpsError::NoGroup(target.clone()));
            }
            self.changed(actor, host, "a group was deleted").await
        };
        self.audit.record(actor, Deed::new("group.delete", &target), work).await
    }

    async fn changed(&self, actor: &Actor, host: &str, what: &'static str) -> Result<(), OpsError> {
        self.live.sharing_changed().await;
        tracing::info!(%actor, host, "{what}");
        Ok(())
    }

    async fn host(&self, actor: &Actor, domain: &str) -> Result<HostId, OpsError> {
        actor.require_host(domain)?;
        if let Some(host) = self.storage.hosts().find(domain).await? {
            return Ok(host);
        }
        let hosts = self.storage.hosts().list().await?.into_iter();
        let hosts: Vec<String> = hosts
            .map(|host| host.domain)
            .filter(|host| actor.reaches(host))
            .collect();
        Err(OpsError::NoHost {
            domain: domain.to_owned(),
            hosts: hosts.join(", "),
        })
    }

    async fn found(&self, actor: &Actor, host: &str, name: &str) -> Result<(HostId, Group), OpsError> {
        let number = self.host(actor, host).await?;
        let group = self.storage.groups().get(number, name).await?;
        Ok((number, group.ok_or_else(|| OpsError::NoGroup(target(host, name)))?))
    }

    async fn facts(&self, number: HostId, host: &str, name: &str, form: &GroupForm) -> Result<GroupFacts, OpsError> {
        let display_name = match form.display_name.trim() {
            "" => name,
            display_name => display_name,
        };
        check_name(display_name)?;
        let mut viewers = match form.shown_to {
            GroupShown::Groups => form.viewers.clone(),
            _ => Vec::new(),
        };
        viewers.sort();
        viewers.dedup();
        for viewer in &viewers {
            if self.storage.groups().get(number, viewer).await?.is_none() {
                return Err(OpsError::NoGroup(target(host, viewer)));
            }
        }
        Ok(GroupFacts {
            display_name: display_name.to_owned(),
            description: form.description.clone(),
            shown_to: form.shown_to.to_stored(),
            viewers,
        })
    }
}

/// A group in the record of what was done.
fn target(host: &str, name: &str) -> String {
    format!("{name} at {host}")
}

fn has(group: &Group, text: &str) -> bool {
    let parts = [&group.name, &group.facts.display_name, &group.facts.description];
    text.is_empty() || parts.iter().any(|part| part.to_lowercase().contains(text))
}

/// Names go into rosters, and so into XML.
fn check_name(name: &str) -> Result<(), OpsError> {
    let has_wrong = name
        .chars()
        .any(|character| character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}'));
    if name.trim().is_empty() || name.trim() != name || has_wrong {
        return Err(OpsError::BadGroupName);
    }
    if name.len() > Stored::MAX_NAME_BYTES {
        return Err(OpsError::Storage(storage::StorageError::TooLarge {
            what: "the group's name, in bytes,",
            limit: Stored::MAX_NAME_BYTES,
        }));
    }
    Ok(())
}

impl GroupShown {
    fn to_stored(self) -> ShownTo {
        match self {
            Self::Nobody => ShownTo::Nobody,
            Self::Members => ShownTo::Members,
            Self::Host => ShownTo::Host,
            Self::Groups => ShownTo::Groups,
        }
    }

    fn of(stored: ShownTo) -> Self {
        match stored {
            ShownTo::Nobody => Self::Nobody,
            ShownTo::Members => Self::Members,
            ShownTo::Host => Self::Host,
            ShownTo::Groups => Self::Groups,
        }
    }
}

impl GroupInfo {
    fn of(host: &str, group: Group) -> Self {
        Self {
            host: host.to_owned(),
            name: group.name,
            form: GroupForm {
                display_name: group.facts.display_name,
                description: group.facts.description,
                shown_to: GroupShown::of(group.facts.shown_to),
                viewers: group.facts.viewers,
            },
            members: group.members,
            created_at: group.created_at,
        }
    }
}

impl std::fmt::Display for GroupForm {
    /// As it stands in the record of what was done.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = match self.shown_to {
            GroupShown::Nobody => "shown to nobody".to_owned(),
            GroupShown::Members => "shown to its members".to_owned(),
            GroupShown::Host => "shown to everybody of the host".to_owned(),
            GroupShown::Groups => format!("shown to its members and to {}", self.viewers.join(", ")),
        };
        write!(f, "{shown}, as {:?}", self.display_name)
    }
}
