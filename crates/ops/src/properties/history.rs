//! What properties were before, and the way back.

use serde::{Deserialize, Serialize};
use storage::{Audit, PropertyChange, Scope};

use super::{Properties, PropertyInfo};
use crate::{Actor, OpsError, PAGE_MAX, audit::Deed, cluster};

/// A change of a property in the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyChangeInfo {
    /// Its number: greater is later.
    pub id: i64,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Who did it.
    pub actor: String,
    /// The server that it is for; none: for all of them.
    pub node: Option<String>,
    /// Which property.
    pub name: String,
    /// The value before; none where it was not set.
    pub before: Option<String>,
    /// The value afterwards; none where it was taken back.
    pub after: Option<String>,
}

impl Properties {
    /// Past changes of the property of this name, or of all; the latest first; only those before the change with the
    /// number `before`. Never more than [`PAGE_MAX`].
    ///
    /// # Errors
    /// Where the actor's power does not reach, there is no property of this name, or the database fails.
    pub async fn history(
        &self,
        actor: &Actor,
        name: Option<&str>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<PropertyChangeInfo>, OpsError> {
        actor.require_server()?;
        let name = name.map(|name| self.definition(name)).transpose()?;
        let name = name.map(|definition| definition.name);
        let limit = limit.clamp(1, PAGE_MAX);
        let changes = self.storage.properties().history(name, before, limit).await?;
        Ok(changes.into_iter().map(PropertyChangeInfo::from).collect())
    }

    /// Undoes one change: what it changed is again as it was before, which is a change of its own.
    ///
    /// # Errors
    /// Where there is no such change, the property has been changed since or is pinned, or the value before is none that
    /// it allows any more.
    pub async fn undo(&self, actor: &Actor, id: i64) -> Result<PropertyInfo, OpsError> {
        let Some(change) = self.storage.properties().past(id).await? else {
            actor.require_owner()?;
            return Err(OpsError::NoChange(id));
        };
        let text = |value: &Option<String>| Some(value.clone().unwrap_or_else(|| "not set".to_owned()));
        let deed = Deed {
            before: text(&change.after),
            after: text(&change.before),
            ..Deed::new("property.undo", &change.name)
        };
        let work = self.undo_change(actor, &change);
        self.record.record(actor, deed, work).await
    }

    async fn undo_change(&self, actor: &Actor, change: &PropertyChange) -> Result<PropertyInfo, OpsError> {
        actor.require_owner()?;
        let name = self.changeable(&change.name)?.name;
        let values = [&change.before, &change.after];
        let is_masked = values.iter().any(|value| value.as_deref() == Some(Audit::MASK));
        if is_masked || self.storage.properties().is_sealed(name).await? {
            return Err(OpsError::SecretChange(name));
        }
        let properties = self.storage.properties();
        if properties.get(&change.scope, name).await? != change.after {
            return Err(OpsError::ChangedSince(name));
        }
        let who = actor.to_string();
        match &change.before {
            Some(text) => {
                let (_, value) = self.acceptable(actor, name, text)?;
                if change.scope != Scope::Cluster && cluster::holds_everywhere(name) {
                    return Err(OpsError::Everywhere(name));
                }
                let text = value.to_string();
                properties.set(&change.scope, name, &text, &who, Audit::Plain).await?;
            }
            None => properties.unset(&change.scope, name, &who, Audit::Plain).await?,
        }
        tracing::info!(%actor, name, id = change.id, "a change of a property was undone");
        self.get(actor, name).await
    }
}

impl From<PropertyChange> for PropertyChangeInfo {
    fn from(change: PropertyChange) -> Self {
        Self {
            id: change.id,
            at: change.at,
            actor: change.actor,
            node: match change.scope {
                Scope::Cluster => None,
                Scope::Node(name) => Some(name),
            },
            name: change.name,
            before: change.before,
            after: change.after,
        }
    }
}
