//! `hearth token`

use clap::Subcommand;
use jiff::{Timestamp, ToSpan};
use ops::{TokenInfo, TokenWish};
use serde_json::json;

use super::{
    Failure, Output, Reach,
    admin::RoleName,
    output::{time, time_or_dash},
};
use crate::control::{Answer, Request};

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token, and print it: it is shown this once.
    Add {
        /// What it is called, as in backup.
        name: String,
        /// The administrator on whose behalf it acts: it is never worth more than they are.
        #[arg(long, value_name = "ADDRESS")]
        owner: String,
        /// What it may do.
        #[arg(long, value_enum)]
        role: RoleName,
        /// The host of a host's administrator.
        #[arg(long, required_if_eq("role", "host"))]
        host: Option<String>,
        /// Days until it ends; without it: never.
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..=3650))]
        days: Option<u16>,
    },
    /// List the tokens.
    List,
    /// End a token, at once and on every server.
    Revoke { name: String },
}

pub(crate) async fn run(command: TokenCommand, reach: &mut Reach, output: Output) -> Result<(), Failure> {
    match command {
        TokenCommand::Add {
            name,
            owner,
            role,
            host,
            days,
        } => {
            let wish = TokenWish {
                name,
                role: role.with(host)?,
                expires_at: days.map(end),
                owner: Some(owner),
            };
            match reach.ask(Request::TokenAdd { wish }).await? {
                Answer::Token(token, info) => {
                    let made = json!({ "token": token.reveal(), "name": info.name, "expires_at": info.expires_at });
                    output.one(&made, |_| token.reveal().to_owned());
                    Ok(())
                }
                other => Err(other.into()),
            }
        }
        TokenCommand::List => match reach.ask(Request::TokenList).await? {
            Answer::Tokens(tokens) => {
                output.table(&tokens, ["NAME", "OWNER", "ROLE", "NOW", "EXPIRES", "LAST USED"], row);
                Ok(())
            }
            other => Err(other.into()),
        },
        TokenCommand::Revoke { name } => match reach.ask(Request::TokenRevoke { name: name.clone() }).await? {
            Answer::Nothing => {
                output.one(&json!({ "name": name }), |_| {
                    format!("{name} is worth nothing any more")
                });
                Ok(())
            }
            other => Err(other.into()),
        },
    }
}

/// In so many days, in microseconds since 1970.
fn end(days: u16) -> i64 {
    let hours = i64::from(days) * 24;
    (Timestamp::now() + hours.hours()).as_microsecond()
}

fn row(token: &TokenInfo) -> [String; 6] {
    [
        token.name.clone(),
        token.owner.clone(),
        token.role.to_string(),
        token
            .worth
            .as_ref()
            .map_or_else(|| "worth nothing".to_owned(), ToString::to_string),
        token.expires_at.map_or_else(|| "never".to_owned(), time),
        time_or_dash(token.used_at),
    ]
}
