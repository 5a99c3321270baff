//! Hearth, with one data directory for each database.

use super::contender::{Contender, Started};
use super::trials::{Database, Trial};
use crate::client::Security;
use crate::hearth::{House, target};
use crate::postgres::Postgres;
use crate::process::Server;
use crate::scram::client::KeyCache;
use std::path::PathBuf;

/// Its column in the table.
pub(super) const NAME: &str = "hearth";

/// Hearth.
pub(super) struct Hearth {
    program: PathBuf,
    accounts: usize,
    postgres_url: Option<String>,
    sqlite: Option<House>,
    postgres: Option<House>,
    /// Ends after the server.
    private: Option<Postgres>,
}

impl Hearth {
    /// Nothing is done before the first trial.
    pub(super) fn new(program: PathBuf, accounts: usize, postgres_url: Option<String>) -> Self {
        Self {
            program,
            accounts,
            postgres_url,
            sqlite: None,
            postgres: None,
            private: None,
        }
    }

    fn house(&mut self, database: Database) -> anyhow::Result<&House> {
        if self.built(database).is_none() {
            let url = self.url(database)?;
            let house = House::build(&self.program, NAME, url.as_deref())?;
            house.import(self.accounts)?;
            *self.built(database) = Some(house);
        }
        Ok(self.built(database).as_ref().expect("it was built above"))
    }

    fn built(&mut self, database: Database) -> &mut Option<House> {
        match database {
            Database::Sqlite => &mut self.sqlite,
            Database::Postgres => &mut self.postgres,
        }
    }

    fn url(&mut self, database: Database) -> anyhow::Result<Option<String>> {
        match (database, &self.postgres_url) {
            (Database::Sqlite, _) => Ok(None),
            (Database::Postgres, Some(url)) => Ok(Some(url.clone())),
            (Database::Postgres, None) => {
                let server = Postgres::start()?;
                Ok(Some(self.private.insert(server).url()))
            }
        }
    }
}

impl Contender for Hearth {
    fn name(&self) -> &'static str {
        NAME
    }

    fn start(&mut self, trial: &Trial, _keys: &mut KeyCache) -> anyhow::Result<Option<Started>> {
        if trial.security == Security::Plain {
            return Ok(None);
        }
        let house = self.house(trial.database)?;
        let child = house.start()?;
        Ok(Some(Started {
            target: target(vec![house.address(trial.security)], trial.security),
            server: Server {
                pids: vec![child.pid()],
            },
            _child: Some(child),
        }))
    }
}
