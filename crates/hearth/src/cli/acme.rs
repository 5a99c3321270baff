//! `hearth certificate acme`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ops::{AcmeHost, AcmeStatus, AcmeWish, Mood, Password};

use super::{Failure, Output, Reach, certificate::read, output::time};
use crate::control::{AcmeRequest, Answer, Request};

#[derive(Debug, Subcommand)]
pub(crate) enum AcmeCommand {
    /// Show where certificates are ordered, for which hosts, and how that goes.
    Status,
    /// Order certificates from now on, and renew them.
    On(On),
    /// Order none any more. What is there stays.
    Off,
    /// Order a host's certificate now, whether it is due or not.
    Order {
        /// The host that it is for.
        host: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct On {
    /// The address of the authority's directory. Default: what acme.directory_url says, Let's Encrypt's at first.
    #[arg(long, value_name = "ADDRESS")]
    directory: Option<String>,
    /// Where the authority writes to, by mail.
    #[arg(long, value_name = "MAIL")]
    contact: Option<String>,
    /// A host to order for; may be given several times. Default: what acme.hosts says, every host at first.
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
    /// The name of the key that binds the account to one that the authority knows (EAB).
    #[arg(long, value_name = "ID")]
    eab_key_id: Option<String>,
    /// The file with that key, in base64.
    #[arg(long, value_name = "FILE")]
    eab_key_file: Option<PathBuf>,
    /// The address of the authority's terms, to say that they were read and are agreed to. Without it the command says
    /// where they are.
    #[arg(long, value_name = "ADDRESS")]
    agree_terms: Option<String>,
}

pub(crate) async fn run(command: AcmeCommand, reach: &mut Reach, output: Output) -> Result<(), Failure> {
    let request = match command {
        AcmeCommand::Status => AcmeRequest::Status,
        AcmeCommand::On(on) => AcmeRequest::On {
            wish: Box::new(on.wish()?),
        },
        AcmeCommand::Off => AcmeRequest::Off,
        AcmeCommand::Order { host } => AcmeRequest::Order { host },
    };
    match reach.ask(Request::Acme(request)).await? {
        Answer::Acme(status) => {
            output.one(&*status, text);
            Ok(())
        }
        other => Err(other.into()),
    }
}

impl On {
    fn wish(self) -> Result<AcmeWish, Failure> {
        let secret = self.eab_key_file.map(|file| read(&file)).transpose()?;
        Ok(AcmeWish {
            directory: self.directory,
            contact: self.contact,
            hosts: (!self.hosts.is_empty()).then_some(self.hosts),
            binding_id: self.eab_key_id,
            binding_secret: secret.map(|text| Password::new(text.trim().to_owned())),
            agreed_terms: self.agree_terms,
        })
    }
}

fn text(status: &AcmeStatus) -> String {
    let mut lines = vec![match status.is_enabled {
        true => format!("on: certificates are ordered at {}", status.directory),
        false => format!("off: no certificates are ordered ({})", status.directory),
    }];
    if let Some(consent) = &status.consent {
        let when = time(consent.at);
        lines.push(match consent.terms.as_str() {
            "" => format!("this authority has no terms; it was chosen by {} {when}", consent.by),
            terms => format!("{} agreed to {terms} {when}", consent.by),
        });
    }
    if status.is_enabled && !status.is_listening {
        lines.push(
            "warning: acme.listen is empty, so that this server answers no authority: another one of its cluster has to"
                .to_owned(),
        );
    }
    lines.extend(status.hosts.iter().map(line));
    lines.join("\n")
}

fn line(host: &AcmeHost) -> String {
    let (mood, text) = host.said(&time);
    let mood = match mood {
        Mood::Good => "",
        Mood::Warn => "warning: ",
        Mood::Bad => "BAD: ",
    };
    format!("{}: {mood}{text}", host.host)
}
