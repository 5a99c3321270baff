//! Properties whose values are secrets: encrypted in the database, and shown nowhere.

use base64::{Engine, engine::general_purpose::STANDARD};
use storage::{Audit, NewValue, Property, Scope};

use super::{Properties, PropertyInfo};
use crate::{Actor, Definition, OpsError, Value, audit::Deed, cluster, is_secret_name};

/// A stored value as it is, or why it cannot be read.
pub(super) struct Opened {
    pub(super) scope: Scope,
    pub(super) name: String,
    pub(super) text: Result<String, String>,
    pub(super) is_sealed: bool,
}

/// A value as it is stored.
pub(super) struct Kept {
    pub(super) text: String,
    pub(super) is_sealed: bool,
}

impl Kept {
    pub(super) fn change<'a>(&'a self, name: &'a str) -> NewValue<'a> {
        NewValue {
            name,
            value: Some(&self.text),
            is_sealed: self.is_sealed,
            audit: if self.is_sealed { Audit::Masked } else { Audit::Plain },
        }
    }
}

impl Properties {
    /// Encrypts what is set for a property, for all servers and for each. From now on it is a secret: whatever it is set
    /// to is encrypted too, until it is taken back.
    ///
    /// # Errors
    /// Where the property is unknown, pinned or not set, or must be read without a key.
    pub async fn encrypt(&self, actor: &Actor, name: &str) -> Result<PropertyInfo, OpsError> {
        let work = async {
            actor.require_owner()?;
            let definition = self.changeable(name)?;
            if cluster::holds_everywhere(definition.name) {
                return Err(OpsError::Impossible(
                    "this property must be read before a server may have the key: it cannot be encrypted",
                ));
            }
            let stored = self.storage.properties().list().await?;
            let of_it: Vec<Property> = stored
                .into_iter()
                .filter(|property| property.name == definition.name)
                .collect();
            if of_it.is_empty() {
                return Err(OpsError::NothingToSeal(definition.name));
            }
            let who = actor.to_string();
            for property in of_it.iter().filter(|property| !property.is_sealed) {
                let kept = self.sealed(definition.name, &property.value).await?;
                self.storage
                    .properties()
                    .set_all(&property.scope, &[kept.change(definition.name)], &who)
                    .await?;
            }
            self.storage.properties().mask_history(definition.name).await?;
            tracing::info!(%actor, name = definition.name, "a property was encrypted");
            self.get(actor, name).await
        };
        self.record
            .record(actor, Deed::new("property.encrypt", name), work)
            .await
    }

    /// Encrypts values of secrets that were stored before their properties were secrets; how many.
    ///
    /// # Errors
    /// Where the database fails, or the key is not here.
    pub async fn seal_old(&self) -> Result<usize, OpsError> {
        let mut count = 0;
        for property in self.storage.properties().list().await? {
            let is_secret = self.catalogue.find(&property.name).is_some_and(|found| found.is_secret);
            if !is_secret || property.is_sealed {
                continue;
            }
            let kept = self.sealed(&property.name, &property.value).await?;
            self.storage
                .properties()
                .set_all(&property.scope, &[kept.change(&property.name)], "the server itself")
                .await?;
            self.storage.properties().mask_history(&property.name).await?;
            count += 1;
        }
        Ok(count)
    }

    /// Whether a property's value is shown nowhere. What may be a secret under a name that is spelt wrong is one.
    pub(super) async fn is_secret(&self, name: &str) -> bool {
        let by_nature = self.catalogue.find(name).is_some_and(|definition| definition.is_secret);
        by_nature || is_secret_name(name) || self.storage.properties().is_sealed(name).await.unwrap_or(true)
    }

    /// A value that this actor may give the property; an error never repeats what may be a secret.
    pub(super) async fn accepted(
        &self,
        actor: &Actor,
        name: &str,
        text: &str,
    ) -> Result<(&Definition, Value), OpsError> {
        match self.acceptable(actor, name, text) {
            Err(OpsError::BadValue { name, allowed, .. }) if self.is_secret(name).await => Err(OpsError::BadValue {
                name,
                value: Audit::MASK.to_owned(),
                allowed,
            }),
            accepted => accepted,
        }
    }

    /// A value as it is to be stored.
    pub(super) async fn kept(&self, definition: &Definition, text: &str) -> Result<Kept, OpsError> {
        if definition.is_secret || self.storage.properties().is_sealed(definition.name).await? {
            // A form that was sent as it was shown.
            if text == Audit::MASK {
                return Err(OpsError::Mask(definition.name));
            }
            return self.sealed(definition.name, text).await;
        }
        Ok(Kept {
            text: text.to_owned(),
            is_sealed: false,
        })
    }

    async fn sealed(&self, name: &str, text: &str) -> Result<Kept, OpsError> {
        let sealed = Box::pin(self.sealing.seal(&place(name), text.as_bytes())).await?;
        Ok(Kept {
            text: STANDARD.encode(sealed),
            is_sealed: true,
        })
    }

    /// Everything that has been set, decrypted as far as it can be.
    pub(super) async fn opened(&self) -> Result<Vec<Opened>, OpsError> {
        let mut all = Vec::new();
        for property in self.storage.properties().list().await? {
            let text = match property.is_sealed {
                false => Ok(property.value),
                true => match Box::pin(self.open(&property)).await {
                    Err(error @ OpsError::Storage(_)) => return Err(error),
                    opened => opened.map_err(|error| error.to_string()),
                },
            };
            all.push(Opened {
                scope: property.scope,
                name: property.name,
                text,
                is_sealed: property.is_sealed,
            });
        }
        Ok(all)
    }

    async fn open(&self, property: &Property) -> Result<String, OpsError> {
        let damaged = || OpsError::Sealed("it is not what was written: set it anew".to_owned());
        let sealed = STANDARD.decode(&property.value).map_err(|_| damaged())?;
        let text = self.sealing.open(&place(&property.name), &sealed).await?;
        String::from_utf8(text).map_err(|_| damaged())
    }

    /// Says once, in the log, that a value cannot be read.
    pub(super) fn tell(&self, name: &str, why: &str) {
        if self.told.lock().insert(format!("{name} {why}")) {
            tracing::error!(name, "{why}; until then the default holds");
        }
    }
}

/// Where the value of a property belongs: nobody can put it in another one's place.
fn place(name: &str) -> String {
    format!("property {name}")
}
