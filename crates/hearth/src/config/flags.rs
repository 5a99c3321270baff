//! One flag for each key: `--database-url` is `database.url`.

use clap::{Arg, ArgMatches, Command};

use super::keys::KEYS;

/// The heading of these flags in `--help`.
const FLAG_HEADING: &str = "Configuration (also as HEARTH_… variables and in the file)";

/// Gives `command` and its subcommands the flags.
pub(crate) fn add_flags(command: Command) -> Command {
    command.args(names().map(|(name, doc)| {
        Arg::new(name)
            .long(flag_of(name).trim_start_matches('-').to_owned())
            .value_name("VALUE")
            .help(doc)
            .help_heading(FLAG_HEADING)
            .hide_short_help(true)
            .global(true)
    }))
}

/// The flags that were given.
pub(crate) fn flags_of(matches: &ArgMatches) -> Vec<(&'static str, String)> {
    names()
        .filter_map(|(name, _)| Some((name, matches.get_one::<String>(name)?.clone())))
        .collect()
}

pub(super) fn flag_of(name: &str) -> String {
    format!("--{}", name.replace(['.', '_'], "-"))
}

fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    KEYS.iter().flat_map(|key| {
        let singular = key.singular.map(|singular| (singular, "The one domain served here."));
        std::iter::once((key.setting.name, key.setting.doc)).chain(singular)
    })
}
