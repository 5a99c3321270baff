//! `/accounts`: who can log in.

use ops::{AccountInfo, Lock, Order, Page, Password};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    answer::{Created, Done, Json, Outcome},
    request::{Caller, Name, Query, Sent, limit},
    wire::{Closed, Time},
};

/// Which accounts, and in what order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccountQuery {
    /// The host; without it: the first of those that the token reaches.
    host: Option<String>,
    /// Only names that begin so.
    #[serde(default)]
    prefix: String,
    /// By what; without it: by name.
    #[serde(default)]
    #[param(inline)]
    order: AccountOrder,
    /// The greatest first.
    #[serde(default)]
    descending: bool,
    /// Where the page begins: what the last page calls `next`.
    #[serde(default)]
    after: String,
    /// Entries at most, 1 to 499; without it: 50.
    limit: Option<u32>,
}

/// By what accounts are listed.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AccountOrder {
    /// By name.
    #[default]
    Name,
    /// By when they were made.
    Created,
    /// By when somebody last logged in.
    LastLogin,
}

/// A page of accounts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountPage {
    accounts: Vec<Account>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Account {
    /// Bare JID.
    #[schema(example = "alice@example.org")]
    jid: String,
    created_at: Time,
    /// When somebody last logged in; none: never.
    last_login: Option<Time>,
    /// When its last session ended; none: never.
    last_logout: Option<Time>,
    /// Set while nobody may log in to it.
    lock: Option<AccountLock>,
}

/// Keeps everybody from logging in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountLock {
    /// Why, for other administrators.
    reason: Option<String>,
    /// Until when; none: until it is unlocked.
    until: Option<Time>,
}

/// An account to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    /// Bare JID.
    #[schema(example = "alice@example.org")]
    jid: String,
    #[schema(value_type = String, format = Password)]
    password: Password,
    /// Make it even where its name looks like that of another account of the host.
    #[serde(default)]
    allow_lookalike: bool,
}

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    #[schema(value_type = String, format = Password)]
    password: Password,
}

/// A page of accounts of one host.
#[utoipa::path(get, path = "/accounts", params(AccountQuery), responses((status = 200, body = AccountPage)))]
pub(crate) async fn list(caller: Caller, Query(query): Query<AccountQuery>) -> Outcome<Json<AccountPage>> {
    let page = Page {
        host: query.host,
        prefix: query.prefix,
        after: query.after,
        order: match query.order {
            AccountOrder::Name => Order::Name,
            AccountOrder::Created => Order::Made,
            AccountOrder::LastLogin => Order::LastLogin,
        },
        is_descending: query.descending,
        limit: limit(query.limit)?,
    };
    let (accounts, next) = caller.acts.accounts.list_on(&caller.actor, &page).await?;
    Ok(Json(AccountPage {
        accounts: accounts.into_iter().map(Account::from).collect(),
        next,
    }))
}

/// Makes an account.
#[utoipa::path(post, path = "/accounts", request_body = NewAccount, responses((status = 201, body = Account)))]
pub(crate) async fn create(caller: Caller, Sent(new): Sent<NewAccount>) -> Outcome<Created<Account>> {
    let accounts = caller.acts.accounts.meaning_lookalikes(new.allow_lookalike);
    accounts.add(&caller.actor, &new.jid, &new.password).await?;
    let made = Account::from(accounts.get(&caller.actor, &new.jid).await?);
    let place: String = form_urlencoded::byte_serialize(made.jid.as_bytes()).collect();
    Ok(Created(format!("/api/v1/accounts/{place}"), made))
}

/// One account.
#[utoipa::path(get, path = "/accounts/{jid}", params(("jid" = String, Path, description = "Bare JID.")),
    responses((status = 200, body = Account)))]
pub(crate) async fn show(caller: Caller, Name(jid): Name) -> Outcome<Json<Account>> {
    Ok(Json(caller.acts.accounts.get(&caller.actor, &jid).await?.into()))
}

/// Deletes an account with all that is remembered for it, and ends its sessions.
#[utoipa::path(delete, path = "/accounts/{jid}", params(("jid" = String, Path, description = "Bare JID.")),
    responses((status = 200, body = Closed)))]
pub(crate) async fn delete(caller: Caller, Name(jid): Name) -> Outcome<Json<Closed>> {
    let closed = caller.acts.accounts.delete(&caller.actor, &jid).await?;
    Ok(Json(Closed::of(closed)))
}

/// Gives an account another password, and ends its sessions.
#[utoipa::path(put, path = "/accounts/{jid}/password", params(("jid" = String, Path, description = "Bare JID.")),
    request_body = NewPassword, responses((status = 200, body = Closed)))]
pub(crate) async fn set_password(
    caller: Caller,
    Name(jid): Name,
    Sent(new): Sent<NewPassword>,
) -> Outcome<Json<Closed>> {
    let closed = caller
        .acts
        .accounts
        .set_password(&caller.actor, &jid, &new.password)
        .await?;
    Ok(Json(Closed::of(closed)))
}

/// Keeps everybody from logging in to an account, and ends its sessions.
#[utoipa::path(put, path = "/accounts/{jid}/lock", params(("jid" = String, Path, description = "Bare JID.")),
    request_body = AccountLock, responses((status = 200, body = Closed)))]
pub(crate) async fn lock(caller: Caller, Name(jid): Name, Sent(lock): Sent<AccountLock>) -> Outcome<Json<Closed>> {
    let lock = Lock {
        reason: lock.reason,
        until: lock.until.map(|time| time.0),
    };
    let closed = caller.acts.accounts.lock(&caller.actor, &jid, &lock).await?;
    Ok(Json(Closed::of(closed)))
}

/// Lets an account's user in again.
#[utoipa::path(delete, path = "/accounts/{jid}/lock", params(("jid" = String, Path, description = "Bare JID.")),
    responses((status = 204)))]
pub(crate) async fn unlock(caller: Caller, Name(jid): Name) -> Outcome<Done> {
    caller.acts.accounts.unlock(&caller.actor, &jid).await?;
    Ok(Done)
}

impl From<AccountInfo> for Account {
    fn from(info: AccountInfo) -> Self {
        Self {
            jid: info.jid,
            created_at: Time(info.created_at),
            last_login: info.last_login.map(Time),
            last_logout: info.last_logout.map(Time),
            lock: info.lock.map(|lock| AccountLock {
                reason: lock.reason,
                until: lock.until.map(Time),
            }),
        }
    }
}
