//! `/accounts/{jid}/offline`: messages that wait for an account.

use ops::WaitingInfo;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    answer::{Json, Outcome},
    request::{Caller, Name, Names, Query, limit, number},
    wire::Time,
};

/// Which messages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WaitingQuery {
    /// Where the page begins: what the last page calls `next`.
    after: Option<String>,
    /// Entries at most, 1 to 499; without it: 50.
    limit: Option<u32>,
}

/// A page of what waits for an account, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitingPage {
    messages: Vec<WaitingMessage>,
    /// How many wait, on all pages.
    total: u64,
    /// How many bytes they are.
    bytes: u64,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

/// A message that waits, without what it says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitingMessage {
    /// Its number, a text because it is too large for many programs' numbers.
    id: String,
    /// Bare JID.
    from: String,
    at: Time,
    bytes: u64,
    /// When it need not be delivered any more; none: never.
    expires_at: Option<Time>,
}

/// A message that was read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadMessage {
    message: WaitingMessage,
    /// What it says; none: nothing, or it is encrypted.
    body: Option<String>,
    /// All of it.
    xml: String,
}

/// What was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deleted {
    /// Messages that wait no more.
    deleted_messages: u64,
}

/// A page of the messages that wait for an account.
#[utoipa::path(get, path = "/accounts/{jid}/offline",
    params(("jid" = String, Path, description = "Bare JID."), WaitingQuery),
    responses((status = 200, body = WaitingPage)))]
pub(crate) async fn list(
    caller: Caller,
    Name(jid): Name,
    Query(query): Query<WaitingQuery>,
) -> Outcome<Json<WaitingPage>> {
    let after = query.after.as_deref().map(|text| number(text, "after")).transpose()?;
    let limit = limit(query.limit)?;
    let waiting = caller.acts.accounts.waiting(&caller.actor, &jid, after, limit).await?;
    Ok(Json(WaitingPage {
        messages: waiting.messages.into_iter().map(WaitingMessage::from).collect(),
        total: waiting.count,
        bytes: waiting.bytes,
        next: waiting.next.map(|next| next.to_string()),
    }))
}

/// Reads one of the messages. Only owners may, and the audit log says that they did.
#[utoipa::path(post, path = "/accounts/{jid}/offline/{message}/read",
    params(("jid" = String, Path, description = "Bare JID."), ("message" = String, Path, description = "Its number.")),
    responses((status = 200, body = ReadMessage)))]
pub(crate) async fn read(caller: Caller, Names([jid, message]): Names<2>) -> Outcome<Json<ReadMessage>> {
    let id = number(&message, "message")?;
    let read = caller.acts.accounts.read_waiting(&caller.actor, &jid, id).await?;
    Ok(Json(ReadMessage {
        message: read.info.into(),
        body: read.body,
        xml: read.xml,
    }))
}

/// Deletes all messages that wait for an account now. A session that has one already keeps it.
#[utoipa::path(delete, path = "/accounts/{jid}/offline", params(("jid" = String, Path, description = "Bare JID.")),
    responses((status = 200, body = Deleted)))]
pub(crate) async fn delete(caller: Caller, Name(jid): Name) -> Outcome<Json<Deleted>> {
    let deleted_messages = caller.acts.accounts.delete_waiting(&caller.actor, &jid).await?;
    Ok(Json(Deleted { deleted_messages }))
}

impl From<WaitingInfo> for WaitingMessage {
    fn from(info: WaitingInfo) -> Self {
        Self {
            id: info.id.to_string(),
            from: info.from,
            at: Time(info.at),
            bytes: info.bytes,
            expires_at: info.expires_at.map(Time),
        }
    }
}
