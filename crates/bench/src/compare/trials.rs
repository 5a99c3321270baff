//! What is tried: the scenarios that targets are set for, and some more.

use super::judge::{Measure, Row, Target};
use super::table::Line;
use crate::client::Security;
use crate::scenario::Scenario;
use crate::scenario::chat::Chat;
use crate::scenario::idle::Idle;
use crate::scenario::login::Login;

/// Where Hearth keeps its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Database {
    Sqlite,
    Postgres,
}

/// A scenario, and what is to be read off it.
pub(super) struct Trial {
    pub(super) name: &'static str,
    pub(super) scenario: Scenario,
    pub(super) security: Security,
    pub(super) database: Database,
    pub(super) rows: Vec<Row>,
}

/// Saturated: more sessions than a client's byte rate at a careful server would limit.
const CROWD: usize = 1_000;
/// Where the log is what limits.
const WRITERS: usize = 200;
/// Growth is looked at from here on.
const FEW: usize = 1_000;
/// A rate that keeps everybody busy and nobody waiting.
const GROWTH_RATE: u32 = 4_000;

/// The trials with targets.
pub(super) fn accepted(seconds: f64, idle: usize, most: usize) -> Vec<Trial> {
    let chat = Chat {
        sessions: CROWD,
        seconds,
        ..Chat::default()
    };
    let steady = Chat {
        rate: Some(1_000),
        sm: true,
        ..chat.clone()
    };
    let kept = Chat {
        sessions: WRITERS,
        sm: true,
        store: true,
        ..chat.clone()
    };
    let growing = |sessions| Chat {
        sessions,
        rate: Some(GROWTH_RATE),
        ..chat.clone()
    };
    let login = Login {
        seconds,
        ..Login::default()
    };
    let idle = Idle {
        sessions: idle,
        ..Idle::default()
    };
    vec![
        // First, because memory that a running server has once taken tells nothing later.
        trial("idle over TLS", Scenario::Idle(idle)).row(Measure::Bytes, Target::AtMost(14_336.0)),
        trial("chat over TLS, saturated, no-store", Scenario::Chat(chat.clone()))
            .row(Measure::Cpu, Target::Times(2.5))
            .row(Measure::P99, Target::None),
        trial("chat over TLS, acknowledged, 1000/s, no-store", Scenario::Chat(steady))
            .row(Measure::Cpu, Target::Times(2.0))
            .row(Measure::P99, Target::Times(2.0)),
        trial("chat over TLS, saturated, kept, SQLite", Scenario::Chat(kept.clone()))
            .row(Measure::Cpu, Target::AtMost(40.0))
            .row(Measure::P99, Target::None),
        trial("chat over TLS, saturated, kept, PostgreSQL", Scenario::Chat(kept))
            .on(Database::Postgres)
            .row(Measure::Cpu, Target::AtMost(40.0))
            .row(Measure::P99, Target::None),
        trial("login over TLS", Scenario::Login(login))
            .row(Measure::Cpu, Target::Times(1.5))
            .row(Measure::P99, Target::None),
        trial("growth: few sessions, 4000/s", Scenario::Chat(growing(FEW.min(most)))).row(Measure::Cpu, Target::None),
        trial(
            "growth: most sessions, 4000/s",
            Scenario::Chat(growing(most - most % 2)),
        )
        .row(Measure::Cpu, Target::None)
        .row(Measure::Growth, Target::NoGrowth),
    ]
}

/// Other ways to connect, other mixtures.
pub(super) fn further(seconds: f64) -> Vec<Trial> {
    let chat = Chat {
        sessions: CROWD,
        seconds,
        ..Chat::default()
    };
    let with = |change: &dyn Fn(&mut Chat)| {
        let mut chat = chat.clone();
        change(&mut chat);
        Scenario::Chat(chat)
    };
    let login = Scenario::Login(Login {
        seconds,
        ..Login::default()
    });
    let trials = vec![
        trial("chat without TLS, saturated", with(&|_| {})).over(Security::Plain),
        trial(
            "chat without TLS, acknowledged, saturated",
            with(&|chat| chat.sm = true),
        )
        .over(Security::Plain),
        trial("chat over TLS, acknowledged, saturated", with(&|chat| chat.sm = true)),
        trial("chat over TLS, saturated, ten in a row", with(&|chat| chat.window = 10)),
        trial("chat over TLS, saturated, full JIDs", with(&|chat| chat.full = true)),
        trial("chat over TLS, 1000/s", with(&|chat| chat.rate = Some(1_000))),
        trial("login by STARTTLS", login.clone()).over(Security::Starttls),
        trial("login without TLS", login).over(Security::Plain),
    ];
    let measured = |trial: Trial| trial.row(Measure::Cpu, Target::None).row(Measure::P99, Target::None);
    trials.into_iter().map(measured).collect()
}

fn trial(name: &'static str, scenario: Scenario) -> Trial {
    Trial {
        name,
        scenario,
        security: Security::Direct,
        database: Database::Sqlite,
        rows: Vec::new(),
    }
}

impl Trial {
    pub(super) fn line(&self) -> Line<'_> {
        Line {
            name: self.name,
            rows: &self.rows,
        }
    }

    /// Its name up to the colon: trials that are compared with each other share it, and are
    /// chosen together.
    pub(super) fn family(&self) -> &'static str {
        self.name.split(':').next().unwrap_or(self.name)
    }

    fn row(mut self, measure: Measure, target: Target) -> Self {
        self.rows.push(Row { measure, target });
        self
    }

    fn on(self, database: Database) -> Self {
        Self { database, ..self }
    }

    fn over(self, security: Security) -> Self {
        Self { security, ..self }
    }
}
