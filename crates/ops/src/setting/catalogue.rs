//! The system properties that exist: what the database may say, and what it means.

use serde::{Deserialize, Serialize};

use crate::{Kind, Value};

/// A system property: a setting that lives in the database and is changed while the server runs.
#[derive(Debug, Clone)]
pub struct Definition {
    /// As in `registration.enabled`.
    pub name: &'static str,
    /// What it means, in sentences for operators.
    pub doc: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// What holds while nothing is set.
    pub default: Value,
    /// When a change takes effect.
    pub applies: Applies,
    /// Whether its value is a secret: encrypted in the database and shown nowhere.
    pub is_secret: bool,
}

/// Whether a setting of this name is a secret by nature: its last word says so.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    const WORDS: [&str; 5] = ["password", "passphrase", "secret", "secrets", "token"];
    let last = name.rsplit(['.', '_']).next();
    last.is_some_and(|last| WORDS.contains(&last))
}

/// When a change takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Applies {
    /// At once.
    Live,
    /// At the next start.
    Restart,
}

/// Every property there is.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    definitions: Vec<Definition>,
}

impl Catalogue {
    /// A catalogue of these.
    #[must_use]
    pub fn new(mut definitions: Vec<Definition>) -> Self {
        definitions.sort_by_key(|definition| definition.name);
        Self { definitions }
    }

    /// The property of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Definition> {
        self.definitions.iter().find(|definition| definition.name == name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Definition> {
        self.definitions.iter()
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.definitions.iter().map(|definition| definition.name)
    }
}

#[cfg(test)]
mod tests {
    use super::is_secret_name;

    #[test]
    fn the_last_word_of_a_name_says_whether_it_is_a_secret() {
        for (name, expected) in [
            ("ldap.password", true),
            ("ldap.bind_password", true),
            ("component.secret", true),
            ("webhook.token", true),
            ("password", true),
            ("login.password_min_length", false),
            ("tokens.keep_days", false),
            ("registration.enabled", false),
            ("", false),
        ] {
            assert_eq!(is_secret_name(name), expected, "{name}");
        }
    }
}
