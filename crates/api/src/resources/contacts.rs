//! `/accounts/{jid}/roster` and `/accounts/{jid}/blocked`: an account's contacts, and whom it blocks. What changes is
//! what the account's own client could change, by the same rules, and all its clients are told.

use ops::{ContactInfo, ContactPage as Wanted};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    answer::{Done, Json, Outcome},
    request::{Caller, Name, Names, Query, Sent, limit},
};

/// Which contacts or addresses.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContactQuery {
    /// Only those in whose address or name this is, whatever its case.
    #[serde(default)]
    text: String,
    /// Where the page begins: what the last page calls `next`.
    #[serde(default)]
    after: String,
    /// Entries at most, 1 to 499; without it: 50.
    limit: Option<u32>,
}

/// A page of contacts, by address.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContactPage {
    contacts: Vec<Contact>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

/// A contact.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Contact {
    /// Bare JID.
    jid: String,
    /// What the user calls it; empty: nothing.
    name: String,
    /// The user's own groups that it is in.
    groups: Vec<String>,
    /// Who sees whose presence, as the two agreed.
    #[schema(example = "both")]
    subscription: String,
    /// The user has asked to see the contact's presence.
    is_asking: bool,
    /// The contact has asked to see the user's, and waits for an answer.
    is_asked: bool,
    /// Whether the user's clients show it.
    is_listed: bool,
    /// Groups of the host that show it to the user, by their names in rosters.
    shared_by: Vec<String>,
    /// Whether by those groups the contact sees the user too.
    is_seen_by_groups: bool,
}

/// What the user calls a contact.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactChange {
    #[serde(default)]
    name: String,
    /// The user's own groups that it is in.
    #[serde(default)]
    groups: Vec<String>,
}

/// A page of addresses that are blocked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BlockedPage {
    /// JIDs, or domains.
    blocked: Vec<String>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

/// A page of an account's contacts, those that groups show among them.
#[utoipa::path(get, path = "/accounts/{jid}/roster",
    params(("jid" = String, Path, description = "Bare JID."), ContactQuery),
    responses((status = 200, body = ContactPage)))]
pub(crate) async fn list(
    caller: Caller,
    Name(jid): Name,
    Query(query): Query<ContactQuery>,
) -> Outcome<Json<ContactPage>> {
    let (contacts, next) = caller
        .acts
        .accounts
        .contacts(&caller.actor, &jid, &query.wanted()?)
        .await?;
    Ok(Json(ContactPage {
        contacts: contacts.into_iter().map(Contact::from).collect(),
        next,
    }))
}

/// Adds a contact, or gives it another name and other groups. What the two agreed on stays.
#[utoipa::path(put, path = "/accounts/{jid}/roster/{contact}", request_body = ContactChange,
    params(("jid" = String, Path, description = "Bare JID of the account."),
        ("contact" = String, Path, description = "Bare JID of the contact.")),
    responses((status = 204)))]
pub(crate) async fn put(
    caller: Caller,
    Names([jid, contact]): Names<2>,
    Sent(change): Sent<ContactChange>,
) -> Outcome<Done> {
    let accounts = &caller.acts.accounts;
    accounts
        .put_contact(&caller.actor, &jid, &contact, &change.name, &change.groups)
        .await?;
    Ok(Done)
}

/// Removes a contact, and with it what the two agreed on.
#[utoipa::path(delete, path = "/accounts/{jid}/roster/{contact}",
    params(("jid" = String, Path, description = "Bare JID of the account."),
        ("contact" = String, Path, description = "Bare JID of the contact.")),
    responses((status = 204)))]
pub(crate) async fn remove(caller: Caller, Names([jid, contact]): Names<2>) -> Outcome<Done> {
    caller
        .acts
        .accounts
        .remove_contact(&caller.actor, &jid, &contact)
        .await?;
    Ok(Done)
}

/// A page of the addresses that an account blocks.
#[utoipa::path(get, path = "/accounts/{jid}/blocked",
    params(("jid" = String, Path, description = "Bare JID."), ContactQuery),
    responses((status = 200, body = BlockedPage)))]
pub(crate) async fn blocked(
    caller: Caller,
    Name(jid): Name,
    Query(query): Query<ContactQuery>,
) -> Outcome<Json<BlockedPage>> {
    let (blocked, next) = caller
        .acts
        .accounts
        .blocked(&caller.actor, &jid, &query.wanted()?)
        .await?;
    Ok(Json(BlockedPage { blocked, next }))
}

/// Blocks an address for an account.
#[utoipa::path(put, path = "/accounts/{jid}/blocked/{address}",
    params(("jid" = String, Path, description = "Bare JID of the account."),
        ("address" = String, Path, description = "A JID, or a domain.")),
    responses((status = 204)))]
pub(crate) async fn block(caller: Caller, Names([jid, address]): Names<2>) -> Outcome<Done> {
    caller.acts.accounts.block(&caller.actor, &jid, &address).await?;
    Ok(Done)
}

/// Blocks an address no more.
#[utoipa::path(delete, path = "/accounts/{jid}/blocked/{address}",
    params(("jid" = String, Path, description = "Bare JID of the account."),
        ("address" = String, Path, description = "A JID, or a domain.")),
    responses((status = 204)))]
pub(crate) async fn unblock(caller: Caller, Names([jid, address]): Names<2>) -> Outcome<Done> {
    caller.acts.accounts.unblock(&caller.actor, &jid, &address).await?;
    Ok(Done)
}

impl ContactQuery {
    fn wanted(self) -> Outcome<Wanted> {
        Ok(Wanted {
            text: self.text,
            after: self.after,
            limit: limit(self.limit)?,
        })
    }
}

impl From<ContactInfo> for Contact {
    fn from(info: ContactInfo) -> Self {
        Self {
            jid: info.jid,
            name: info.name,
            groups: info.groups,
            subscription: info.subscription,
            is_asking: info.is_asking,
            is_asked: info.is_asked,
            is_listed: info.is_listed,
            shared_by: info.shared_by,
            is_seen_by_groups: info.is_seen_by_groups,
        }
    }
}
