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
    /// Serve a domain no more: its sessions are closed and nobody logs in. Its accounts stay.
    Disable { domain: String },
    /// Serve a domain again that was disabled.
    Enable { domain: String },
    /// Delete a domain with its groups, its accounts and all that is remembered of them. It cannot be undone.
    Delete {
        domain: String,
        /// The domain once more, to say that this is the one.
        #[arg(long, value_name = "DOMAIN")]
        confirm: String,
    },
}

pub(crate) async fn run(command: HostCommand, reach: &mut Reach, output: Output) -> Result<(), Failure> {
    let (request, domain, done) = match command {
        HostCommand::List => (Request::HostList, String::new(), ""),
        HostCommand::Add { domain } => (Request::HostAdd { domain: domain.clone() }, domain, "is served"),
        HostCommand::Disable { domain } => {
            let request = Request::HostDisable { domain: domain.clone() };
            (request, domain, "is not served any more")
        }
        HostCommand::Enable { domain } => {
            let request = Request::HostEnable { domain: domain.clone() };
            (request, domain, "is served again")
        }
        HostCommand::Delete { domain, confirm } if domain != confirm => {
            let text = format!("nothing was deleted: --confirm {confirm} is not {domain}");
            return Err(Failure::Usage(text));
        }
        HostCommand::Delete { domain, .. } => {
            let request = Request::HostDelete { domain: domain.clone() };
            (request, domain, "is deleted")
        }
    };
    match reach.ask(request).await? {
        Answer::HostInfos(hosts) => output.table(&hosts, ["HOST", "ACCOUNTS", "STATE"], row),
        Answer::Nothing => {
            output.one(&serde_json::json!({ "host": domain }), |_| format!("{domain} {done}"));
        }
        Answer::HostDeleted { accounts, groups } => {
            let told = serde_json::json!({ "host": domain, "accounts": accounts, "groups": groups });
            output.one(&told, |_| {
                format!("{domain} {done}, with {accounts} accounts and {groups} groups")
            });
        }
        other => return Err(other.into()),
    }
    Ok(())
}

fn row(host: &HostInfo) -> [String; 3] {
    let state = match host.disabled_at {
        Some(_) => "disabled",
        None => "served",
    };
    [host.domain.clone(), host.accounts.to_string(), state.to_owned()]
}
