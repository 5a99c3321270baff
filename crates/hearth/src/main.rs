//! Hearth: the binary.
//!
//! | to find | look in |
//! |---|---|
//! | how the parts become a server | `server` |
//! | what it does until its end | `life` |
//! | what can be configured | `config/keys` |
//! | what can be changed while it runs | `properties/table` |
//! | how it and others become a cluster | `cluster/` |
//! | what the console is given | `console`; what set-up is given: `install` |
//! | commands | `cli/` |
//! | how commands reach a running server | `control/` |

mod acme;
mod certificates;
mod check;
mod cli;
mod cluster;
mod config;
mod console;
mod control;
mod data_dir;
mod greeting;
mod install;
mod life;
mod listeners;
mod logs;
mod outlook;
mod process;
mod properties;
mod reload;
mod secret_key;
mod server;
mod setting;
mod signals;
mod systemd;
mod vitals;
mod wiring;

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use cli::{Command, Failure, Invocation, RunOptions};
use config::{Configuration, Sources};
use http::Metrics;
use logs::Logs;
use server::Server;
use signals::Signals;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    process::install_tls_provider();
    process::write_for_owner_only();
    let mut invocation = Invocation::read();
    let done = match invocation.cli.command.take() {
        None => run(&invocation, &invocation.cli.run),
        Some(Command::Run(options)) => run(&invocation, &options),
        Some(command) => cli::run(command, &invocation),
    };
    done.map_or_else(|failure| failure.report(), |()| ExitCode::SUCCESS)
}

/// `hearth run`
fn run(invocation: &Invocation, options: &RunOptions) -> Result<(), Failure> {
    let configuration = invocation.configuration()?;
    let log = &configuration.config.log;
    let logs = Arc::new(Logs::start(&log.format, &log.level).context("logging cannot be started")?);
    let metrics = Metrics::install().context("figures cannot be gathered")?;
    process::count_panics();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("the runtime cannot be started")?;
    let served = runtime.block_on(serve(
        configuration,
        invocation.sources.clone(),
        options,
        Arc::clone(&logs),
        metrics,
    ));
    // Whatever hangs in a thread now must not keep the process.
    runtime.shutdown_background();
    logs.flush();
    match served? {
        Ended::Stopped => Ok(()),
        Ended::Restarts(token) => Err(process::start_anew(&token).into()),
    }
}

/// How a server ends.
enum Ended {
    Stopped,
    /// Set-up, with this token, has chosen what only a new start makes hold.
    Restarts(String),
}

async fn serve(
    configuration: Configuration,
    sources: Sources,
    options: &RunOptions,
    logs: Arc<Logs>,
    metrics: Metrics,
) -> anyhow::Result<Ended> {
    let mut signals = Signals::catch()?;
    let mut server = Server::start(configuration, sources, logs, metrics).await?;
    if server.may_act(&mut signals).await {
        server.ready(options).await?;
        server.until_stopped(&mut signals).await;
    }
    let restart = server.restart.token();
    server.stop(&mut signals).await?;
    Ok(restart.map_or(Ended::Stopped, Ended::Restarts))
}
