//! The table of system properties: name, range, field, meaning.

mod acme;
mod cluster;
mod connections;
mod console;
mod features;
mod logins;
mod streams;

use std::ops::RangeInclusive;

use ops::{Applies, Kind};

use super::Settings;
use crate::setting::{Setting, Slot};

pub(crate) use logins::ITERATIONS;

/// A system property and the field it stands for.
pub(crate) struct Property {
    pub(crate) setting: Setting<Settings>,
    pub(crate) applies: Applies,
}

/// Every property.
pub(crate) fn table() -> impl Iterator<Item = &'static Property> {
    [
        connections::ROWS,
        streams::ROWS,
        features::ROWS,
        logins::ROWS,
        cluster::ROWS,
        console::ROWS,
        acme::ROWS,
    ]
    .into_iter()
    .flatten()
}

type Field = fn(&mut Settings) -> &mut dyn Slot;

const DAY: i64 = 86_400;

const fn live(name: &'static str, kind: Kind, slot: Field, doc: &'static str) -> Property {
    Property {
        setting: Setting { name, doc, kind, slot },
        applies: Applies::Live,
    }
}

const fn restart(name: &'static str, kind: Kind, slot: Field, doc: &'static str) -> Property {
    Property {
        setting: Setting { name, doc, kind, slot },
        applies: Applies::Restart,
    }
}

const fn number(range: RangeInclusive<i64>) -> Kind {
    Kind::Int {
        min: *range.start(),
        max: *range.end(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_default_is_in_its_range_and_every_name_and_field_there_once() {
        let defaults = Settings::default();
        let mut names = HashSet::new();
        for Property { setting, .. } in table() {
            let default = setting.get(&defaults);
            assert!(names.insert(setting.name), "{} is there twice", setting.name);
            assert!(
                setting.kind.accept(default.clone()).is_ok(),
                "{} = {default}",
                setting.name
            );
            assert!(setting.doc.ends_with('.'), "{}: a doc is sentences", setting.name);
            // As the database and the command line write it.
            assert_eq!(
                setting.kind.parse(&default.to_string()).ok(),
                Some(default),
                "{}",
                setting.name
            );
        }
    }

    #[test]
    fn both_ends_of_every_range_fit_their_field_and_no_other_field_moves() {
        for Property { setting, .. } in table() {
            let Kind::Int { min, max } = setting.kind else { continue };
            for value in [min, max] {
                let mut settings = Settings::default();
                assert!(
                    setting.set(&mut settings, ops::Value::Int(value)).is_ok(),
                    "{} = {value}",
                    setting.name
                );
                assert_eq!(setting.get(&settings), ops::Value::Int(value), "{}", setting.name);
                let moved =
                    table().filter(|other| other.setting.get(&settings) != other.setting.get(&Settings::default()));
                assert!(
                    moved.count() <= 1,
                    "{} moves a field that has another name",
                    setting.name
                );
            }
        }
    }
}
