//! An operator's end of Hearth's control socket: what `hearth cluster …` asks, without the cost
//! of a process for every question.

use anyhow::{Context as _, bail};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// An answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to one running server.
pub(crate) struct Control(BufReader<UnixStream>);

/// How a server stands in the cluster, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// It belongs to the cluster.
    pub(crate) is_member: bool,
    /// The number of its present life.
    pub(crate) node: Option<u64>,
    /// The number of the server that leads.
    pub(crate) senior: Option<u64>,
    /// How many the cluster has.
    pub(crate) members: u64,
}

impl Control {
    pub(super) fn connect(socket: &Path) -> anyhow::Result<Self> {
        let stream = UnixStream::connect(socket).context("cannot reach the control socket")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Switches clustering on, for every server that shares the database.
    pub(crate) fn enable(&mut self) -> anyhow::Result<()> {
        self.ask("cluster_enable")?;
        Ok(())
    }

    /// How the server stands.
    pub(crate) fn status(&mut self) -> anyhow::Result<Status> {
        let answer = self.ask("cluster_status")?;
        let status = &answer["cluster_status"];
        Ok(Status {
            is_member: status["state"] == "member",
            node: status["node"].as_u64(),
            senior: status["senior"].as_u64(),
            members: status["members"].as_u64().context("members are counted")?,
        })
    }

    /// Sessions in the directory, as this server has it: its own and those of all others.
    pub(crate) fn sessions(&mut self) -> anyhow::Result<u64> {
        let answer = self.ask("cluster_caches")?;
        let caches = answer["cluster_caches"].as_array().context("caches are a list")?;
        let sessions = caches.iter().find(|cache| cache["name"] == "sessions");
        let entries = sessions.and_then(|cache| cache["entries"].as_u64());
        entries.context("there is no cache of sessions")
    }

    fn ask(&mut self, act: &str) -> anyhow::Result<Value> {
        writeln!(self.0.get_mut(), "{{\"act\":{act:?}}}")?;
        let mut line = String::new();
        self.0
            .read_line(&mut line)
            .with_context(|| format!("no answer to {act}"))?;
        let mut reply: Value = serde_json::from_str(&line).with_context(|| format!("no answer to {act}: {line:?}"))?;
        match reply.get_mut("done") {
            Some(answer) => Ok(answer.take()),
            None => bail!("{act} failed: {}", line.trim_end()),
        }
    }
}
