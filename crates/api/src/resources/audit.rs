//! `/audit`: what operators have done, whatever way they took.

use axum::http::StatusCode;
use ops::{AuditInfo, AuditPage};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    answer::{Json, Outcome},
    problem::Problem,
    request::{Caller, Query, limit},
    wire::Time,
};

/// Which acts. Texts are looked for letter by letter.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// In who did it.
    #[serde(default)]
    actor: String,
    /// In what was done, as in `account.lock`.
    #[serde(default)]
    act: String,
    /// In what it was done to.
    #[serde(default)]
    target: String,
    /// In what was there before or afterwards, or in what became of it.
    #[serde(default)]
    text: String,
    /// Done to this domain, or to an address of it.
    #[serde(default)]
    host: String,
    /// Where the page begins: what the last page calls `next`.
    after: Option<String>,
    /// Entries at most, 1 to 499; without it: 50.
    limit: Option<u32>,
}

/// A page of acts, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActPage {
    acts: Vec<Act>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

/// What somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Act {
    /// Its number, a text because it is too large for many programs' numbers.
    id: String,
    at: Time,
    /// Who.
    actor: String,
    /// From where, when that was over a network.
    address: Option<String>,
    /// On which node.
    node: String,
    /// What, as in `account.lock`.
    act: String,
    /// To what.
    target: String,
    /// What was there before, where that is recorded.
    before: Option<String>,
    /// What was to be there afterwards, where that is recorded.
    after: Option<String>,
    /// What became of it; none: it is under way, or its server died over it before
    /// the database was changed.
    outcome: Option<String>,
}

/// A page of the audit log.
#[utoipa::path(get, path = "/audit", params(AuditQuery), responses((status = 200, body = ActPage)))]
pub(crate) async fn list(caller: Caller, Query(query): Query<AuditQuery>) -> Outcome<Json<ActPage>> {
    let limit = limit(query.limit)?;
    let before = query.after.as_deref().map(str::parse).transpose();
    let page = AuditPage {
        actor: query.actor,
        act: query.act,
        target: query.target,
        text: query.text,
        host: query.host,
        before: before.map_err(|_| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "This place in the list is none: begin with its first page.",
            )
            .at("after")
        })?,
        limit: limit + 1,
        ..AuditPage::default()
    };
    let mut acts = caller.acts.audit.list(&caller.actor, &page).await?;
    let has_more = acts.len() > limit as usize;
    acts.truncate(limit as usize);
    let last = acts.last().filter(|_| has_more);
    Ok(Json(ActPage {
        next: last.map(|act| act.id.to_string()),
        acts: acts.into_iter().map(Act::from).collect(),
    }))
}

impl From<AuditInfo> for Act {
    fn from(info: AuditInfo) -> Self {
        Self {
            id: info.id.to_string(),
            at: Time(info.at),
            actor: info.actor,
            address: info.address,
            node: info.node,
            act: info.act,
            target: info.target,
            before: info.before,
            after: info.after,
            outcome: info.outcome,
        }
    }
}
