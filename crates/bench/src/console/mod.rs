//! `bench console`: how long an operator waits for a page where there are many accounts and sessions.

mod browser;

use crate::client::{Accounts, Security};
use crate::descriptors;
use crate::hearth::{House, program, target};
use crate::histogram::Histogram;
use crate::postgres::Postgres;
use crate::process::Server;
use crate::scenario::{Stage, idle::Idle};
use crate::scram::client::KeyCache;
use anyhow::{Context as _, ensure};
use browser::Browser;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What pages cost an operator.
#[derive(Debug, clap::Args)]
pub struct Console {
    /// Accounts that there are.
    #[arg(long, default_value_t = 100_000)]
    accounts: usize,
    /// Sessions that are open meanwhile.
    #[arg(long, default_value_t = 10_000)]
    sessions: usize,
    /// How often each page is asked for.
    #[arg(long, default_value_t = 50)]
    times: u32,
    /// Leave PostgreSQL out.
    #[arg(long)]
    without_postgres: bool,
    /// The server's program; that beside this one where none is given.
    #[arg(long)]
    hearth: Option<PathBuf>,
}

/// Lists, searches and sorts; from the first page and from the middle.
const PAGES: [(&str, &str); 16] = [
    ("overview", "/"),
    ("accounts by name", "/accounts"),
    ("accounts by name, downwards", "/accounts?direction=down"),
    ("accounts, from the middle", "/accounts?after=user50000"),
    ("accounts that begin so", "/accounts?prefix=user77"),
    ("accounts by age", "/accounts?order=made"),
    ("accounts by age, downwards", "/accounts?order=made&direction=down"),
    ("accounts by last login", "/accounts?order=login"),
    (
        "accounts by last login, downwards",
        "/accounts?order=login&direction=down",
    ),
    (
        "accounts that begin so, by last login",
        "/accounts?prefix=user&order=login&direction=down",
    ),
    (
        "few that begin so, by last login",
        "/accounts?prefix=user777&order=login&direction=down",
    ),
    ("one account", "/accounts/user777@localhost"),
    ("sessions", "/sessions"),
    ("sessions, from the middle", "/sessions?after=user5000"),
    ("sessions that are searched", "/sessions?text=user77"),
    ("record", "/audit"),
];
/// Pages asked for before it counts.
const WARM_UP: u32 = 5;
/// What a page may take: a tenth of a second.
const BOUND_MICROS: f64 = 100_000.0;
/// How long the sessions may take to come.
const ARRIVAL: Duration = Duration::from_secs(600);

/// Microseconds that half of the answers, and 99 of 100, did not exceed.
type Figures = Vec<(f64, f64)>;

impl Console {
    /// Measures on each database and prints one table.
    pub fn execute(self) -> anyhow::Result<()> {
        descriptors::require_room(self.sessions)?;
        ensure!(self.sessions <= self.accounts, "each session has an account of its own");
        let mut columns = vec![("sqlite", self.measure("sqlite", None)?)];
        if !self.without_postgres {
            let postgres = Postgres::start()?;
            // Pages only read: nobody need wait for the disk while the accounts are made.
            let url = format!("{}?options=-c%20synchronous_commit%3Doff", postgres.url());
            columns.push(("postgres", self.measure("postgres", Some(&url))?));
        }
        print!("{}", self.table(&columns));
        Ok(())
    }

    fn measure(&self, name: &str, database: Option<&str>) -> anyhow::Result<Figures> {
        let mut house = House::build(&program(self.hearth.as_deref())?, "hearth", database)?;
        let console = house.open_console()?;
        house.import(self.accounts)?;
        let names = Accounts::default();
        let owner = format!("{}@localhost", names.user(0));
        house.act(&["admin", "grant", &owner, "--role", "owner"])?;
        let child = house.start()?;
        let server = Server {
            pids: vec![child.pid()],
        };
        let target = target(vec![house.address(Security::Starttls)], Security::Starttls);
        std::thread::scope(|scope| {
            let crowd = scope.spawn(|| {
                let idle = Idle {
                    sessions: self.sessions,
                    sm: false,
                    seconds: self.stay(),
                };
                let mut stage = Stage {
                    target: &target,
                    server: &server,
                    keys: &mut KeyCache::default(),
                };
                idle.run(&mut stage)
            });
            let mut browser = Browser::log_in(console, &owner, &names.password)?;
            let began = Instant::now();
            while browser.sessions()? < self.sessions {
                ensure!(!crowd.is_finished(), "the sessions did not come");
                ensure!(began.elapsed() < ARRIVAL, "the sessions take too long to come");
                std::thread::sleep(Duration::from_millis(500));
            }
            let figures: anyhow::Result<Figures> =
                PAGES.iter().map(|(_, path)| self.time(&mut browser, path)).collect();
            // Long before the crowd goes home: whoever waits sees them at once.
            if let Ok(figures) = &figures {
                eprint!("{}", self.table(&[(name, Figures::clone(figures))]));
            }
            crowd.join().ok().context("the sessions' thread died")??;
            figures
        })
    }

    /// Long enough for all pages at the bound, in seconds.
    fn stay(&self) -> f64 {
        let pages = f64::from(self.times + WARM_UP) * 16.0;
        20.0 + pages * BOUND_MICROS / 1e6
    }

    fn time(&self, browser: &mut Browser, path: &str) -> anyhow::Result<(f64, f64)> {
        let mut histogram = Histogram::default();
        for turn in 0..self.times + WARM_UP {
            let began = Instant::now();
            browser.get(path)?;
            if turn >= WARM_UP {
                histogram.record_time(began.elapsed());
            }
        }
        let at = |share| histogram.micros_at(share).context("there are answers");
        Ok((at(500)?, at(990)?))
    }

    fn table(&self, columns: &[(&str, Figures)]) -> String {
        let mut text = format!(
            "{} accounts, {} sessions; milliseconds from asking to the last byte, half / 99 of 100\n\n{:40}",
            self.accounts, self.sessions, "page"
        );
        for (name, _) in columns {
            text.push_str(&format!("{name:>20}"));
        }
        text.push('\n');
        for (row, (page, _)) in PAGES.iter().enumerate() {
            text.push_str(&format!("{page:40}"));
            for (_, figures) in columns {
                let (half, most) = figures[row];
                let mark = if most > BOUND_MICROS { "!" } else { " " };
                text.push_str(&format!("{:>11.1} /{:>6.1}{mark}", half / 1000.0, most / 1000.0));
            }
            text.push('\n');
        }
        text
    }
}
