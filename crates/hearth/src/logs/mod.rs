//! Log lines on standard error. Writing them never holds up a task: they go through a bounded queue
//! to a thread of their own, and what does not fit is dropped and counted.
//!
//! | to find | look in |
//! |---|---|
//! | the way to standard error | here |
//! | the last lines, for the console | `ring` |
//! | what is logged | `levels` |

mod levels;
mod ring;

use std::{
    io::{self, Write},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use levels::Levels;
use metrics::counter;
use ops::{LevelWish, LogPage, LogQuestion};
use parking_lot::Mutex;
use ring::Ring;
use tokio::sync::Notify;
use tracing_subscriber::{
    Layer, Registry,
    filter::Targets,
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    reload,
    util::SubscriberInitExt,
};

/// Lines that may wait while nobody reads standard error.
const QUEUE: usize = 8192;

/// How long the last lines may take at the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The log's handles: to change the level, to read the last lines, and to let them out.
pub(crate) struct Logs {
    filter: reload::Handle<Targets, Registry>,
    levels: Mutex<Levels>,
    /// Told when a level was switched for a while.
    switched: Notify,
    ring: Ring,
    queue: SyncSender<Line>,
}

enum Line {
    Text(Vec<u8>),
    /// Answered when everything before it is written.
    Flush(SyncSender<()>),
}

impl Logs {
    /// Starts to log.
    pub(crate) fn start(format: &str, level: &str) -> anyhow::Result<Self> {
        let (queue, lines) = sync_channel(QUEUE);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write(&lines))?;
        let levels = Levels::new(level);
        let (filter, handle) = reload::Layer::new(levels.targets()?);
        let ring = Ring::default();
        let lines = fmt::layer().with_writer(Queue(queue.clone())).with_ansi(false);
        let layer = match format {
            "json" => lines.json().flatten_event(true).boxed(),
            _ => lines.boxed(),
        };
        tracing_subscriber::registry()
            .with(layer.and_then(ring.clone()).with_filter(filter))
            .try_init()?;
        Ok(Self {
            filter: handle,
            levels: Mutex::new(levels),
            switched: Notify::new(),
            ring,
            queue,
        })
    }

    /// Another level from now on; what is switched for a while stays so.
    pub(crate) fn set_level(&self, level: &str) {
        let mut levels = self.levels.lock();
        level.clone_into(&mut levels.configured);
        self.apply(&levels);
    }

    /// Logs a part of the server otherwise for a while. The error is a clause for the operator.
    pub(crate) fn switch(&self, wish: &LevelWish) -> Result<(), String> {
        // What another server asks for is looked at here, too.
        if !ops::is_ours(&wish.target) {
            return Err(format!("it has no part {:?}", wish.target));
        }
        let mut levels = self.levels.lock();
        levels.switch(wish, Instant::now().into())?;
        self.apply(&levels);
        drop(levels);
        self.switched.notify_one();
        Ok(())
    }

    /// Switches levels back when their time is over, for ever.
    pub(crate) async fn switch_back(self: Arc<Self>) {
        loop {
            let next = self.levels.lock().next_end();
            let over = async {
                match next {
                    Some(end) => tokio::time::sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = over => {}
                () = self.switched.notified() => {}
            }
            let mut levels = self.levels.lock();
            levels.end_old(tokio::time::Instant::now());
            self.apply(&levels);
        }
    }

    /// The last lines that are asked for, and what is logged.
    pub(crate) fn page(&self, question: &LogQuestion) -> LogPage {
        let levels = self.levels.lock();
        LogPage {
            configured: levels.configured.clone(),
            switched: levels.switched(tokio::time::Instant::now()),
            ..self.ring.page(question)
        }
    }

    fn apply(&self, levels: &Levels) {
        if let Ok(targets) = levels.targets() {
            let _ = self.filter.reload(targets);
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
