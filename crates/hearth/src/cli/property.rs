//! `hearth property`

use clap::{Args, Subcommand};
use ops::{Applies, PropertyChangeInfo, PropertyInfo, Source, Where};

use super::{Failure, Output, Reach};
use crate::control::{Answer, Request};

#[derive(Debug, Subcommand)]
pub(crate) enum PropertyCommand {
    /// List all properties: what holds, and why.
    List,
    /// Show one property and what it means.
    Get { name: String },
    /// Set a property; live ones take effect at once, on every node.
    Set {
        name: String,
        #[arg(allow_hyphen_values = true)]
        value: String,
        #[command(flatten)]
        place: Place,
    },
    /// Take a value back, so that the default holds again.
    Unset {
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Encrypt what is set for a property: from now on it is a secret, which is shown nowhere.
    Encrypt { name: String },
    /// Show what was changed, by whom and when, the latest change first.
    History {
        /// Of this property only.
        name: Option<String>,
        /// Changes at most.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
    },
    /// Undo one change, by its number in the history.
    Undo { id: i64 },
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Place {
    /// For this node only, over what holds for the cluster.
    #[arg(long)]
    node: bool,
}

impl Place {
    fn place(self) -> Where {
        if self.node { Where::Node } else { Where::Cluster }
    }
}

pub(crate) async fn run(command: PropertyCommand, reach: &mut Reach, output: Output) -> Result<(), Failure> {
    let request = match command {
        PropertyCommand::List => Request::PropertyList,
        PropertyCommand::Get { name } => Request::PropertyGet { name },
        PropertyCommand::Set { name, value, place } => Request::PropertySet {
            name,
            value,
            place: place.place(),
        },
        PropertyCommand::Unset { name, place } => Request::PropertyUnset {
            name,
            place: place.place(),
        },
        PropertyCommand::Encrypt { name } => Request::PropertyEncrypt { name },
        PropertyCommand::History { name, limit } => Request::PropertyHistory { name, limit },
        PropertyCommand::Undo { id } => Request::PropertyUndo { id },
    };
    let is_get = matches!(request, Request::PropertyGet { .. });
    match reach.ask(request).await? {
        Answer::Properties(properties) => output.table(&properties, ["PROPERTY", "VALUE", "FROM"], row),
        Answer::Property(property) => output.one(&property, |property| text(property, is_get)),
        Answer::PropertyChanges(changes) => output.table(&changes, HISTORY, change),
        other => return Err(other.into()),
    }
    Ok(())
}

const HISTORY: [&str; 7] = ["NUMBER", "TIME", "WHO", "FOR", "PROPERTY", "BEFORE", "AFTERWARDS"];

fn change(change: &PropertyChangeInfo) -> [String; 7] {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".to_owned());
    [
        change.id.to_string(),
        super::output::time(change.at),
        change.actor.clone(),
        change.node.clone().unwrap_or_else(|| "all servers".to_owned()),
        change.name.clone(),
        value(&change.before),
        value(&change.after),
    ]
}

fn row(property: &PropertyInfo) -> [String; 3] {
    [
        property.name.clone(),
        property.value.to_string(),
        match property.problem {
            Some(_) => format!("{}, and a value that cannot be read", source(&property.source)),
            None => source(&property.source),
        },
    ]
}

fn source(source: &Source) -> String {
    match source {
        Source::Default => "default".to_owned(),
        Source::Cluster => "set".to_owned(),
        Source::Node => "set for this node".to_owned(),
        Source::Pinned(by) => format!("pinned by {by}"),
    }
}

fn text(property: &PropertyInfo, is_get: bool) -> String {
    let PropertyInfo {
        name,
        value,
        default,
        allowed,
        doc,
        ..
    } = property;
    let applies = match property.applies {
        Applies::Live => "changes take effect at once",
        Applies::Restart => "changes take effect at the next start",
    };
    let mut head = format!("{name} = {value} ({})", source(&property.source));
    if let Some(problem) = &property.problem {
        head += &format!("\n{problem}");
    }
    match (is_get, property.applies) {
        (true, _) => format!("{head}\n{doc}\nDefault: {default}. Allowed: {allowed}. {applies}."),
        (false, Applies::Live) => head,
        (false, Applies::Restart) => format!("{head}; {applies}"),
    }
}
