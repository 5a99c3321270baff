//! What tokio-xmpp writes to its log: all it sends and receives, and why a login failed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};
use tokio::sync::Notify;

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
static NEWS: Notify = Notify::const_new();

struct Wire;

impl Log for Wire {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("tokio_xmpp")
    }

    fn log(&self, record: &Record<'_>) {
        let line = record.args().to_string();
        // The parser's steps say nothing that the line they come from does not.
        if self.enabled(record.metadata()) && !line.starts_with("ReadXsoState") {
            lines().push(line);
            NEWS.notify_waiters();
        }
    }

    fn flush(&self) {}
}

fn lines() -> MutexGuard<'static, Vec<String>> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Records from now on.
pub(crate) fn record() {
    if log::set_logger(&Wire).is_ok() {
        log::set_max_level(LevelFilter::Trace);
    }
}

/// How many lines there are: a place to look from later.
pub(crate) fn mark() -> usize {
    lines().len()
}

/// The first line after the mark that holds this text.
pub(crate) fn find(mark: usize, text: &str) -> Option<String> {
    lines().iter().skip(mark).find(|line| line.contains(text)).cloned()
}

/// The same, waiting for it to come.
pub(crate) async fn wait_for(mark: usize, text: &str) -> String {
    loop {
        let news = NEWS.notified();
        match find(mark, text) {
            Some(line) => return line,
            None => news.await,
        }
    }
}

/// Everything recorded.
pub(crate) fn transcript() -> String {
    lines().join("\n")
}
