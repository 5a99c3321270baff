//! Room for many sockets.

use anyhow::ensure;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What is neither a session nor a listener: files of a database, pipes, timers.
const OTHERS: u64 = 150;

/// Raises the limit of open files as far as `sessions` need it and the system allows it, and
/// returns how many sessions there is room for. Processes started later inherit the limit.
pub fn make_room(sessions: usize) -> anyhow::Result<usize> {
    let wanted = sessions as u64 + OTHERS;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft >= wanted {
        return Ok(sessions);
    }
    if hard < wanted && setrlimit(Resource::RLIMIT_NOFILE, wanted, wanted).is_ok() {
        return Ok(sessions);
    }
    let limit = hard.min(wanted);
    setrlimit(Resource::RLIMIT_NOFILE, limit, hard)?;
    Ok(usize::try_from(limit.saturating_sub(OTHERS))?)
}

/// Like [`make_room`], but all of them must fit.
pub fn require_room(sessions: usize) -> anyhow::Result<()> {
    let room = make_room(sessions)?;
    ensure!(
        room >= sessions,
        "the limit of open files has room for {room} sessions, not for {sessions}: \
         raise it (ulimit -Hn) or ask for fewer"
    );
    Ok(())
}
