//! `/sessions`: who is connected, on every server of the cluster.

use ops::{SessionOn, SessionQuestion};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    answer::{Json, Outcome},
    request::{Caller, Name, Query, limit},
    wire::{Closed, Time},
};

/// Which sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionQuery {
    /// Only those of this host.
    host: Option<String>,
    /// Only those in whose JID or address this is, letter by letter.
    #[serde(default)]
    text: String,
    /// Where the page begins: what the last page calls `next`.
    #[serde(default)]
    after: String,
    /// Entries at most, 1 to 499; without it: 50.
    limit: Option<u32>,
}

/// What a client is told whose session is closed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CloseQuery {
    /// What the client is told.
    #[serde(default = "reason")]
    reason: String,
}

/// A page of sessions, by JID.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionPage {
    sessions: Vec<Session>,
    /// How many are meant on the servers that answered, on all pages.
    total: u64,
    /// Where the next page begins; none after the last.
    next: Option<String>,
    /// Servers that did not answer: their sessions are missing here.
    silent: Vec<Silent>,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// Full JID.
    jid: String,
    /// The number of the server that it is on.
    node: u64,
    /// Where the client is.
    address: String,
    /// Whether the stream is encrypted.
    encrypted: bool,
    /// The SASL mechanism that let it in.
    mechanism: String,
    /// Priority of its presence; none while it is unavailable.
    priority: Option<i8>,
    bound_at: Time,
}

/// A server that did not answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Silent {
    /// Its number.
    node: u64,
    /// Why.
    reason: String,
}

fn reason() -> String {
    "closed by an operator".to_owned()
}

/// A page of the sessions of the whole cluster.
#[utoipa::path(get, path = "/sessions", params(SessionQuery), responses((status = 200, body = SessionPage)))]
pub(crate) async fn list(caller: Caller, Query(query): Query<SessionQuery>) -> Outcome<Json<SessionPage>> {
    if let Some(host) = &query.host {
        caller.actor.require_host(host)?;
    }
    let question = SessionQuestion {
        host: query.host,
        text: query.text,
        after: query.after,
        limit: limit(query.limit)?,
        ..SessionQuestion::default()
    };
    let found = caller.acts.sessions.everywhere(&caller.actor, &question).await;
    let last = found.sessions.last().filter(|_| found.has_more);
    let silent = found.silent.into_iter();
    Ok(Json(SessionPage {
        next: last.map(|on| on.session.jid.clone()),
        total: found.total,
        silent: silent.map(|(node, reason)| Silent { node, reason }).collect(),
        sessions: found.sessions.into_iter().map(Session::from).collect(),
    }))
}

/// Closes the session of a full JID, or all sessions of a bare one, wherever they are.
#[utoipa::path(delete, path = "/sessions/{jid}",
    params(("jid" = String, Path, description = "Full or bare JID, percent-encoded: / is %2F."), CloseQuery),
    responses((status = 200, body = Closed)))]
pub(crate) async fn close(caller: Caller, Name(jid): Name, Query(query): Query<CloseQuery>) -> Outcome<Json<Closed>> {
    let closed = caller.acts.sessions.close(&caller.actor, &jid, &query.reason).await?;
    Ok(Json(Closed::of(closed)))
}

impl From<SessionOn> for Session {
    fn from(on: SessionOn) -> Self {
        let session = on.session;
        Self {
            jid: session.jid,
            node: on.node,
            address: session.address,
            encrypted: session.encrypted,
            mechanism: session.mechanism,
            priority: session.priority,
            bound_at: Time(session.bound_at),
        }
    }
}
