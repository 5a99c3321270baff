//! `hearth config show`: every effective value, and where it came from.

use ops::Value;
use serde::Serialize;

use super::{Configuration, keys::KEYS};

/// One line of it; secrets are masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ShownKey {
    pub(crate) name: String,
    pub(crate) value: Value,
    pub(crate) origin: String,
}

/// All keys, then the pinned properties.
pub(crate) fn show(configuration: &Configuration) -> Vec<ShownKey> {
    let keys = KEYS.iter().map(|key| {
        let value = match key.setting.get(&configuration.config) {
            Value::Text(text) => Value::Text((key.mask)(&text)),
            other => other,
        };
        let origin = configuration.origin(key.setting.name).to_string();
        ShownKey {
            name: key.setting.name.to_owned(),
            value,
            origin,
        }
    });
    let pins = configuration.pins.iter().map(|pin| ShownKey {
        name: format!("properties.{}", pin.name),
        value: match ops::is_secret_name(&pin.name) {
            true => Value::Text("****".to_owned()),
            false => pin.value.clone(),
        },
        origin: pin.origin.to_string(),
    });
    keys.chain(pins).collect()
}
