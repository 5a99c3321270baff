//! `/history`: what properties were before, and the way back. `/settings`: several properties in one act.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use ops::{NotSet, PropertyChangeInfo, Value};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::properties::{Property, PropertyValue};
use crate::{
    answer::{Done, Json, Outcome},
    problem::Problem,
    request::{Caller, Name, Query, Sent, limit, number},
    wire::Time,
};

/// Which changes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// Only those of this property.
    name: Option<String>,
    /// Where the page begins: what the last page calls `next`.
    after: Option<String>,
    /// Entries at most, 1 to 499; without it: 50.
    limit: Option<u32>,
}

/// A page of changes, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangePage {
    changes: Vec<PropertyChange>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

/// A change of a property in the past.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PropertyChange {
    /// Its number, a text because it is too large for many programs' numbers.
    id: String,
    at: Time,
    /// Who did it.
    actor: String,
    /// The server that it is for; none: for all of them.
    node: Option<String>,
    /// Which property.
    name: String,
    /// The value before; none where it was not set.
    before: Option<String>,
    /// The value afterwards; none where it was taken back.
    after: Option<String>,
}

/// Values of several properties.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewValues {
    /// By the names of the properties, 64 at most.
    values: BTreeMap<String, PropertyValue>,
}

/// A page of past changes of properties.
#[utoipa::path(get, path = "/history", params(HistoryQuery), responses((status = 200, body = ChangePage)))]
pub(crate) async fn list(caller: Caller, Query(query): Query<HistoryQuery>) -> Outcome<Json<ChangePage>> {
    let limit = limit(query.limit)?;
    let before = query.after.as_deref().map(|text| number(text, "after")).transpose()?;
    let properties = &caller.acts.properties;
    let name = query.name.as_deref();
    let mut changes = properties.history(&caller.actor, name, before, limit + 1).await?;
    let has_more = changes.len() > limit as usize;
    changes.truncate(limit as usize);
    let last = changes.last().filter(|_| has_more);
    Ok(Json(ChangePage {
        next: last.map(|change| change.id.to_string()),
        changes: changes.into_iter().map(PropertyChange::from).collect(),
    }))
}

/// Undoes one change: what it changed is again as it was before.
#[utoipa::path(post, path = "/history/{change}/undo", params(("change" = String, Path, description = "Its number.")),
    responses((status = 200, body = Property)))]
pub(crate) async fn undo(caller: Caller, Name(change): Name) -> Outcome<Json<Property>> {
    let id = number(&change, "change")?;
    Ok(Json(caller.acts.properties.undo(&caller.actor, id).await?.into()))
}

/// Sets several properties for every server: all of them, or none where one value is wrong.
#[utoipa::path(put, path = "/settings", request_body = NewValues, responses((status = 204)))]
pub(crate) async fn set_all(caller: Caller, Sent(new): Sent<NewValues>) -> Outcome<Done> {
    let text = |value| Value::from(value).to_string();
    let values: Vec<_> = new
        .values
        .into_iter()
        .map(|(name, value)| (name, text(value)))
        .collect();
    match caller.acts.properties.set_all(&caller.actor, &values).await {
        Ok(()) => Ok(Done),
        Err(NotSet::Other(error)) => Err(error.into()),
        Err(error @ NotSet::Values(_)) => {
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string());
            Err(match error {
                NotSet::Values(wrong) if wrong.len() == 1 => {
                    let name = wrong.into_keys().next().unwrap_or_default();
                    problem.at(&format!("values.{name}"))
                }
                _ => problem.at("values"),
            })
        }
    }
}

impl From<PropertyChangeInfo> for PropertyChange {
    fn from(info: PropertyChangeInfo) -> Self {
        Self {
            id: info.id.to_string(),
            at: Time(info.at),
            actor: info.actor,
            node: info.node,
            name: info.name,
            before: info.before,
            after: info.after,
        }
    }
}
