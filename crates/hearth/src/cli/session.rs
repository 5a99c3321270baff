//! `hearth session`

use clap::Subcommand;
use ops::SessionInfo;
use serde_json::json;

use super::{Failure, Output, Reach, output::time};
use crate::control::{Answer, Request};

#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// List the sessions of this server.
    List,
    /// Close a session (user@host/resource) or all sessions of an account (user@host).
    Close {
        jid: String,
        /// What the client is told.
        #[arg(long, default_value = "closed by an operator")]
        reason: String,
    },
}

pub(crate) async fn run(command: SessionCommand, reach: &mut Reach, output: Output) -> Result<(), Failure> {
    if !matches!(reach, Reach::Running(_)) {
        return Err(Failure::Act(
            "no server runs on this data directory, so there are no sessions".to_owned(),
        ));
    }
    match command {
        SessionCommand::List => {
            let headings = ["SESSION", "ADDRESS", "ENCRYPTED", "MECHANISM", "PRIORITY", "SINCE"];
            output.table(&all(reach).await?, headings, row);
        }
        SessionCommand::Close { jid, reason } => {
            let closed = match reach.ask(Request::SessionClose { address: jid, reason }).await? {
                Answer::Closed(closed) => closed,
                other => return Err(other.into()),
            };
            output.one(&json!({ "closed": closed }), |_| format!("closed: {closed}"));
        }
    }
    Ok(())
}

async fn all(reach: &mut Reach) -> Result<Vec<SessionInfo>, Failure> {
    let mut all: Vec<SessionInfo> = Vec::new();
    loop {
        let after = all.last().map(|session| session.jid.clone()).unwrap_or_default();
        match reach.ask(Request::SessionList { after }).await? {
            Answer::Sessions(page) if page.is_empty() => return Ok(all),
            Answer::Sessions(page) => all.extend(page),
            other => return Err(other.into()),
        }
    }
}

fn row(session: &SessionInfo) -> [String; 6] {
    [
        session.jid.clone(),
        session.address.clone(),
        if session.encrypted { "yes" } else { "no" }.to_owned(),
        session.mechanism.clone(),
        session
            .priority
            .map_or_else(|| "-".to_owned(), |priority| priority.to_string()),
        time(session.bound_at),
    ]
}
