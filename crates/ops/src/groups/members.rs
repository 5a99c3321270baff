//! Who is in a group.

use std::collections::HashSet;

use protocol::Jid;
use serde::{Deserialize, Serialize};
use storage::{AccountId, Group, HostId};

use super::{Groups, target};
use crate::{Actor, OpsError, PAGE_MAX, Role, audit::Deed};

/// Lines that are taken in at a time.
pub const BULK_LINES_MAX: usize = 1_000;

/// A member as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberInfo {
    /// Bare JID.
    pub jid: String,
    /// Whether it is an administrator of the group, and so may add and remove members.
    pub is_admin: bool,
}

/// Which members to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberPage {
    /// Only members whose names begin so.
    pub prefix: String,
    /// Only members behind the one of this name, without its host.
    pub after: String,
    /// How many at most; never more than [`PAGE_MAX`].
    pub limit: u32,
}

/// What became of addresses that were to be members.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersAdded {
    /// Members now that were none before.
    pub added: usize,
    /// Members before.
    pub already: usize,
    /// Lines that name nobody who could be one.
    pub refused: Vec<BadLine>,
}

/// A line that names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadLine {
    /// Its number, from 1.
    pub line: usize,
    /// What it says.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

impl Groups {
    /// A page of members by name, and the name behind which the next page begins; none after the last.
    ///
    /// # Errors
    /// Where there is no such group.
    pub async fn members(
        &self,
        actor: &Actor,
        host: &str,
        name: &str,
        page: &MemberPage,
    ) -> Result<(Vec<MemberInfo>, Option<String>), OpsError> {
        let (_, group) = self.found(actor, host, name).await?;
        let limit = page.limit.clamp(1, PAGE_MAX);
        let groups = self.storage.groups();
        let mut rows = groups
            .members(group.number, &page.prefix, &page.after, limit + 1)
            .await?;
        let has_more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| has_more).map(|row| row.localpart.clone());
        let info = |row: storage::Member| MemberInfo {
            jid: format!("{}@{host}", row.localpart),
            is_admin: row.is_admin,
        };
        Ok((rows.into_iter().map(info).collect(), next))
    }

    /// Adds the accounts that the lines of a text name, with or without their host. Lines that name nobody are told, and
    /// keep nobody else out.
    ///
    /// # Errors
    /// Where there is no such group, it would be too large, or there are more than [`BULK_LINES_MAX`] lines.
    pub async fn add_members(
        &self,
        actor: &Actor,
        host: &str,
        name: &str,
        lines: &str,
    ) -> Result<MembersAdded, OpsError> {
        let target = target(host, name);
        let count = lines.lines().filter(|line| !line.trim().is_empty()).count();
        let deed = Deed {
            after: Some(match count {
                1 => recorded(lines.trim(), host),
                count => format!("{count} addresses"),
            }),
            ..Deed::new("group.members.add", &target)
        };
        let work = async {
            let (number, group) = self.to_be_filled(actor, host, name).await?;
            if count > BULK_LINES_MAX {
                return Err(OpsError::TooManyLines {
                    count,
                    limit: BULK_LINES_MAX,
                });
            }
            let mut result = MembersAdded::default();
            let mut accounts: Vec<AccountId> = Vec::new();
            let mut seen = HashSet::new();
            for (place, text) in lines.lines().enumerate() {
                let text = text.trim();
                if text.is_empty() {
                    continue;
                }
                let local = match localpart(text, host) {
                    Ok(local) => local,
                    Err(why) => {
                        result.refuse(place, text, why);
                        continue;
                    }
                };
                match self.storage.accounts().find(number, &local).await? {
                    Some(account) if seen.insert(account.id) => accounts.push(account.id),
                    Some(_) => result.already += 1,
                    None => result.refuse(place, text, format!("there is no account {local}@{host}")),
                }
            }
            let wanted = accounts.len();
            result.added = self.storage.groups().add_members(group.number, &accounts).await?;
            result.already += wanted - result.added;
            if result.added > 0 {
                self.changed(actor, host, "a group has new members").await?;
            }
            Ok(result)
        };
        self.audit.record(actor, deed, work).await
    }

    /// Takes an account out of a group. Who administers the group takes out whom they like but its other administrators.
    ///
    /// # Errors
    /// Where there is no such group, or the account is not in it.
    pub async fn remove_member(&self, actor: &Actor, host: &str, name: &str, address: &str) -> Result<(), OpsError> {
        let target = target(host, name);
        let deed = Deed {
            before: Some(recorded(address, host)),
            ..Deed::new("group.members.remove", &target)
        };
        let work = async {
            let found = self.to_be_filled(actor, host, name).await?;
            let (group, account) = self.member(found, host, address).await?;
            self.spare_its_administrators(actor, account, name).await?;
            if !self.storage.groups().remove_member(group, account).await? {
                return Err(OpsError::NoMember(address.to_owned()));
            }
            self.changed(actor, host, "a group lost a member").await
        };
        self.audit.record(actor, deed, work).await
    }

    /// Notes whether a member is an administrator of the group: whether it may add and remove members, by commands from its
    /// chat client. That gives no power over anything else.
    ///
    /// # Errors
    /// Where there is no such group, or the account is not in it.
    pub async fn set_group_admin(
        &self,
        actor: &Actor,
        host: &str,
        name: &str,
        address: &str,
        is_admin: bool,
    ) -> Result<(), OpsError> {
        let target = target(host, name);
        let act = if is_admin {
            "group.admin.grant"
        } else {
            "group.admin.revoke"
        };
        let deed = Deed {
            after: Some(recorded(address, host)),
            ..Deed::new(act, &target)
        };
        let work = async {
            actor.require_change(host)?;
            let found = self.found(actor, host, name).await?;
            let (group, account) = self.member(found, host, address).await?;
            if !self.storage.groups().set_admin(group, account, is_admin).await? {
                return Err(OpsError::NoMember(address.to_owned()));
            }
            Ok(())
        };
        self.audit.record(actor, deed, work).await
    }

    /// The names of the groups that an account administers, all of its own host.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn administered(&self, jid: &Jid) -> Result<Vec<String>, OpsError> {
        let Some((_, account)) = self.account(jid).await? else {
            return Ok(Vec::new());
        };
        let groups = self.storage.groups().of_account(account).await?.into_iter();
        let own = groups.filter(|membership| membership.is_admin);
        Ok(own.map(|membership| membership.group).collect())
    }

    async fn account(&self, jid: &Jid) -> Result<Option<(HostId, AccountId)>, OpsError> {
        let (Some(local), Some(host)) = (jid.local(), self.storage.hosts().find(jid.domain()).await?) else {
            return Ok(None);
        };
        let account = self.storage.accounts().find(host, local).await?;
        Ok(account.map(|account| (host, account.id)))
    }

    /// A group whose members the actor may change. Who administers groups hears of no other one that there is.
    async fn to_be_filled(&self, actor: &Actor, host: &str, name: &str) -> Result<(HostId, Group), OpsError> {
        let Actor::Account {
            jid,
            role: Role::GroupAdmin,
            ..
        } = actor
        else {
            actor.require_change(host)?;
            return self.found(actor, host, name).await;
        };
        let denied = || actor.denied(&target(host, name));
        if jid.domain() != host || !self.administered(jid).await?.iter().any(|own| own == name) {
            return Err(denied());
        }
        let number = self.storage.hosts().find(host).await?.ok_or_else(denied)?;
        let group = self.storage.groups().get(number, name).await?;
        Ok((number, group.ok_or_else(denied)?))
    }

    /// Of the administrators of a group, none throws the others out.
    async fn spare_its_administrators(&self, actor: &Actor, account: AccountId, name: &str) -> Result<(), OpsError> {
        let Actor::Account {
            jid,
            role: Role::GroupAdmin,
            ..
        } = actor
        else {
            return Ok(());
        };
        let own = self.account(jid).await?.map(|(_, own)| own);
        let groups = self.storage.groups().of_account(account).await?;
        let is_admin = groups
            .iter()
            .any(|membership| membership.group == name && membership.is_admin);
        match is_admin && own != Some(account) {
            true => Err(actor.denied("another administrator of the group")),
            false => Ok(()),
        }
    }

    async fn member(
        &self,
        (number, group): (HostId, Group),
        host: &str,
        address: &str,
    ) -> Result<(storage::GroupNumber, AccountId), OpsError> {
        let none = || OpsError::NoMember(address.to_owned());
        let local = localpart(address, host).map_err(|_| none())?;
        let account = self.storage.accounts().find(number, &local).await?;
        Ok((group.number, account.ok_or_else(none)?.id))
    }
}

impl MembersAdded {
    fn refuse(&mut self, place: usize, text: &str, why: String) {
        self.refused.push(BadLine {
            line: place + 1,
            text: text.to_owned(),
            why,
        });
    }
}

/// A member in the record of what was done: as an address where it is one.
fn recorded(text: &str, host: &str) -> String {
    localpart(text, host).map_or_else(|_| text.to_owned(), |local| format!("{local}@{host}"))
}

/// The prepared localpart of an account of this host, named with its host or without.
fn localpart(text: &str, host: &str) -> Result<String, String> {
    let jid = match text.contains('@') {
        true => text.parse::<Jid>(),
        false => Jid::from_parts(Some(text), host, None),
    };
    let jid = jid.map_err(|error| format!("this is no address: {error}"))?;
    match jid.local() {
        _ if jid.domain() != host => Err(format!("only accounts of {host} can be members")),
        Some(_) if !jid.is_bare() => Err("an account's address has no resource".to_owned()),
        Some(local) => Ok(local.to_owned()),
        None => Err("this is no account's address".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::localpart;

    #[test]
    fn lines_name_accounts_of_the_host_and_of_no_other() {
        for (text, expected) in [
            ("romeo", Some("romeo")),
            ("Romeo@Verona", Some("romeo")),
            ("romeo@mantua", None),
            ("romeo@verona/orchard", None),
            ("verona", Some("verona")),
            ("@verona", None),
            ("two words", None),
            ("<script>@verona", None),
        ] {
            assert_eq!(localpart(text, "verona").ok().as_deref(), expected, "{text}");
        }
    }
}
