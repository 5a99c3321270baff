//! Log lines on standard error. Writing them never holds up a task: they go through a bounded queue
//! to a thread of their own, and what does not fit is dropped and counted.

use std::{
    io::{self, Write},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread,
    time::{Duration, Instant},
};

use metrics::counter;
use tracing_subscriber::{
    Layer, Registry,
    filter::{LevelFilter, ParseError, Targets},
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    reload,
    util::SubscriberInitExt,
};

/// Lines that may wait while nobody reads standard error.
const QUEUE: usize = 8192;

/// How long the last lines may take at the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The log's handles: to change the level, and to let the last lines out.
pub(crate) struct Logs {
    level: reload::Handle<Targets, Registry>,
    queue: SyncSender<Line>,
}

enum Line {
    Text(Vec<u8>),
    /// Answered when everything before it is written.
    Flush(SyncSender<()>),
}

/// What is logged. Guests that say as errors what is none here are quiet, unless somebody asks for them.
fn targets(level: &str) -> Result<Targets, ParseError> {
    const QUIET: [(&str, LevelFilter); 2] = [
        ("openraft", LevelFilter::OFF),
        ("sqlx::postgres::notice", LevelFilter::WARN),
    ];
    let unasked = QUIET.into_iter().filter(|(guest, _)| !level.contains(guest));
    Ok(level.parse::<Targets>()?.with_targets(unasked))
}

impl Logs {
    /// Starts to log.
    pub(crate) fn start(format: &str, level: &str) -> anyhow::Result<Self> {
        let (queue, lines) = sync_channel(QUEUE);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write(&lines))?;
        let (filter, handle) = reload::Layer::new(targets(level)?);
        let lines = fmt::layer().with_writer(Queue(queue.clone())).with_ansi(false);
        let layer = match format {
            "json" => lines.json().flatten_event(true).boxed(),
            _ => lines.boxed(),
        };
        tracing_subscriber::registry()
            .with(layer.with_filter(filter))
            .try_init()?;
        Ok(Self { level: handle, queue })
    }

    /// Another level from now on.
    pub(crate) fn set_level(&self, level: &str) {
        if let Ok(filter) = targets(level) {
            let _ = self.level.reload(filter);
        }
    }

    /// Waits until what was logged is written, unless nobody reads it.
    pub(crate) fn flush(&self) {
        let (done, is_done) = sync_channel(1);
        let deadline = Instant::now() + LAST_WORDS;
        let mut line = Line::Flush(done);
        while let Err(TrySendError::Full(back)) = self.queue.try_send(line) {
            if Instant::now() > deadline {
                return;
            }
            line = back;
            thread::sleep(Duration::from_millis(5));
        }
        let _ = is_done.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

fn write(lines: &Receiver<Line>) {
    let mut to = io::stderr();
    while let Ok(line) = lines.recv() {
        match line {
            Line::Text(text) => {
                let _ = to.write_all(&text);
            }
            Line::Flush(done) => {
                let _ = done.send(());
            }
        }
    }
}

/// Where lines are put down.
struct Queue(SyncSender<Line>);

/// One line in the making; it is queued when it is whole.
struct Pending<'a> {
    queue: &'a SyncSender<Line>,
    text: Vec<u8>,
}

impl<'a> MakeWriter<'a> for Queue {
    type Writer = Pending<'a>;

    fn make_writer(&'a self) -> Pending<'a> {
        Pending {
            queue: &self.0,
            text: Vec::new(),
        }
    }
}

impl Write for Pending<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let text = std::mem::take(&mut self.text);
        if !text.is_empty() && self.queue.try_send(Line::Text(text)).is_err() {
            counter!("log_lines_dropped_total").increment(1);
        }
    }
}
