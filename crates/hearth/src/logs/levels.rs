//! What is logged: what the configuration says, and parts of which more or less is to be seen for a while.

use std::time::Duration;

use ops::{LevelWish, LogLevel, SWITCHED_LEVELS_MAX, SwitchedLevel};
use tokio::time::Instant;
use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};

/// What is logged.
pub(super) struct Levels {
    pub(super) configured: String,
    switched: Vec<Switched>,
}

struct Switched {
    target: String,
    level: LogLevel,
    until: Instant,
}

impl Levels {
    pub(super) fn new(configured: &str) -> Self {
        Self {
            configured: configured.to_owned(),
            switched: Vec::new(),
        }
    }

    /// Logs a part otherwise for a while, or as configured again. The error is a clause for the operator.
    pub(super) fn switch(&mut self, wish: &LevelWish, now: Instant) -> Result<(), String> {
        self.end_old(now);
        self.switched.retain(|switched| switched.target != wish.target);
        let Some(level) = wish.level else { return Ok(()) };
        if self.switched.len() == SWITCHED_LEVELS_MAX {
            return Err(format!(
                "levels of {SWITCHED_LEVELS_MAX} parts are switched already: end some of them"
            ));
        }
        self.switched.push(Switched {
            target: wish.target.clone(),
            level,
            until: now + Duration::from_secs(wish.secs.into()),
        });
        Ok(())
    }

    /// Ends what is over.
    pub(super) fn end_old(&mut self, now: Instant) {
        self.switched.retain(|switched| switched.until > now);
    }

    /// When the next one is over.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.switched.iter().map(|switched| switched.until).min()
    }

    /// Those that are switched, by their parts.
    pub(super) fn switched(&self, now: Instant) -> Vec<SwitchedLevel> {
        let live = self.switched.iter().filter(|switched| switched.until > now);
        let mut all: Vec<_> = live
            .map(|switched| SwitchedLevel {
                target: switched.target.clone(),
                level: switched.level,
                left_secs: (switched.until - now).as_secs(),
            })
            .collect();
        all.sort_by(|a, b| a.target.cmp(&b.target));
        all
    }

    pub(super) fn targets(&self) -> Result<Targets, ParseError> {
        let switched = self.switched.iter();
        Ok(targets(&self.configured)?
            .with_targets(switched.map(|switched| (switched.target.clone(), filter(switched.level)))))
    }
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tracing::Level;

    use super::*;

    fn wish(target: &str, level: Option<LogLevel>) -> LevelWish {
        LevelWish {
            target: target.to_owned(),
            level,
            secs: 60,
        }
    }

    #[test]
    fn a_part_says_more_until_its_time_is_over() {
        let now = Instant::now();
        let later = now + Duration::from_secs(60);
        let mut levels = Levels::new("info,c2s=warn");
        let says = |levels: &Levels, target: &str, level| levels.targets().unwrap().would_enable(target, &level);
        assert!(!says(&levels, "c2s::session", Level::INFO));
        levels.switch(&wish("c2s", Some(LogLevel::Debug)), now).unwrap();
        assert!(says(&levels, "c2s::session", Level::DEBUG));
        assert!(!says(&levels, "router", Level::DEBUG));
        assert_eq!(levels.next_end(), Some(later));
        assert_eq!(levels.switched(now)[0].left_secs, 60);
        levels.end_old(later);
        assert!(
            !says(&levels, "c2s::session", Level::INFO),
            "what is configured holds again"
        );
        assert_eq!(levels.next_end(), None);
    }

    #[test]
    fn a_part_is_switched_once_and_back_at_any_time() {
        let now = Instant::now();
        let mut levels = Levels::new("info");
        for level in [LogLevel::Debug, LogLevel::Trace] {
            levels.switch(&wish("c2s", Some(level)), now).unwrap();
        }
        assert_eq!(levels.switched(now).len(), 1);
        levels.switch(&wish("c2s", None), now).unwrap();
        assert_eq!(levels.switched(now), []);
        for number in 0..SWITCHED_LEVELS_MAX {
            levels
                .switch(&wish(&format!("c2s::a{number}"), Some(LogLevel::Debug)), now)
                .unwrap();
        }
        assert!(levels.switch(&wish("router", Some(LogLevel::Debug)), now).is_err());
        levels.switch(&wish("c2s::a0", Some(LogLevel::Trace)), now).unwrap();
    }
}
