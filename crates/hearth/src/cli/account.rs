//! `hearth account`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ops::{AccountInfo, Lock, PAGE_MAX, Page};
use serde_json::json;

use super::{
    Failure, Output, Reach,
    output::{time, time_or_dash},
    password::PasswordSource,
    transfer,
};
use crate::control::{Answer, Request};

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Make an account; the password is asked for.
    Add {
        /// As in alice@localhost.
        address: String,
        #[command(flatten)]
        password: PasswordSource,
        /// Make it even where its name looks like that of another account of the host.
        #[arg(long)]
        allow_lookalike: bool,
    },
    /// List accounts.
    List(Selection),
    /// Change an account's password. Its sessions end.
    Password {
        address: String,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Keep everybody from logging in to an account. Its sessions end.
    Lock {
        address: String,
        /// For you to remember.
        #[arg(long)]
        reason: Option<String>,
        /// When the lock ends by itself, as in 2027-01-31T12:00:00Z.
        #[arg(long)]
        until: Option<jiff::Timestamp>,
    },
    /// Let an account's user in again.
    Unlock { address: String },
    /// Delete an account and everything that is remembered for it.
    Delete { address: String },
    /// Print accounts with the keys of their passwords, one line of JSON each.
    ///
    /// Treat the output like passwords: with it one can pretend to be this server.
    Export {
        #[command(flatten)]
        selection: Selection,
        /// Instead, everything of one account as a document that other servers read (XEP-0227).
        #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["host", "prefix"])]
        xep0227: Option<String>,
        /// Write to this file, which only its owner can read.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Make accounts of lines of JSON: {"jid": …, "password": …}, or as `export` prints them; or of an XEP-0227 document.
    Import(transfer::ImportOptions),
}

#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Only accounts of this host.
    #[arg(long)]
    host: Option<String>,
    /// Only accounts whose names begin so.
    #[arg(long, default_value = "")]
    prefix: String,
}

pub(crate) async fn run(command: AccountCommand, reach: &mut Reach, output: Output) -> Result<(), Failure> {
    let (request, address, done) = match command {
        AccountCommand::Add {
            address,
            password,
            allow_lookalike,
        } => {
            let password = password.read(&address)?;
            (
                Request::AccountAdd {
                    address: address.clone(),
                    password,
                    allow_lookalike,
                },
                address,
                "added",
            )
        }
        AccountCommand::Password { address, password } => {
            let password = password.read(&address)?;
            (
                Request::AccountPassword {
                    address: address.clone(),
                    password,
                },
                address,
                "has a new password",
            )
        }
        AccountCommand::Lock { address, reason, until } => {
            let lock = Lock {
                reason,
                until: until.map(jiff::Timestamp::as_microsecond),
            };
            (
                Request::AccountLock {
                    address: address.clone(),
                    lock,
                },
                address,
                "locked",
            )
        }
        AccountCommand::Unlock { address } => (
            Request::AccountUnlock {
                address: address.clone(),
            },
            address,
            "unlocked",
        ),
        AccountCommand::Delete { address } => (
            Request::AccountDelete {
                address: address.clone(),
            },
            address,
            "deleted",
        ),
        AccountCommand::List(selection) => return list(&selection, reach, output).await,
        AccountCommand::Export {
            xep0227: Some(address),
            output: file,
            ..
        } => return transfer::export_portable(address, file, reach).await,
        AccountCommand::Export {
            selection,
            output: file,
            ..
        } => return transfer::export(&selection, file, reach).await,
        AccountCommand::Import(options) => return transfer::import(&options, reach, output).await,
    };
    let closed = match reach.ask(request).await? {
        Answer::Nothing => 0,
        Answer::Closed(closed) => closed,
        other => return Err(other.into()),
    };
    let sessions = if closed > 0 {
        format!("; sessions closed: {closed}")
    } else {
        String::new()
    };
    output.one(&json!({ "jid": address, "sessions_closed": closed }), |_| {
        format!("{address} {done}{sessions}")
    });
    Ok(())
}

async fn list(selection: &Selection, reach: &mut Reach, output: Output) -> Result<(), Failure> {
    let mut accounts = Vec::new();
    for mut page in selection.pages(reach).await? {
        while let Answer::Accounts(some) = reach.ask(Request::AccountList { page: page.clone() }).await? {
            let Some(last) = some.last() else { break };
            page.after = localpart(&last.jid);
            accounts.extend(some);
        }
    }
    output.table(&accounts, ["ACCOUNT", "MADE", "LAST LOGIN", "LOCKED"], row);
    Ok(())
}

fn row(account: &AccountInfo) -> [String; 4] {
    let locked = account.lock.as_ref().map_or_else(|| "-".to_owned(), locked);
    [
        account.jid.clone(),
        time(account.created_at),
        time_or_dash(account.last_login),
        locked,
    ]
}

fn locked(lock: &Lock) -> String {
    let until = lock.until.map(|until| format!("until {}", time(until)));
    let words: Vec<String> = until.into_iter().chain(lock.reason.clone()).collect();
    if words.is_empty() {
        "yes".to_owned()
    } else {
        words.join(": ")
    }
}

impl Selection {
    /// The first page of each host that is meant.
    pub(super) async fn pages(&self, reach: &mut Reach) -> Result<Vec<Page>, Failure> {
        let hosts = match &self.host {
            Some(host) => vec![host.clone()],
            None => match reach.ask(Request::Hosts).await? {
                Answer::Hosts(hosts) => hosts,
                other => return Err(other.into()),
            },
        };
        let page = |host| Page {
            host: Some(host),
            prefix: self.prefix.clone(),
            limit: PAGE_MAX,
            ..Page::default()
        };
        Ok(hosts.into_iter().map(page).collect())
    }
}

/// What a page begins behind.
pub(super) fn localpart(jid: &str) -> String {
    jid.split('@').next().unwrap_or_default().to_owned()
}
