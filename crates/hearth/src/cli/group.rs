//! `hearth group`

use clap::{Args, Subcommand, ValueEnum};
use ops::{BadLine, GroupForm, GroupInfo, GroupPage, GroupShown, MemberInfo, MemberPage, MembersAdded, PAGE_MAX};
use serde_json::json;

use super::{Failure, Output, Reach, output::time};
use crate::control::{Answer, GroupRequest, Request};

#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// List the groups of a host, or of all hosts.
    List {
        /// Only groups of this host.
        #[arg(long)]
        host: Option<String>,
    },
    /// Show a group and its members.
    Show(Which),
    /// Make a group without members.
    Add {
        #[command(flatten)]
        which: Which,
        /// What it is called in rosters; without it: its name.
        #[arg(long, default_value = "")]
        display_name: String,
        /// For administrators.
        #[arg(long, default_value = "")]
        description: String,
    },
    /// Delete a group. Its members stay who they are.
    Delete(Which),
    /// Say whose rosters show the members of a group.
    Share {
        #[command(flatten)]
        which: Which,
        /// Whose.
        #[arg(long, value_enum)]
        with: With,
        /// A chosen group; may be given several times.
        #[arg(long, required_if_eq("with", "groups"))]
        viewer: Vec<String>,
        /// What the group is called in rosters from now on.
        #[arg(long)]
        display_name: Option<String>,
    },
    /// Add and remove members, and say who administers the group.
    #[command(subcommand)]
    Member(MemberCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// Add accounts to a group.
    Add {
        #[command(flatten)]
        which: Which,
        /// As in alice@localhost, or alice.
        #[arg(required = true)]
        members: Vec<String>,
        /// They may add and remove members themselves.
        #[arg(long)]
        admin: bool,
    },
    /// Take accounts out of a group.
    Remove {
        #[command(flatten)]
        which: Which,
        /// As in alice@localhost, or alice.
        #[arg(required = true)]
        members: Vec<String>,
    },
}

/// A group.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Its name.
    group: String,
    /// Its host; without it: the first of the hosts.
    #[arg(long)]
    host: Option<String>,
}

/// Whose rosters show a group's members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum With {
    /// Nobody's.
    Nobody,
    /// Those of its members.
    Members,
    /// Those of everybody of the host.
    Host,
    /// Those of its members, and of the members of chosen groups.
    Groups,
}

pub(crate) async fn run(command: GroupCommand, reach: &mut Reach, output: Output) -> Result<(), Failure> {
    match command {
        GroupCommand::List { host } => list(host, reach, output).await,
        GroupCommand::Show(which) => show(which, reach, output).await,
        GroupCommand::Add {
            which,
            display_name,
            description,
        } => {
            let (host, name) = which.found(reach).await?;
            let form = GroupForm {
                display_name,
                description,
                ..GroupForm::default()
            };
            nothing(
                ask(
                    reach,
                    GroupRequest::Create {
                        host: host.clone(),
                        name: name.clone(),
                        form,
                    },
                )
                .await?,
            )?;
            tell(output, &host, &name, "added");
            Ok(())
        }
        GroupCommand::Delete(which) => {
            let (host, name) = which.found(reach).await?;
            nothing(
                ask(
                    reach,
                    GroupRequest::Delete {
                        host: host.clone(),
                        name: name.clone(),
                    },
                )
                .await?,
            )?;
            tell(output, &host, &name, "deleted");
            Ok(())
        }
        GroupCommand::Share {
            which,
            with,
            viewer,
            display_name,
        } => {
            if with != With::Groups && !viewer.is_empty() {
                return Err(Failure::Usage(
                    "--viewer goes with --with groups, and only with it".to_owned(),
                ));
            }
            let (host, name) = which.found(reach).await?;
            let before = group(reach, &host, &name).await?.form;
            let form = GroupForm {
                display_name: display_name.unwrap_or(before.display_name),
                description: before.description,
                shown_to: with.shown(),
                viewers: viewer,
            };
            nothing(
                ask(
                    reach,
                    GroupRequest::Change {
                        host: host.clone(),
                        name: name.clone(),
                        form,
                    },
                )
                .await?,
            )?;
            let shown = group(reach, &host, &name).await?;
            output.one(&shown, |group| format!("{name} at {host}: {}", group.form));
            Ok(())
        }
        GroupCommand::Member(MemberCommand::Add { which, members, admin }) => {
            let (host, name) = which.found(reach).await?;
            add(reach, output, &host, &name, &members, admin).await
        }
        GroupCommand::Member(MemberCommand::Remove { which, members }) => {
            let (host, name) = which.found(reach).await?;
            for address in members {
                let request = GroupRequest::RemoveMember {
                    host: host.clone(),
                    name: name.clone(),
                    address: address.clone(),
                };
                nothing(ask(reach, request).await?)?;
                output.one(&json!({ "removed": address }), |_| {
                    format!("{address} is no member any more")
                });
            }
            Ok(())
        }
    }
}

async fn list(host: Option<String>, reach: &mut Reach, output: Output) -> Result<(), Failure> {
    let hosts = match host {
        Some(host) => vec![host],
        None => hosts(reach).await?,
    };
    let mut all: Vec<GroupInfo> = Vec::new();
    for host in hosts {
        let mut after = String::new();
        loop {
            let page = GroupPage {
                host: host.clone(),
                after,
                limit: PAGE_MAX,
                ..GroupPage::default()
            };
            let (groups, next) = match ask(reach, GroupRequest::List { page }).await? {
                Answer::Groups(groups, next) => (groups, next),
                other => return Err(other.into()),
            };
            all.extend(groups);
            match next {
                Some(next) => after = next,
                None => break,
            }
        }
    }
    output.table(&all, ["GROUP", "HOST", "MEMBERS", "SHOWN", "MADE"], |group| {
        [
            group.name.clone(),
            group.host.clone(),
            group.members.to_string(),
            group.form.to_string(),
            time(group.created_at),
        ]
    });
    Ok(())
}

async fn show(which: Which, reach: &mut Reach, output: Output) -> Result<(), Failure> {
    let (host, name) = which.found(reach).await?;
    let group = group(reach, &host, &name).await?;
    let members = members(reach, &host, &name).await?;
    output.one(&json!({ "group": group, "members": members }), |_| {
        let mut text = format!("{name} at {host}: {}", group.form);
        if !group.form.description.is_empty() {
            text.push_str(&format!("\n{}", group.form.description));
        }
        for member in &members {
            let admin = if member.is_admin {
                " (administrator of the group)"
            } else {
                ""
            };
            text.push_str(&format!("\n{}{admin}", member.jid));
        }
        text
    });
    Ok(())
}

async fn add(
    reach: &mut Reach,
    output: Output,
    host: &str,
    name: &str,
    members: &[String],
    are_admins: bool,
) -> Result<(), Failure> {
    let (host, name) = (host.to_owned(), name.to_owned());
    let request = GroupRequest::AddMembers {
        host: host.clone(),
        name: name.clone(),
        lines: members.join("\n"),
    };
    let added = match ask(reach, request).await? {
        Answer::MembersAdded(added) => added,
        other => return Err(other.into()),
    };
    let is_refused = |address: &&String| added.refused.iter().any(|line| line.text == address.trim());
    for address in members
        .iter()
        .filter(|_| are_admins)
        .filter(|address| !is_refused(address))
    {
        let request = GroupRequest::SetAdmin {
            host: host.clone(),
            name: name.clone(),
            address: address.clone(),
            is_admin: true,
        };
        nothing(ask(reach, request).await?)?;
    }
    output.one(&added, report);
    match added.refused.is_empty() {
        true => Ok(()),
        false => Err(Failure::Act("not all are members now".to_owned())),
    }
}

fn report(added: &MembersAdded) -> String {
    let mut text = format!("added: {}; there already: {}", added.added, added.already);
    for BadLine { text: address, why, .. } in &added.refused {
        text.push_str(&format!("\nrefused: {address}: {why}"));
    }
    text
}

async fn group(reach: &mut Reach, host: &str, name: &str) -> Result<GroupInfo, Failure> {
    let (host, name) = (host.to_owned(), name.to_owned());
    match ask(reach, GroupRequest::Get { host, name }).await? {
        Answer::Group(group) => Ok(*group),
        other => Err(other.into()),
    }
}

async fn members(reach: &mut Reach, host: &str, name: &str) -> Result<Vec<MemberInfo>, Failure> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = MemberPage {
            after,
            limit: PAGE_MAX,
            ..MemberPage::default()
        };
        let (host, name) = (host.to_owned(), name.to_owned());
        match ask(reach, GroupRequest::Members { host, name, page }).await? {
            Answer::Members(members, next) => {
                all.extend(members);
                match next {
                    Some(next) => after = next,
                    None => return Ok(all),
                }
            }
            other => return Err(other.into()),
        }
    }
}

async fn hosts(reach: &mut Reach) -> Result<Vec<String>, Failure> {
    match reach.ask(Request::Hosts).await? {
        Answer::Hosts(hosts) => Ok(hosts),
        other => Err(other.into()),
    }
}

async fn ask(reach: &mut Reach, request: GroupRequest) -> Result<Answer, Failure> {
    Ok(reach.ask(Request::Group(request)).await?)
}

fn nothing(answer: Answer) -> Result<(), Failure> {
    match answer {
        Answer::Nothing => Ok(()),
        other => Err(other.into()),
    }
}

fn tell(output: Output, host: &str, name: &str, done: &str) {
    output.one(&json!({ "group": name, "host": host }), |_| {
        format!("{name} at {host}: {done}")
    });
}

impl Which {
    /// Host and name.
    async fn found(self, reach: &mut Reach) -> Result<(String, String), Failure> {
        let host = match self.host {
            Some(host) => host,
            None => hosts(reach).await?.into_iter().next().unwrap_or_default(),
        };
        Ok((host, self.group))
    }
}

impl With {
    fn shown(self) -> GroupShown {
        match self {
            Self::Nobody => GroupShown::Nobody,
            Self::Members => GroupShown::Members,
            Self::Host => GroupShown::Host,
            Self::Groups => GroupShown::Groups,
        }
    }
}
