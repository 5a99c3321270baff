//! An account's contacts, and whom it blocks. What changes goes the way of the account's own clients: by the same rules,
//! and with all of them told.

use protocol::{Element, Jid, ns};
use serde::{Deserialize, Serialize};
use storage::{RosterItem, Subscription};

use super::Accounts;
use crate::{Actor, OpsError, PAGE_MAX, audit::Deed};

/// A contact as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactInfo {
    /// Bare JID.
    pub jid: String,
    /// The name that the user gave it; empty for none.
    pub name: String,
    /// The user's own groups that it is in.
    pub groups: Vec<String>,
    /// Who sees whose presence: `none`, `to`, `from` or `both`, as the two agreed.
    pub subscription: String,
    /// The user has asked to see the contact's presence.
    pub is_asking: bool,
    /// The contact has asked to see the user's, and waits for an answer.
    pub is_asked: bool,
    /// Whether the user's clients show it; one who has only asked is not shown.
    pub is_listed: bool,
    /// Names in rosters of the groups that show it to the user, whatever the two agreed.
    pub shared_by: Vec<String>,
    /// By those groups the contact sees the user too.
    pub is_seen_by_groups: bool,
}

/// Which contacts or addresses to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactPage {
    /// Only those in whose address or name this is, whatever its case; empty: all.
    pub text: String,
    /// Only those behind this address.
    pub after: String,
    /// How many at most; never more than [`PAGE_MAX`].
    pub limit: u32,
}

impl Accounts {
    /// A page of an account's contacts by address, those of groups among them; and the address behind which the next page
    /// begins.
    ///
    /// # Errors
    /// Where there is no such account, or the actor has no power there.
    pub async fn contacts(
        &self,
        actor: &Actor,
        address: &str,
        page: &ContactPage,
    ) -> Result<(Vec<ContactInfo>, Option<String>), OpsError> {
        let found = self.found(actor, address).await?;
        let (items, _) = self.storage.roster().load(found.account.id).await?;
        let mut contacts: Vec<ContactInfo> = items.into_iter().map(ContactInfo::of).collect();
        for (jid, share) in self.live.shared_contacts(&found.jid) {
            let place = contacts.iter().position(|contact| contact.jid == jid.as_str());
            let place = place.unwrap_or_else(|| {
                contacts.push(ContactInfo::of(RosterItem {
                    jid: jid.to_string(),
                    ..RosterItem::default()
                }));
                contacts.len() - 1
            });
            let contact = &mut contacts[place];
            contact.is_listed = true;
            contact.shared_by = share.groups;
            contact.is_seen_by_groups = share.from;
        }
        contacts.sort_by(|one, other| one.jid.cmp(&other.jid));
        let text = page.text.to_lowercase();
        contacts.retain(|contact| {
            contact.jid > page.after
                && (contact.jid.to_lowercase().contains(&text) || contact.name.to_lowercase().contains(&text))
        });
        Ok(cut(contacts, page.limit, |contact| &contact.jid))
    }

    /// The groups that an account is in, by name.
    ///
    /// # Errors
    /// Where there is no such account, or the actor has no power there.
    pub async fn groups_of(&self, actor: &Actor, address: &str) -> Result<Vec<String>, OpsError> {
        let found = self.found(actor, address).await?;
        let groups = self.storage.groups().of_account(found.account.id).await?;
        Ok(groups.into_iter().map(|membership| membership.group).collect())
    }

    /// Adds a contact, or gives it another name and other groups. What the two agreed on stays.
    ///
    /// # Errors
    /// Where there is no such account, no server runs, or the rules of rosters refuse it.
    pub async fn put_contact(
        &self,
        actor: &Actor,
        address: &str,
        contact: &str,
        name: &str,
        groups: &[String],
    ) -> Result<(), OpsError> {
        let deed = Deed {
            after: Some(format!("{} as {name:?} in {}", recorded(contact), groups.join(", "))),
            ..Deed::new("account.contact.set", address)
        };
        let groups = groups.iter().map(|group| Element::new("group", ns::ROSTER).text(group));
        let item = Element::new("item", ns::ROSTER)
            .attr("jid", contact)
            .attr("name", name)
            .children_from(groups);
        let work = self.change(actor, address, Element::new("query", ns::ROSTER).child(item));
        self.audit.record(actor, deed, work).await
    }

    /// Removes a contact, and with it what the two agreed on.
    ///
    /// # Errors
    /// As with [`Accounts::put_contact`]; and where only a group shows the contact.
    pub async fn remove_contact(&self, actor: &Actor, address: &str, contact: &str) -> Result<(), OpsError> {
        let deed = Deed {
            before: Some(recorded(contact)),
            ..Deed::new("account.contact.remove", address)
        };
        let item = Element::new("item", ns::ROSTER)
            .attr("jid", contact)
            .attr("subscription", "remove");
        let work = self.change(actor, address, Element::new("query", ns::ROSTER).child(item));
        self.audit.record(actor, deed, work).await
    }

    /// A page of the addresses that an account blocks, and the address behind which the next page begins.
    ///
    /// # Errors
    /// Where there is no such account, or the actor has no power there.
    pub async fn blocked(
        &self,
        actor: &Actor,
        address: &str,
        page: &ContactPage,
    ) -> Result<(Vec<String>, Option<String>), OpsError> {
        let found = self.found(actor, address).await?;
        let mut blocked = self.storage.blocking().list(found.account.id).await?;
        let text = page.text.to_lowercase();
        blocked.sort();
        blocked.retain(|jid| *jid > page.after && jid.to_lowercase().contains(&text));
        Ok(cut(blocked, page.limit, |jid| jid))
    }

    /// Blocks an address for an account: a JID, or a domain.
    ///
    /// # Errors
    /// As with [`Accounts::put_contact`].
    pub async fn block(&self, actor: &Actor, address: &str, blocked: &str) -> Result<(), OpsError> {
        let deed = Deed {
            after: Some(recorded(blocked)),
            ..Deed::new("account.block", address)
        };
        let work = async { self.change(actor, address, block_list("block", blocked)?).await };
        self.audit.record(actor, deed, work).await
    }

    /// Blocks an address no more.
    ///
    /// # Errors
    /// As with [`Accounts::put_contact`].
    pub async fn unblock(&self, actor: &Actor, address: &str, blocked: &str) -> Result<(), OpsError> {
        let deed = Deed {
            before: Some(recorded(blocked)),
            ..Deed::new("account.unblock", address)
        };
        let work = async { self.change(actor, address, block_list("unblock", blocked)?).await };
        self.audit.record(actor, deed, work).await
    }

    /// What an account's own client may change, changed for it.
    pub(super) async fn change(&self, actor: &Actor, address: &str, payload: Element) -> Result<(), OpsError> {
        let found = self.changeable(actor, address).await?;
        self.live.change(&found.jid, found.account.id, payload).await?;
        tracing::info!(%actor, host = found.jid.domain(), "something of an account was changed");
        Ok(())
    }
}

/// An empty list would mean everybody.
fn block_list(act: &str, blocked: &str) -> Result<Element, OpsError> {
    let jid: Jid = blocked
        .parse()
        .map_err(|error| OpsError::Refused(format!("{blocked:?} is no address: {error}")))?;
    let item = Element::new("item", ns::BLOCKING).attr("jid", jid.as_str());
    Ok(Element::new(act, ns::BLOCKING).child(item))
}

/// Somebody in the record of what was done: as an address where it is one.
fn recorded(text: &str) -> String {
    text.trim()
        .parse::<Jid>()
        .map_or_else(|_| text.to_owned(), |jid| jid.to_string())
}

/// The first of a list, and the place behind them where there are more.
fn cut<T>(mut list: Vec<T>, limit: u32, place: impl Fn(&T) -> &String) -> (Vec<T>, Option<String>) {
    let limit = limit.clamp(1, PAGE_MAX) as usize;
    let has_more = list.len() > limit;
    list.truncate(limit);
    let next = list.last().filter(|_| has_more).map(|last| place(last).clone());
    (list, next)
}

impl ContactInfo {
    fn of(item: RosterItem) -> Self {
        Self {
            jid: item.jid,
            name: item.name,
            groups: item.groups,
            subscription: word(item.subscription).to_owned(),
            is_asking: item.ask,
            is_asked: item.pending_in.is_some(),
            is_listed: item.listed,
            shared_by: Vec::new(),
            is_seen_by_groups: false,
        }
    }
}

/// RFC 6121 §2.1.2.5.
pub(super) fn word(subscription: Subscription) -> &'static str {
    match subscription {
        Subscription::None => "none",
        Subscription::To => "to",
        Subscription::From => "from",
        Subscription::Both => "both",
    }
}
