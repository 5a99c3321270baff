//! Where values come from, and which wins: flag over environment over file over default.

use std::{collections::HashMap, ffi::OsString, fmt, path::PathBuf};

use ops::{Catalogue, Value, nearest};
use storage::DatabaseKind;

use super::{Config, Problem, Problems, Wrong, environment, file, keys::KEYS, keys::Key};

/// Everything a configuration is read from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    /// The file that was asked for; without one, [`super::DEFAULT_FILE`] where it exists.
    pub(crate) file: Option<PathBuf>,
    /// The environment's variables.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Flags: the key's name and the text given.
    pub(crate) flags: Vec<(&'static str, String)>,
}

/// A configuration, and where each part of it came from.
#[derive(Debug, Clone)]
pub(crate) struct Configuration {
    pub(crate) config: Config,
    /// The file that was read.
    pub(crate) file: Option<PathBuf>,
    /// System properties that the configuration holds fast.
    pub(crate) pins: Vec<Pin>,
    /// The flags that were given, by the keys' names.
    pub(crate) flags: Vec<(&'static str, String)>,
    origins: HashMap<&'static str, Origin>,
}

/// A system property held fast by the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pin {
    pub(crate) name: String,
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Default,
    File { path: PathBuf, line: usize },
    Environment(String),
    Flag(String),
}

/// A value before it is known whether its name and kind are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) name: String,
    pub(crate) value: Raw,
    pub(crate) origin: Origin,
}

/// What a source holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Raw {
    /// From a source that knows types.
    Typed(Value),
    /// From a source of texts.
    Text(String),
    /// Of a type that no setting has, as written.
    Foreign(String),
}

/// What is known of the configuration after some of the layers.
struct Reading<'a> {
    properties: &'a Catalogue,
    configuration: Configuration,
    problems: Vec<Problem>,
}

impl Sources {
    /// Reads all of them; `properties` are those that can be pinned.
    pub(crate) fn load(&self, properties: &Catalogue) -> Result<Configuration, Problems> {
        let mut reading = Reading::new(properties);
        if let Some(path) = file::find(self.file.as_deref()) {
            reading.layer(file::read(&path));
            reading.configuration.file = Some(path);
        }
        reading.layer(environment::read(&self.environment));
        reading.layer((self.flags.iter().map(flag).collect(), Vec::new()));
        reading.configuration.flags.clone_from(&self.flags);
        reading.finish()
    }
}

fn flag((name, text): &(&'static str, String)) -> Given {
    let origin = Origin::Flag(super::flags::flag_of(name));
    Given {
        name: (*name).to_owned(),
        value: Raw::Text(text.clone()),
        origin,
    }
}

impl<'a> Reading<'a> {
    fn new(properties: &'a Catalogue) -> Self {
        let configuration = Configuration {
            config: Config::default(),
            file: None,
            pins: Vec::new(),
            flags: Vec::new(),
            origins: HashMap::new(),
        };
        Self {
            properties,
            configuration,
            problems: Vec::new(),
        }
    }

    /// Puts a layer over those before it.
    fn layer(&mut self, (given, problems): (Vec<Given>, Vec<Problem>)) {
        self.problems.extend(problems);
        let mut names: HashMap<&'static str, String> = HashMap::new();
        for given in given {
            let origin = given.origin.clone();
            if let Err(wrong) = self.take(given, &mut names) {
                self.problems.push(Problem { origin, wrong });
            }
        }
    }

    fn take(&mut self, given: Given, names: &mut HashMap<&'static str, String>) -> Result<(), Wrong> {
        if let Some(property) = given.name.strip_prefix("properties.") {
            let property = property.to_owned();
            return self.pin(property, given);
        }
        let Some(key) = KEYS
            .iter()
            .find(|key| key.setting.name == given.name || key.singular == Some(&given.name))
        else {
            let known = KEYS.iter().map(|key| key.setting.name);
            let nearest = nearest(&given.name, known).map(str::to_owned);
            return Err(Wrong::UnknownKey {
                name: given.name,
                nearest,
            });
        };
        if let (Some(other), Some(singular)) = (names.insert(key.setting.name, given.name.clone()), key.singular)
            && other != given.name
        {
            return Err(Wrong::Twice {
                name: key.setting.name,
                singular,
            });
        }
        set(key, &mut self.configuration.config, &given)?;
        self.configuration.origins.insert(key.setting.name, given.origin);
        Ok(())
    }

    fn pin(&mut self, name: String, given: Given) -> Result<(), Wrong> {
        let Some(definition) = self.properties.find(&name) else {
            let nearest = nearest(&name, self.properties.names()).map(str::to_owned);
            return Err(Wrong::UnknownProperty { name, nearest });
        };
        let bad = |value: String| Wrong::BadValue {
            name: name.clone(),
            value,
            allowed: definition.kind.to_string(),
        };
        let value = match &given.value {
            Raw::Typed(value) => definition.kind.accept(value.clone()).map_err(|_| bad(written(value))),
            Raw::Text(text) => definition.kind.parse(text).map_err(|_| bad(format!("{text:?}"))),
            Raw::Foreign(text) => Err(bad(text.clone())),
        }?;
        self.configuration.pins.retain(|pin| pin.name != name);
        self.configuration.pins.push(Pin {
            name,
            value,
            origin: given.origin,
        });
        Ok(())
    }

    /// Checks what only the whole can show.
    fn finish(mut self) -> Result<Configuration, Problems> {
        let config = &self.configuration.config;
        let mut wrong = Vec::new();
        match (&config.tls.certificate, &config.tls.key) {
            (Some(_), None) => wrong.push((
                "tls.certificate",
                Wrong::Alone {
                    name: "tls.certificate",
                    missing: "tls.key",
                },
            )),
            (None, Some(_)) => wrong.push((
                "tls.key",
                Wrong::Alone {
                    name: "tls.key",
                    missing: "tls.certificate",
                },
            )),
            _ => {}
        }
        if config.domains.is_empty() {
            wrong.push(("domains", Wrong::Empty { name: "domains" }));
        }
        for (name, wrong) in wrong {
            self.problems.push(Problem {
                origin: self.configuration.origin(name).clone(),
                wrong,
            });
        }
        self.configuration.config.complete();
        self.problems.extend(self.configuration.impossible_pins());
        if self.problems.is_empty() {
            Ok(self.configuration)
        } else {
            Err(Problems(self.problems))
        }
    }
}

fn set(key: &Key, config: &mut Config, given: &Given) -> Result<(), Wrong> {
    let kind = key.setting.kind;
    let bad = |value: String| {
        let name = given.name.clone();
        Wrong::BadValue {
            name,
            value: (key.mask)(&value),
            allowed: kind.to_string(),
        }
    };
    let value = match &given.value {
        // One value where several may stand: `listen = "127.0.0.1:5222"`, `domain = "localhost"`.
        Raw::Typed(Value::Text(text)) if matches!(kind, ops::Kind::List(_)) => Value::List(vec![text.clone()]),
        Raw::Typed(value) => value.clone(),
        Raw::Text(text) => kind.parse(text).map_err(|_| bad(format!("{text:?}")))?,
        Raw::Foreign(text) => return Err(bad(text.clone())),
    };
    key.setting.set(config, value.clone()).map_err(|_| bad(written(&value)))
}

/// As TOML writes it.
pub(crate) fn written(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{text:?}"),
        Value::List(texts) => format!("{texts:?}"),
        other => other.to_string(),
    }
}

impl Configuration {
    /// Pinned properties that the database makes impossible.
    fn impossible_pins(&self) -> impl Iterator<Item = Problem> {
        let database = DatabaseKind::of(&self.config.database.url);
        self.pins.iter().filter_map(move |pin| {
            let why = ops::impossible(&pin.name, &pin.value, database?)?;
            let wrong = Wrong::Impossible {
                name: pin.name.clone(),
                value: written(&pin.value),
                why,
            };
            let origin = pin.origin.clone();
            Some(Problem { origin, wrong })
        })
    }

    /// Where the value of a key came from.
    pub(crate) fn origin(&self, name: &str) -> &Origin {
        self.origins.get(name).unwrap_or(&Origin::Default)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(variable) => f.write_str(variable),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}
