//! What servers log: the last lines of each, and how much a part of it says for a while.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{Actor, Audit, ClusterLive, OpsError, audit::Deed};

/// Acts on the logs of the servers of a cluster.
#[derive(Clone)]
pub struct Logs {
    cluster: Arc<dyn ClusterLive>,
    audit: Audit,
}

/// How grave a line is, the gravest first. Written to links: append, never reorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Something is broken.
    Error,
    /// Something is not as it should be.
    Warn,
    /// What operators want to know.
    Info,
    /// What developers want to know.
    Debug,
    /// Every step.
    Trace,
}

/// A line of a log. Written to links: append, never reorder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Counts from 1 since the server started.
    pub number: u64,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// How grave.
    pub level: LogLevel,
    /// The part of the server that says it.
    pub target: String,
    /// What it says; characters that steer terminals or the direction of text are escapes.
    pub text: String,
}

/// Which lines are asked for. Written to links: append, never reorder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogQuestion {
    /// Only lines behind the one with this number.
    pub after: u64,
    /// Only lines as grave as this, or graver; none: all.
    pub level: Option<LogLevel>,
    /// Only what parts say in whose name this is; empty: all.
    pub target: String,
    /// Only lines in which this is, in small or capital letters; empty: all.
    pub text: String,
    /// How many at most, the last of them; never more than [`LOG_PAGE_MAX`].
    pub limit: u32,
}

/// What a server says of its log. Written to links: append, never reorder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPage {
    /// The lines, the oldest first.
    pub lines: Vec<LogLine>,
    /// The number of the last line there is, whether or not it was asked for.
    pub last: u64,
    /// Lines behind the one that was asked for that are forgotten already.
    pub missed: u64,
    /// How many lines the server remembers at most.
    pub remembers: u64,
    /// What is logged, as the configuration has it.
    pub configured: String,
    /// What is logged otherwise for a while.
    pub switched: Vec<SwitchedLevel>,
}

/// A part of the server that logs more or less for a while. Written to links: append, never reorder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchedLevel {
    /// The part.
    pub target: String,
    /// What it says at least.
    pub level: LogLevel,
    /// For how many seconds more.
    pub left_secs: u64,
}

/// What is to be logged for a while. Written to links: append, never reorder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelWish {
    /// The part of the server, one of [`LOG_TARGETS`] or a part of one, as in `c2s::session`.
    pub target: String,
    /// From which level on; none: what the configuration says.
    pub level: Option<LogLevel>,
    /// For how long.
    pub secs: u32,
}

/// Lines told of at a time at most.
pub const LOG_PAGE_MAX: u32 = 200;
/// Minutes that a level is switched for at most: a day. What lasts is in the configuration, as `log.level`.
pub const LEVEL_MINUTES_MAX: u32 = 1440;
/// Parts whose levels are switched at a time, at most.
pub const SWITCHED_LEVELS_MAX: usize = 16;
/// Parts of the server that can be asked to say more. Not among them is what others have written: what that says from
/// `debug` on may hold what nobody is to read.
pub const LOG_TARGETS: [&str; 19] = [
    "acme",
    "api",
    "auth",
    "c2s",
    "cluster",
    "commands",
    "console",
    "features",
    "hearth",
    "http",
    "offline",
    "ops",
    "protocol",
    "registration",
    "roster",
    "router",
    "storage",
    "subscription",
    "transport",
];

impl LogLevel {
    /// All of them, the gravest first.
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for LogLevel {
    type Err = OpsError;

    fn from_str(name: &str) -> Result<Self, OpsError> {
        let found = Self::ALL.into_iter().find(|level| level.name() == name);
        found.ok_or(OpsError::Unusable {
            what: "the level",
            why: "is one of error, warn, info, debug and trace".to_owned(),
        })
    }
}

impl Logs {
    /// The logs of these servers.
    #[must_use]
    pub fn new(cluster: Arc<dyn ClusterLive>, audit: Audit) -> Self {
        Self { cluster, audit }
    }

    /// The number of the server that is asked here; none where none runs.
    #[must_use]
    pub fn here(&self) -> Option<u64> {
        self.cluster.here().node
    }

    /// The last lines of a server of this cluster, this one or another.
    ///
    /// # Errors
    /// Where the actor's power does not reach, or that server does not say.
    pub async fn lines(&self, actor: &Actor, node: u64, question: LogQuestion) -> Result<LogPage, OpsError> {
        actor.require_server()?;
        let page = self.cluster.log(node, question).await;
        page.map_err(|why| OpsError::NoAnswer { node, why })
    }

    /// Has a part of a server log from this level on, for so many minutes; without a level what the configuration says
    /// holds again.
    ///
    /// # Errors
    /// Where the actor is no owner, the part or the time is none, or that server does not say.
    pub async fn switch(
        &self,
        actor: &Actor,
        node: u64,
        target: &str,
        level: Option<LogLevel>,
        minutes: u32,
    ) -> Result<(), OpsError> {
        let place = format!("{target} of server {node}");
        let deed = Deed {
            after: Some(match level {
                Some(level) => format!("{level} for {minutes} minutes"),
                None => "as configured".to_owned(),
            }),
            ..Deed::new("log.level", &place)
        };
        let work = async {
            actor.require_owner()?;
            if !is_ours(target) {
                return Err(OpsError::Unusable {
                    what: "the part",
                    why: format!(
                        "is one of {}, or a part of one, as c2s::session is",
                        LOG_TARGETS.join(", ")
                    ),
                });
            }
            if level.is_some() && !(1..=LEVEL_MINUTES_MAX).contains(&minutes) {
                return Err(OpsError::Unusable {
                    what: "the time",
                    why: format!("is a number of minutes from 1 to {LEVEL_MINUTES_MAX}"),
                });
            }
            let wish = LevelWish {
                target: target.to_owned(),
                level,
                secs: minutes.saturating_mul(60),
            };
            let done = self.cluster.switch_level(node, wish).await;
            done.map_err(|why| OpsError::NoAnswer { node, why })
        };
        self.audit.record(actor, deed, work).await
    }
}

/// Whether this names a part of the server, or a part of one.
#[must_use]
pub fn is_ours(target: &str) -> bool {
    const BYTES_MAX: usize = 64;
    let mut names = target.split("::");
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    target.len() <= BYTES_MAX && names.next().is_some_and(|first| LOG_TARGETS.contains(&first)) && names.all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_parts_of_the_server_can_be_asked_to_say_more() {
        for (target, expected) in [
            ("c2s", true),
            ("c2s::session", true),
            ("cluster::engine::driver", true),
            ("", false),
            ("c2s::", false),
            ("c2s::a=b", false),
            ("c2s,sqlx=trace", false),
            ("c2s2", false),
            ("sqlx", false),
            ("rustls::server", false),
        ] {
            assert_eq!(is_ours(target), expected, "{target}");
        }
        assert!(!is_ours(&format!("c2s::{}", "a".repeat(100))));
    }

    #[test]
    fn levels_are_called_what_they_are() {
        for level in LogLevel::ALL {
            assert_eq!(level.name().parse::<LogLevel>().ok(), Some(level));
        }
        assert!("off".parse::<LogLevel>().is_err());
    }
}
