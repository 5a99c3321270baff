//! The command line: noun, then verb.

mod account;
mod acme;
mod admin;
mod certificate;
mod cluster;
mod config;
mod group;
mod host;
mod output;
mod password;
mod property;
mod reach;
mod session;
mod token;
mod transfer;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

pub(crate) use account::AccountCommand;
pub(crate) use admin::AdminCommand;
pub(crate) use certificate::CertificateCommand;
pub(crate) use cluster::ClusterCommand;
pub(crate) use config::ConfigCommand;
pub(crate) use group::GroupCommand;
pub(crate) use host::HostCommand;
pub(crate) use output::{Output, time};
pub(crate) use property::PropertyCommand;
pub(crate) use reach::Reach;
pub(crate) use session::SessionCommand;
pub(crate) use token::TokenCommand;

use crate::{
    check,
    config::{CONFIG_VARIABLE, Configuration, Problems, Sources, add_flags, flags_of},
    control::{Answer, ClientError},
    logs::Logs,
};

/// Hearth, an XMPP chat server.
#[derive(Debug, Parser)]
#[command(name = "hearth", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do; without a command the server runs.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The configuration file [default: hearth.toml, where it exists].
    #[arg(long, global = true, value_name = "FILE", env = CONFIG_VARIABLE)]
    config: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server.
    Run(RunOptions),
    /// Check configuration, database, certificates, ports, DNS and limits, and say what to do.
    Check,
    /// Show the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Accounts: add, list, change, carry to another server.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Administrators: accounts that may use the console.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Tokens: what programs use the REST API with.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Groups: who is in them, and whose rosters show them.
    #[command(subcommand)]
    Group(GroupCommand),
    /// Hosts: the domains that are served.
    #[command(subcommand)]
    Host(HostCommand),
    /// System properties: settings that change while the server runs.
    #[command(subcommand)]
    Property(PropertyCommand),
    /// Live sessions.
    #[command(subcommand)]
    Session(SessionCommand),
    /// Certificates: what each host is served with, and another one.
    #[command(subcommand, visible_alias = "cert")]
    Certificate(CertificateCommand),
    /// The cluster: all servers that share a database.
    #[command(subcommand)]
    Cluster(ClusterCommand),
}

/// How to run.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RunOptions {
    /// Once everything listens, write to this file, as JSON, where.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

/// Why a command ends without having done what it should.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The act failed: exit status 1.
    Act(String),
    /// The command line or the configuration is wrong: exit status 2.
    Usage(String),
}

/// A command line that has been read, with the configuration's part of it.
pub(crate) struct Invocation {
    pub(crate) cli: Cli,
    pub(crate) sources: Sources,
}

impl Invocation {
    /// Reads the arguments; ends the process itself where they are wrong or ask for help.
    pub(crate) fn read() -> Self {
        let matches = add_flags(Cli::command()).get_matches();
        let flags = flags_of(&matches);
        let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let environment = std::env::vars_os().collect();
        let sources = Sources {
            file: cli.common.config.clone(),
            environment,
            flags,
        };
        Self { cli, sources }
    }

    pub(crate) fn configuration(&self) -> Result<Configuration, Failure> {
        Ok(self.sources.load(&crate::properties::catalogue())?)
    }
}

/// Every command but `run`.
pub(crate) fn run(command: Command, invocation: &Invocation) -> Result<(), Failure> {
    let output = Output {
        is_json: invocation.cli.common.json,
    };
    if let Command::Config(command) = command {
        return config::run(command, invocation, output);
    }
    let configuration = match invocation.sources.load(&crate::properties::catalogue()) {
        Err(problems) if matches!(command, Command::Check) => return Err(check::refuse(&problems, output)),
        loaded => loaded?,
    };
    let logs = Logs::start("human", "warn").context("logging cannot be started")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("the runtime cannot be started")?;
    let done = runtime.block_on(act(command, &configuration, output));
    logs.flush();
    done
}

async fn act(command: Command, configuration: &Configuration, output: Output) -> Result<(), Failure> {
    if matches!(command, Command::Check) {
        return check::run(configuration, output).await;
    }
    let mut reach = Reach::find(configuration).await?;
    let done = match command {
        Command::Account(command) => account::run(command, &mut reach, output).await,
        Command::Group(command) => group::run(command, &mut reach, output).await,
        Command::Host(command) => host::run(command, &mut reach, output).await,
        Command::Admin(command) => admin::run(command, &mut reach, output).await,
        Command::Token(command) => token::run(command, &mut reach, output).await,
        Command::Property(command) => property::run(command, &mut reach, output).await,
        Command::Session(command) => session::run(command, &mut reach, output).await,
        Command::Certificate(command) => certificate::run(command, &mut reach, output).await,
        Command::Cluster(command) => cluster::run(command, &mut reach, output).await,
        Command::Run(_) | Command::Check | Command::Config(_) => unreachable!("done above"),
    };
    let closed = reach.close().await;
    done?;
    Ok(closed?)
}

impl Failure {
    /// Says it on standard error.
    pub(crate) fn report(&self) -> ExitCode {
        let (text, status) = match self {
            Self::Act(text) => (text, 1),
            Self::Usage(text) => (text, 2),
        };
        for line in text.lines() {
            eprintln!("hearth: {line}");
        }
        ExitCode::from(status)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Usage(problems.to_string())
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Act(error.to_string())
    }
}

impl From<Answer> for Failure {
    /// An answer to something else than what was asked.
    fn from(_answer: Answer) -> Self {
        Self::Act("the running server is of another version: use the command that belongs to it".to_owned())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Act(format!("{error:#}"))
    }
}
