//! System properties: what holds, why, and how it is changed.
//!
//! | to find | look in |
//! |---|---|
//! | one property: read, set, taken back | here |
//! | several, set in one act | `form` |
//! | what they were before, and the way back | `history` |
//! | those whose values are encrypted | `secrets` |

mod form;
mod history;
mod secrets;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use storage::{Audit, Scope, Storage};

pub use form::NotSet;
pub use history::PropertyChangeInfo;
use secrets::Opened;

use crate::{
    Actor, Applies, Audit as Record, Catalogue, Definition, Kind, NoKeeper, OpsError, Sealing, Value, audit::Deed,
    cluster, console::shut_out, nearest,
};

/// Acts on system properties.
#[derive(Clone)]
pub struct Properties {
    storage: Storage,
    catalogue: Arc<Catalogue>,
    pins: Arc<ArcSwap<Pins>>,
    node: String,
    record: Record,
    sealing: Sealing,
    /// Values that could not be read, so that each is told of once.
    told: Arc<Mutex<HashSet<String>>>,
}

/// Properties that the configuration holds fast, by name.
pub type Pins = HashMap<String, Pinned>;

/// A property that the configuration holds fast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// What it is held at.
    pub value: Value,
    /// File and line, or variable.
    pub by: String,
}

/// Where a change holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Where {
    /// On every node that has no value of its own.
    #[default]
    Cluster,
    /// On this node only.
    Node,
}

/// A property as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyInfo {
    /// Its name.
    pub name: String,
    /// What holds here.
    pub value: Value,
    /// Why it holds.
    pub source: Source,
    /// What would hold if nothing were set.
    pub default: Value,
    /// What it may hold.
    pub allowed: String,
    /// The words that it may hold; none where it holds something else.
    #[serde(default)]
    pub choices: Vec<String>,
    /// When a change takes effect.
    pub applies: Applies,
    /// What it means.
    pub doc: String,
    /// Whether its value is encrypted in the database and shown nowhere: what stands for the value here are dots.
    #[serde(default)]
    pub is_secret: bool,
    /// Why the value that is set does not hold, and what to do.
    #[serde(default)]
    pub problem: Option<String>,
}

/// Why a value holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Nothing is set.
    Default,
    /// It is set for all nodes.
    Cluster,
    /// It is set for this node.
    Node,
    /// The configuration holds it fast, there.
    Pinned(String),
}

/// The value that holds, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The value.
    pub value: Value,
    /// Why.
    pub source: Source,
    /// Whether it is shown nowhere.
    pub is_secret: bool,
    /// Why the value that is set does not hold, and what to do.
    pub problem: Option<String>,
}

impl Properties {
    /// Acts on the properties in `storage` as they hold on the node of this name.
    #[must_use]
    pub fn new(storage: Storage, catalogue: Arc<Catalogue>, pins: Arc<ArcSwap<Pins>>, node: String) -> Self {
        let record = Record::new(storage.clone(), node.clone());
        Self {
            sealing: Sealing::new(storage.clone(), Arc::new(NoKeeper)),
            told: Arc::default(),
            storage,
            catalogue,
            pins,
            node,
            record,
        }
    }

    /// The same, with secrets encrypted this way.
    #[must_use]
    pub fn with_sealing(self, sealing: Sealing) -> Self {
        Self { sealing, ..self }
    }

    /// Where changes are recorded.
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// Where the actor's power does not reach, or the database fails.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<PropertyInfo>, OpsError> {
        actor.require_server()?;
        let mut held = self.held().await?;
        let info = |definition: &Definition| {
            held.remove(definition.name)
                .map(|held| PropertyInfo::of(definition, held))
        };
        Ok(self.catalogue.iter().filter_map(info).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// Where there is none of this name.
    pub async fn get(&self, actor: &Actor, name: &str) -> Result<PropertyInfo, OpsError> {
        actor.require_server()?;
        let definition = self.definition(name)?;
        let held = self.held().await?.remove(definition.name);
        let held = held.ok_or_else(|| no_property(&self.catalogue, name))?;
        Ok(PropertyInfo::of(definition, held))
    }

    /// Sets a value.
    ///
    /// # Errors
    /// Where the property is unknown or pinned, or does not allow the value.
    pub async fn set(&self, actor: &Actor, place: Where, name: &str, text: &str) -> Result<PropertyInfo, OpsError> {
        let deed = self.deed("property.set", place, name, Some(text)).await;
        let work = async {
            actor.require_owner()?;
            let (definition, value) = self.accepted(actor, name, text).await?;
            if place == Where::Node && cluster::holds_everywhere(definition.name) {
                return Err(OpsError::Everywhere(definition.name));
            }
            let (scope, who) = (self.scope(place), actor.to_string());
            let kept = Box::pin(self.kept(definition, &value.to_string())).await?;
            self.storage
                .properties()
                .set_all(&scope, &[kept.change(definition.name)], &who)
                .await?;
            let shown = if kept.is_sealed { Audit::MASK } else { &kept.text };
            tracing::info!(%actor, name = definition.name, value = shown, "a property was set");
            self.get(actor, name).await
        };
        self.record.record(actor, deed, work).await
    }

    /// Takes a value back.
    ///
    /// # Errors
    /// Where the property is unknown or pinned.
    pub async fn unset(&self, actor: &Actor, place: Where, name: &str) -> Result<PropertyInfo, OpsError> {
        let deed = self.deed("property.unset", place, name, None).await;
        let work = async {
            actor.require_owner()?;
            let definition = self.changeable(name)?;
            let (scope, who) = (self.scope(place), actor.to_string());
            let properties = self.storage.properties();
            properties.unset(&scope, definition.name, &who, Audit::Plain).await?;
            tracing::info!(%actor, name = definition.name, "a property was unset");
            self.get(actor, name).await
        };
        self.record.record(actor, deed, work).await
    }

    /// What is about to be done, for the record.
    async fn deed<'a>(&self, act: &'static str, place: Where, name: &'a str, after: Option<&str>) -> Deed<'a> {
        let before = self.storage.properties().get(&self.scope(place), name).await;
        let default = || Some("not set".to_owned());
        let is_secret = self.is_secret(name).await;
        let shown = |text: String| if is_secret { Audit::MASK.to_owned() } else { text };
        Deed {
            before: before.ok().and_then(|value| value.map(shown).or_else(default)),
            after: after.map(str::to_owned).map(shown).or_else(default),
            ..Deed::new(act, name)
        }
    }

    /// What holds for every property.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn held(&self) -> Result<HashMap<&'static str, Held>, OpsError> {
        // Acts hold acts, and their futures each other: a thread's stack is not for all of them.
        let stored = Box::pin(self.opened()).await?;
        Ok(self
            .catalogue
            .iter()
            .map(|definition| (definition.name, self.resolve(definition, &stored)))
            .collect())
    }

    /// A pin over this node's value over the cluster's over the default.
    fn resolve(&self, definition: &Definition, stored: &[Opened]) -> Held {
        let of_it = || stored.iter().filter(|opened| opened.name == definition.name);
        let is_secret = definition.is_secret || of_it().any(|opened| opened.is_sealed);
        let mut problem = None;
        if let Some(pinned) = self.pins.load().get(definition.name) {
            return Held {
                value: pinned.value.clone(),
                source: Source::Pinned(pinned.by.clone()),
                is_secret,
                problem,
            };
        }
        let places = [
            (Scope::Node(self.node.clone()), Source::Node),
            (Scope::Cluster, Source::Cluster),
        ];
        for (scope, source) in places {
            let Some(opened) = of_it().find(|opened| opened.scope == scope) else {
                continue;
            };
            let read = opened.text.clone().map_err(OpsError::Sealed);
            match read.and_then(|text| self.read(definition, &text)) {
                Ok(value) => {
                    return Held {
                        value,
                        source,
                        is_secret,
                        problem,
                    };
                }
                Err(error @ OpsError::Sealed(_)) => {
                    let why = format!("the value that is set cannot be read: {error}");
                    self.tell(definition.name, &why);
                    problem = problem.or(Some(why));
                }
                Err(_) if is_secret => {
                    tracing::warn!(
                        name = definition.name,
                        "the stored secret is passed over: it is not allowed here"
                    );
                }
                // Another version of the program allowed it, or another database.
                Err(error) => tracing::warn!(name = definition.name, "the stored value is passed over: {error}"),
            }
        }
        Held {
            value: definition.default.clone(),
            source: Source::Default,
            is_secret,
            problem,
        }
    }

    /// Why a property cannot be set to this now, if so.
    pub(crate) fn refusal(&self, name: &str, text: &str) -> Option<OpsError> {
        self.possible(name, text).err()
    }

    fn possible(&self, name: &str, text: &str) -> Result<(&Definition, Value), OpsError> {
        let definition = self.changeable(name)?;
        Ok((definition, self.read(definition, text)?))
    }

    /// A value that this actor may give the property.
    fn acceptable(&self, actor: &Actor, name: &str, text: &str) -> Result<(&Definition, Value), OpsError> {
        let (definition, value) = self.possible(name, text)?;
        match shut_out(actor, definition.name, &value) {
            Some(address) => Err(OpsError::ShutOut(address)),
            None => Ok((definition, value)),
        }
    }

    /// A value that the property allows, on this database.
    fn read(&self, definition: &Definition, text: &str) -> Result<Value, OpsError> {
        let name = definition.name;
        let value = definition.kind.parse(text).map_err(|bad| OpsError::BadValue {
            name,
            value: text.to_owned(),
            allowed: bad.allowed,
        })?;
        match cluster::impossible(name, &value, self.storage.kind()) {
            Some(why) => Err(OpsError::Impossible(why)),
            None => Ok(value),
        }
    }

    fn changeable(&self, name: &str) -> Result<&Definition, OpsError> {
        let definition = self.definition(name)?;
        match self.pins.load().get(definition.name) {
            Some(pinned) => Err(OpsError::Pinned {
                name: definition.name,
                by: pinned.by.clone(),
            }),
            None => Ok(definition),
        }
    }

    fn definition(&self, name: &str) -> Result<&Definition, OpsError> {
        self.catalogue
            .find(name)
            .ok_or_else(|| no_property(&self.catalogue, name))
    }

    fn scope(&self, place: Where) -> Scope {
        match place {
            Where::Cluster => Scope::Cluster,
            Where::Node => Scope::Node(self.node.clone()),
        }
    }
}

fn no_property(catalogue: &Catalogue, name: &str) -> OpsError {
    let hint = nearest(name, catalogue.names()).map(|nearest| format!("; did you mean {nearest}?"));
    OpsError::NoProperty {
        name: name.to_owned(),
        hint: hint.unwrap_or_default(),
    }
}

impl PropertyInfo {
    fn of(definition: &Definition, held: Held) -> Self {
        let is_shown = !held.is_secret || held.source == Source::Default;
        Self {
            name: definition.name.to_owned(),
            value: if is_shown {
                held.value
            } else {
                Value::Text(Audit::MASK.to_owned())
            },
            is_secret: held.is_secret,
            problem: held.problem,
            source: held.source,
            default: definition.default.clone(),
            allowed: definition.kind.to_string(),
            choices: match definition.kind {
                Kind::Bool => vec![true.to_string(), false.to_string()],
                Kind::Choice(words) => words.iter().map(|word| (*word).to_owned()).collect(),
                Kind::Int { .. } | Kind::Text(_) | Kind::List(_) => Vec::new(),
            },
            applies: definition.applies,
            doc: definition.doc.to_owned(),
        }
    }
}
