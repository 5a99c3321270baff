//! A server with administrators.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use testkit::databases::{self, Fresh, Kind};
use tests::support::process::{DOMAIN, Home, Server};

use crate::browser::Browser;

/// Everybody's password.
pub(crate) const PASSWORD: &str = "Vom Eise befreit sind Strom";
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// A host besides [`DOMAIN`].
pub(crate) const OTHER: &str = "other.test";

/// A running server with an account for each role, and some users.
pub(crate) struct House {
    pub(crate) server: Server,
    _database: Option<Fresh>,
}

impl House {
    pub(crate) fn start() -> Result<Self> {
        Self::over(home()?, None)
    }

    /// One whose configuration says this: it holds from the beginning.
    pub(crate) fn start_with(variable: &str, value: &str) -> Result<Self> {
        Self::over(home()?.with(variable, value), None)
    }

    pub(crate) async fn start_on(kind: Kind) -> Result<Self> {
        let database = databases::fresh(kind).await?;
        let home = home()?.with("HEARTH_DATABASE__URL", database.url());
        Self::over(home, Some(database))
    }

    pub(crate) fn over(home: Home, database: Option<Fresh>) -> Result<Self> {
        let server = home.start()?;
        let house = Self {
            server,
            _database: database,
        };
        let local = ["owner", "chief", "reader", "alice", "bob"].map(|name| format!("{name}@{DOMAIN}"));
        let other = ["carol", "dave"].map(|name| format!("{name}@{OTHER}"));
        house.import(local.iter().chain(&other))?;
        house.hearth(&["admin", "grant", &local[0], "--role", "owner"])?;
        house.hearth(&["admin", "grant", &local[1], "--role", "host", "--host", DOMAIN])?;
        house.hearth(&["admin", "grant", &local[2], "--role", "read-only"])?;
        Ok(house)
    }

    /// Makes accounts.
    pub(crate) fn import<'a>(&self, jids: impl Iterator<Item = &'a String>) -> Result<()> {
        let line = |jid: &String| format!("{}\n", serde_json::json!({ "jid": jid, "password": PASSWORD }));
        let lines: String = jids.map(line).collect();
        let home = self.server.home();
        home.hearth(&["account", "import", "--iterations", "4096"], &lines)?;
        Ok(())
    }

    pub(crate) fn hearth(&self, arguments: &[&str]) -> Result<String> {
        self.server.home().hearth(arguments, "")
    }

    /// Where the console is, without TLS.
    pub(crate) fn console(&self) -> SocketAddr {
        self.server.addresses().admin.unwrap()
    }

    /// Somebody who is not logged in.
    pub(crate) fn stranger(&self) -> Browser {
        Browser::new(self.console())
    }

    /// Somebody of this name who is.
    #[track_caller]
    pub(crate) fn visitor(&self, name: &str) -> Browser {
        let mut browser = self.stranger();
        browser.log_in(&format!("{name}@{DOMAIN}"), PASSWORD).leads_to("/");
        browser
    }
}

/// What such a server has, until somebody wants it otherwise.
pub(crate) fn home() -> Result<Home> {
    Ok(Home::new()?
        .without("HEARTH_DOMAIN")
        .with("HEARTH_DOMAINS", &format!("{DOMAIN},{OTHER}")))
}

/// What the terminal of a server shows to whoever sets it up.
pub(crate) fn setup_token(home: &Home) -> Result<String> {
    let began = Instant::now();
    let log = loop {
        // What the terminal shows comes in one piece, a moment after the server is ready.
        let log = std::fs::read_to_string(home.log_file())?;
        if log.contains(" runs for ") {
            break log;
        }
        ensure!(began.elapsed() < PATIENCE, "the terminal shows nothing: {log}");
        std::thread::sleep(LOOK_AGAIN);
    };
    let token = log.lines().find_map(|line| line.trim().strip_prefix("token: "));
    Ok(token.context("the terminal shows no token")?.to_owned())
}
