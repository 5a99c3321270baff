//! `hearth admin`

use clap::{Subcommand, ValueEnum};
use ops::{AdministratorInfo, Role};
use serde_json::json;

use super::{Failure, Output, Reach, output::time};
use crate::control::{Answer, Request};

#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Give an account power, instead of what it had.
    Grant {
        /// As in alice@localhost.
        address: String,
        /// What it may do.
        #[arg(long, value_enum)]
        role: RoleName,
        /// The host of a host's administrator.
        #[arg(long, required_if_eq("role", "host"))]
        host: Option<String>,
    },
    /// Take all power from an account. Its logins at the console end.
    Revoke { address: String },
    /// Take the second factor from an administrator who has lost it. Their logins at the console end.
    RemoveSecondFactor { address: String },
    /// List the administrators.
    List,
}

/// What an account or a token may do.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RoleName {
    /// Everything.
    Owner,
    /// Everything that concerns one host.
    Host,
    /// See everything, change nothing.
    ReadOnly,
}

impl RoleName {
    /// The role, with its host.
    pub(crate) fn with(self, host: Option<String>) -> Result<Role, Failure> {
        match (self, host) {
            (Self::Host, Some(host)) => Ok(Role::Host(host)),
            (Self::Owner, None) => Ok(Role::Owner),
            (Self::ReadOnly, None) => Ok(Role::ReadOnly),
            _ => Err(Failure::Usage(
                "--host goes with --role host, and only with it".to_owned(),
            )),
        }
    }
}

pub(crate) async fn run(command: AdminCommand, reach: &mut Reach, output: Output) -> Result<(), Failure> {
    let (request, address, done) = match command {
        AdminCommand::Grant { address, role, host } => {
            let role = role.with(host)?;
            let done = format!("{address} is now: {role}");
            (
                Request::AdminGrant {
                    address: address.clone(),
                    role,
                },
                address,
                done,
            )
        }
        AdminCommand::Revoke { address } => (
            Request::AdminRevoke {
                address: address.clone(),
            },
            address.clone(),
            format!("{address} has no power any more"),
        ),
        AdminCommand::RemoveSecondFactor { address } => (
            Request::AdminRemoveSecondFactor {
                address: address.clone(),
            },
            address.clone(),
            format!("{address} logs in without a second factor"),
        ),
        AdminCommand::List => return list(reach, output).await,
    };
    match reach.ask(request).await? {
        Answer::Nothing => output.one(&json!({ "jid": address }), |_| done),
        other => return Err(other.into()),
    }
    Ok(())
}

async fn list(reach: &mut Reach, output: Output) -> Result<(), Failure> {
    match reach.ask(Request::AdminList).await? {
        Answer::Administrators(administrators) => {
            output.table(&administrators, ["ACCOUNT", "ROLE", "SINCE", "GRANTED BY"], row);
            Ok(())
        }
        other => Err(other.into()),
    }
}

fn row(administrator: &AdministratorInfo) -> [String; 4] {
    [
        administrator.jid.clone(),
        administrator.role.to_string(),
        time(administrator.granted_at),
        administrator.granted_by.clone(),
    ]
}
