//! `hearth host`

use clap::Subcommand;
use ops::HostInfo;

use super::{Failure, Output, Reach};
use crate::control::{Answer, Request};

#[derive(Debug, Subcommand)]
pub(crate) enum HostCommand {
    /// List the domains that are served.
    List,
    /// Serve another domain; every server that runs does so within seconds.
    Add {
        /// As in chat.example.org.
        domain: String,
    },
}

pub(crate) async fn run(command: HostCommand, reach: &mut Reach, output: Output) -> Result<(), Failure> {
    let (request, added) = match command {
        HostCommand::List => (Request::HostList, None),
        HostCommand::Add { domain } => {
            let request = Request::HostAdd { domain: domain.clone() };
            (request, Some(domain))
        }
    };
    match (reach.ask(request).await?, added) {
        (Answer::HostInfos(hosts), _) => output.table(&hosts, ["HOST", "ACCOUNTS"], row),
        (Answer::Nothing, Some(domain)) => {
            output.one(&serde_json::json!({ "host": domain }), |_| {
                format!("{domain} is served")
            });
        }
        (other, _) => return Err(other.into()),
    }
    Ok(())
}

fn row(host: &HostInfo) -> [String; 2] {
    [host.domain.clone(), host.accounts.to_string()]
}
