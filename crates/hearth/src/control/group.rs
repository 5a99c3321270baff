//! What is asked about groups.

use ops::{Actor, GroupForm, GroupPage, Groups, MemberPage, OpsError};
use serde::{Deserialize, Serialize};

use super::Answer;

/// An act on groups, or on one of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "of_group", rename_all = "snake_case")]
pub(crate) enum GroupRequest {
    List {
        page: GroupPage,
    },
    Get {
        host: String,
        name: String,
    },
    Create {
        host: String,
        name: String,
        form: GroupForm,
    },
    Change {
        host: String,
        name: String,
        form: GroupForm,
    },
    Delete {
        host: String,
        name: String,
    },
    Members {
        host: String,
        name: String,
        page: MemberPage,
    },
    AddMembers {
        host: String,
        name: String,
        /// An address each.
        lines: String,
    },
    RemoveMember {
        host: String,
        name: String,
        address: String,
    },
    SetAdmin {
        host: String,
        name: String,
        address: String,
        is_admin: bool,
    },
}

impl GroupRequest {
    /// Does what is asked.
    pub(super) async fn answer(self, groups: &Groups, actor: &Actor) -> Result<Answer, OpsError> {
        match self {
            Self::List { page } => {
                let (found, next) = groups.list(actor, &page).await?;
                return Ok(Answer::Groups(found, next));
            }
            Self::Get { host, name } => return Ok(Answer::Group(groups.get(actor, &host, &name).await?.into())),
            Self::Members { host, name, page } => {
                let (members, next) = groups.members(actor, &host, &name, &page).await?;
                return Ok(Answer::Members(members, next));
            }
            Self::AddMembers { host, name, lines } => {
                let added = groups.add_members(actor, &host, &name, &lines).await?;
                return Ok(Answer::MembersAdded(added));
            }
            Self::Create { host, name, form } => groups.create(actor, &host, &name, &form).await?,
            Self::Change { host, name, form } => groups.change(actor, &host, &name, &form).await?,
            Self::Delete { host, name } => groups.delete(actor, &host, &name).await?,
            Self::RemoveMember { host, name, address } => {
                groups.remove_member(actor, &host, &name, &address).await?;
            }
            Self::SetAdmin {
                host,
                name,
                address,
                is_admin,
            } => groups.set_group_admin(actor, &host, &name, &address, is_admin).await?,
        }
        Ok(Answer::Nothing)
    }
}
