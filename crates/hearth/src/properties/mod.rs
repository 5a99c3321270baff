//! System properties: what may change while the server runs, and how the parts of the house hear of
//! it.
//!
//! Each part has its own plain struct of settings with defaults; `table` gives the fields their
//! public names, meanings and ranges; `watch` brings changes to the parts.

mod slots;
mod table;
mod watch;

use std::collections::HashMap;

use ops::{Catalogue, Definition, Held, Pinned, Pins};

pub(crate) use table::ITERATIONS;
pub(crate) use watch::{Settings, Watch};

use crate::config::Configuration;
use table::table;

/// Every property there is.
pub(crate) fn catalogue() -> Catalogue {
    let defaults = Settings::default();
    let definition = |row: &table::Property| Definition {
        name: row.setting.name,
        doc: row.setting.doc,
        kind: row.setting.kind,
        default: row.setting.get(&defaults),
        applies: row.applies,
        is_secret: ops::is_secret_name(row.setting.name),
    };
    Catalogue::new(table().map(definition).collect())
}

/// Those that the configuration holds fast.
pub(crate) fn pins(configuration: &Configuration) -> Pins {
    let pinned = |pin: &crate::config::Pin| {
        (
            pin.name.clone(),
            Pinned {
                value: pin.value.clone(),
                by: pin.origin.to_string(),
            },
        )
    };
    configuration.pins.iter().map(pinned).collect()
}

/// The settings that these values make.
pub(crate) fn settings(held: &HashMap<&'static str, Held>) -> Settings {
    let mut settings = Settings::default();
    for row in table() {
        let Some(held) = held.get(row.setting.name) else {
            continue;
        };
        if let Err(bad) = row.setting.set(&mut settings, held.value.clone()) {
            tracing::warn!(name = row.setting.name, "the value is {bad}; the default holds");
        }
    }
    settings
}
