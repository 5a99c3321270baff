//! `/properties`: settings that change while the server runs.

use ops::{Applies, PropertyInfo, Source, Value, Where};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    answer::{Json, Outcome},
    request::{Caller, Name, Query, Sent},
};

/// Which properties.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PropertyQuery {
    /// Only those in whose name this is.
    #[serde(default)]
    text: String,
}

/// Where a change holds.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ScopeQuery {
    /// Where; without it: on every server.
    #[serde(default)]
    #[param(inline)]
    scope: PropertyScope,
}

/// Where a change holds.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PropertyScope {
    /// On every server that has no value of its own.
    #[default]
    Cluster,
    /// On the server that is asked, only.
    Node,
}

/// All properties.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PropertyList {
    properties: Vec<Property>,
}

/// A property.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Property {
    #[schema(example = "roster.max_items")]
    name: String,
    /// What holds here.
    value: PropertyValue,
    /// Why it holds.
    source: PropertySource,
    /// Where the configuration pins it, if it does.
    pinned_by: Option<String>,
    /// What would hold if nothing were set.
    default: PropertyValue,
    /// What it may hold, in words.
    allowed: String,
    /// Whether a change takes effect at the next start only.
    needs_restart: bool,
    /// What it means.
    description: String,
    /// Whether its value is encrypted in the database and shown nowhere: dots stand for it.
    is_secret: bool,
    /// Why the value that is set does not hold, and what to do.
    problem: Option<String>,
}

/// The value of a property.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum PropertyValue {
    /// Yes or no.
    Bool(bool),
    /// A whole number; its unit is the last word of the property's name.
    Int(i64),
    /// One text.
    Text(String),
    /// Several texts, without commas.
    List(Vec<String>),
}

/// Why a value holds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PropertySource {
    /// Nothing is set.
    Default,
    /// It is set for all servers.
    Cluster,
    /// It is set for this server.
    Node,
    /// The configuration holds it fast.
    Pinned,
}

/// Another value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewValue {
    value: PropertyValue,
    /// Where it is to hold; without it: on every server.
    #[serde(default)]
    scope: PropertyScope,
}

/// The properties, by name.
#[utoipa::path(get, path = "/properties", params(PropertyQuery), responses((status = 200, body = PropertyList)))]
pub(crate) async fn list(caller: Caller, Query(query): Query<PropertyQuery>) -> Outcome<Json<PropertyList>> {
    let mut properties = caller.acts.properties.list(&caller.actor).await?;
    properties.retain(|property| property.name.contains(&query.text));
    Ok(Json(PropertyList {
        properties: properties.into_iter().map(Property::from).collect(),
    }))
}

/// One property.
#[utoipa::path(get, path = "/properties/{name}", params(("name" = String, Path, description = "Its name.")),
    responses((status = 200, body = Property)))]
pub(crate) async fn show(caller: Caller, Name(name): Name) -> Outcome<Json<Property>> {
    Ok(Json(caller.acts.properties.get(&caller.actor, &name).await?.into()))
}

/// Sets a property.
#[utoipa::path(put, path = "/properties/{name}", params(("name" = String, Path, description = "Its name.")),
    request_body = NewValue, responses((status = 200, body = Property)))]
pub(crate) async fn set(caller: Caller, Name(name): Name, Sent(new): Sent<NewValue>) -> Outcome<Json<Property>> {
    let (place, value) = (new.scope.into(), Value::from(new.value).to_string());
    let set = caller.acts.properties.set(&caller.actor, place, &name, &value).await?;
    Ok(Json(set.into()))
}

/// Takes a property's value back.
#[utoipa::path(delete, path = "/properties/{name}", params(("name" = String, Path, description = "Its name."), ScopeQuery),
    responses((status = 200, body = Property)))]
pub(crate) async fn unset(
    caller: Caller,
    Name(name): Name,
    Query(query): Query<ScopeQuery>,
) -> Outcome<Json<Property>> {
    let unset = caller
        .acts
        .properties
        .unset(&caller.actor, query.scope.into(), &name)
        .await?;
    Ok(Json(unset.into()))
}

/// Encrypts what is set for a property: from now on it is a secret, which is shown nowhere.
#[utoipa::path(post, path = "/properties/{name}/encrypt", params(("name" = String, Path, description = "Its name.")),
    responses((status = 200, body = Property)))]
pub(crate) async fn encrypt(caller: Caller, Name(name): Name) -> Outcome<Json<Property>> {
    Ok(Json(caller.acts.properties.encrypt(&caller.actor, &name).await?.into()))
}

impl From<PropertyScope> for Where {
    fn from(scope: PropertyScope) -> Self {
        match scope {
            PropertyScope::Cluster => Self::Cluster,
            PropertyScope::Node => Self::Node,
        }
    }
}

impl From<PropertyInfo> for Property {
    fn from(info: PropertyInfo) -> Self {
        let (source, pinned_by) = match info.source {
            Source::Default => (PropertySource::Default, None),
            Source::Cluster => (PropertySource::Cluster, None),
            Source::Node => (PropertySource::Node, None),
            Source::Pinned(by) => (PropertySource::Pinned, Some(by)),
        };
        Self {
            name: info.name,
            value: info.value.into(),
            source,
            pinned_by,
            default: info.default.into(),
            allowed: info.allowed,
            needs_restart: info.applies == Applies::Restart,
            description: info.doc,
            is_secret: info.is_secret,
            problem: info.problem,
        }
    }
}

impl From<Value> for PropertyValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(value),
            Value::Int(value) => Self::Int(value),
            Value::Text(value) => Self::Text(value),
            Value::List(values) => Self::List(values),
        }
    }
}

impl From<PropertyValue> for Value {
    fn from(value: PropertyValue) -> Self {
        match value {
            PropertyValue::Bool(value) => Self::Bool(value),
            PropertyValue::Int(value) => Self::Int(value),
            PropertyValue::Text(value) => Self::Text(value),
            PropertyValue::List(values) => Self::List(values),
        }
    }
}
