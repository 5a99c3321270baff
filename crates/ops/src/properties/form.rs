//! Several properties set in one act: all of them, or none.

use std::collections::HashMap;

use storage::{Audit, NewValue, Scope};

use super::Properties;
use crate::{Actor, OpsError, audit::Deed};

/// Properties in one act at most.
const SET_MAX: usize = 64;

/// Why none of several properties was set.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotSet {
    /// What is wrong, by the name of the property.
    #[error("nothing was set: {}", all(.0))]
    Values(HashMap<String, OpsError>),
    /// It is not about one of the values.
    #[error(transparent)]
    Other(#[from] OpsError),
}

fn all(wrong: &HashMap<String, OpsError>) -> String {
    let mut texts: Vec<_> = wrong.values().map(ToString::to_string).collect();
    texts.sort();
    texts.join("; ")
}

impl Properties {
    /// Sets these properties for every server: all of them, or none where one value is wrong.
    ///
    /// # Errors
    /// With what is wrong for each property that is unknown or pinned, or does not allow its value.
    pub async fn set_all(&self, actor: &Actor, values: &[(String, String)]) -> Result<(), NotSet> {
        if values.is_empty() {
            return Ok(actor.require_owner()?);
        }
        let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
        let target = names.join(", ");
        let mut before = Vec::new();
        let mut after = Vec::new();
        for (name, new) in values {
            let value = self.storage.properties().get(&Scope::Cluster, name).await;
            let value = value.map_err(OpsError::from)?;
            let is_secret = self.is_secret(name).await;
            let shown = |text: &str| {
                if is_secret {
                    Audit::MASK.to_owned()
                } else {
                    text.to_owned()
                }
            };
            let value = value.map_or_else(|| "not set".to_owned(), |value| shown(&value));
            before.push(format!("{name} = {value}"));
            after.push(format!("{name} = {}", shown(new)));
        }
        let deed = Deed {
            before: Some(before.join("; ")),
            after: Some(after.join("; ")),
            ..Deed::new("property.set-all", &target)
        };
        let mut wrong = HashMap::new();
        let done = self
            .record
            .record(actor, deed, self.try_all(actor, values, &mut wrong))
            .await;
        match done {
            Err(_) if !wrong.is_empty() => Err(NotSet::Values(wrong)),
            done => Ok(done?),
        }
    }

    async fn try_all(
        &self,
        actor: &Actor,
        values: &[(String, String)],
        wrong: &mut HashMap<String, OpsError>,
    ) -> Result<(), OpsError> {
        actor.require_owner()?;
        if values.len() > SET_MAX {
            return Err(OpsError::TooMany {
                what: "properties in one act",
                max: SET_MAX,
            });
        }
        let mut accepted = Vec::new();
        for (name, text) in values {
            match self.accepted(actor, name, text).await {
                Ok((definition, value)) => {
                    let kept = Box::pin(self.kept(definition, &value.to_string())).await?;
                    accepted.push((definition.name, kept));
                }
                Err(error) => {
                    wrong.insert(name.clone(), error);
                }
            }
        }
        if let Some(first) = values.iter().find_map(|(name, _)| wrong.get(name)) {
            return Err(first.clone());
        }
        let changes: Vec<NewValue<'_>> = accepted.iter().map(|(name, kept)| kept.change(name)).collect();
        let who = actor.to_string();
        self.storage
            .properties()
            .set_all(&Scope::Cluster, &changes, &who)
            .await?;
        for (name, kept) in &accepted {
            let value = if kept.is_sealed { Audit::MASK } else { &kept.text };
            tracing::info!(%actor, name, value, "a property was set");
        }
        Ok(())
    }
}
