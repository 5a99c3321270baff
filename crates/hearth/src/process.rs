//! What the process as a whole needs before anything else.

use std::{os::unix::process::CommandExt as _, panic, process::Command};

use nix::sys::{
    resource::{Resource, getrlimit, setrlimit},
    stat::{Mode, umask},
};

/// TLS has one provider in this house.
pub(crate) fn install_tls_provider() {
    // Fails where one is installed already, which then is this one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// What we write is nobody else's business: databases, keys, sockets.
pub(crate) fn write_for_owner_only() {
    umask(Mode::from_bits_truncate(0o077));
}

/// As many open files as the system lets us have: each client is one. Gives back how many.
pub(crate) fn raise_file_limit() -> u64 {
    let (soft, hard) = file_limit();
    match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(error) => {
            tracing::warn!(%error, soft, hard, "the limit of open files could not be raised");
            soft
        }
    }
}

/// How many open files are allowed, and how many that may be raised to.
pub(crate) fn file_limit() -> (u64, u64) {
    getrlimit(Resource::RLIMIT_NOFILE).unwrap_or_default()
}

/// A panic ends one task. It is counted, and logged by place; its message may quote what a client
/// sent, so that is left out.
pub(crate) fn count_panics() {
    panic::set_hook(Box::new(|info| {
        metrics::counter!("panics_total").increment(1);
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        tracing::error!(
            place,
            thread = thread.name().unwrap_or_default(),
            "a task panicked: this is a bug"
        );
    }));
}

/// Where the token of a set-up that goes on is kept from one process to the next. No setting: it has not the name of one.
const SETUP_TOKEN: &str = "_HEARTH_SETUP_TOKEN";

/// The token of a set-up that began before this program was started anew.
pub(crate) fn setup_token() -> Option<String> {
    std::env::var(SETUP_TOKEN).ok().filter(|token| !token.is_empty())
}

/// Begins anew, as the same process with the same arguments. Comes back only where that fails.
pub(crate) fn start_anew(setup_token: &str) -> anyhow::Error {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return anyhow::Error::new(error).context("the program cannot be found to start it anew"),
    };
    let error = Command::new(&program)
        .args(std::env::args_os().skip(1))
        .env(SETUP_TOKEN, setup_token)
        .exec();
    anyhow::Error::new(error).context(format!("{} cannot be started anew", program.display()))
}
