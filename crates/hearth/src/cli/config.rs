//! `hearth config`

use clap::Subcommand;

use super::{Failure, Invocation, Output};
use crate::config::{ShownKey, sample, show};

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print a configuration file that explains every key and changes nothing.
    Sample,
    /// Print every effective value and where it came from; secrets are masked.
    Show,
}

/// What the sample shows about pins.
const PIN: &str = "\"registration.enabled\" = true";

pub(crate) fn run(command: ConfigCommand, invocation: &Invocation, output: Output) -> Result<(), Failure> {
    match command {
        ConfigCommand::Sample => output.one(&sample(PIN), |text| text.trim_end().to_owned()),
        ConfigCommand::Show => {
            let shown = show(&invocation.configuration()?);
            output.table(&shown, ["KEY", "VALUE", "FROM"], |key: &ShownKey| {
                [key.name.clone(), key.value.to_string(), key.origin.clone()]
            });
        }
    }
    Ok(())
}
