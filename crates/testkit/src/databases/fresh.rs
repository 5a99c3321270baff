//! An empty database for one test.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, MySqlConnection, PgConnection, Row};
use tempfile::TempDir;

use super::{Durability, Kind, Server};

/// A database that nobody else uses. It goes when this is dropped.
pub struct Fresh {
    url: String,
    remains: Remains,
}

/// What to clean up.
enum Remains {
    Directory {
        _directory: TempDir,
    },
    /// In a server that outlives this process.
    Database {
        kind: Kind,
        server: String,
        name: String,
    },
    /// In this process's own server, which goes with it.
    Nothing,
}

impl Fresh {
    /// Its URL, as in the configuration.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Makes an empty database.
pub async fn fresh(kind: Kind) -> Result<Fresh> {
    let Some(variable) = kind.variable() else {
        let directory = tempfile::Builder::new().prefix("hearth-sqlite-").tempdir()?;
        let url = format!("sqlite:{}", directory.path().join("data/hearth.db").display());
        return Ok(Fresh {
            url,
            remains: Remains::Directory { _directory: directory },
        });
    };
    let name = unused_name();
    let shared = std::env::var(variable).ok();
    let server = shared.clone().map_or_else(|| own_server(kind), Ok)?;
    execute(kind, &server, format!("CREATE DATABASE {name}")).await?;
    let url = in_database(&server, &name)?;
    let remains = match shared {
        Some(server) => Remains::Database { kind, server, name },
        None => Remains::Nothing,
    };
    Ok(Fresh { url, remains })
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let Remains::Database { kind, server, name } = &self.remains else {
            return;
        };
        let (kind, server, name) = (*kind, server.clone(), name.clone());
        // A runtime of its own: this may run inside one, where nothing can be waited for.
        let work = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime?.block_on(remove(kind, &server, &name))
        });
        match work.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("a test's database stays behind: {error:#}"),
            Err(_) => eprintln!("a test's database stays behind"),
        }
    }
}

/// The server of this process, for its whole life.
fn own_server(kind: Kind) -> Result<String> {
    static POSTGRES: OnceLock<Result<Server, String>> = OnceLock::new();
    static MYSQL: OnceLock<Result<Server, String>> = OnceLock::new();
    let server = if kind == Kind::Postgres { &POSTGRES } else { &MYSQL };
    let server = server.get_or_init(|| Server::start(kind, Durability::Relaxed).map_err(|error| format!("{error:#}")));
    server.as_ref().map(Server::url).map_err(|error| anyhow!("{error}"))
}

async fn execute(kind: Kind, server: &str, statement: String) -> Result<()> {
    if kind == Kind::Postgres {
        let options: sqlx::postgres::PgConnectOptions = server.parse()?;
        let mut connection: PgConnection = options.disable_statement_logging().connect().await?;
        connection.execute(AssertSqlSafe(statement)).await?;
        connection.close().await?;
    } else {
        let options: sqlx::mysql::MySqlConnectOptions = server.parse()?;
        let mut connection: MySqlConnection = options.disable_statement_logging().connect().await?;
        connection.execute(AssertSqlSafe(statement)).await?;
        connection.close().await?;
    }
    Ok(())
}

/// Drops a database together with the connections to it: a test that ended inside a transaction still
/// locks it, and cannot let go while it waits for us.
async fn remove(kind: Kind, server: &str, name: &str) -> Result<()> {
    if kind == Kind::Postgres {
        return execute(kind, server, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    }
    let options: sqlx::mysql::MySqlConnectOptions = server.parse()?;
    let mut connection = options.disable_statement_logging().connect().await?;
    let theirs = sqlx::query("SELECT id FROM information_schema.processlist WHERE db = ?");
    for row in theirs.bind(name).fetch_all(&mut connection).await? {
        let id: i64 = row.try_get_unchecked(0)?;
        // It may have ended meanwhile.
        let _ = connection.execute(AssertSqlSafe(format!("KILL {id}"))).await;
    }
    connection.close().await?;
    execute(kind, server, format!("DROP DATABASE IF EXISTS {name}")).await
}

/// No other test, process or run has it.
fn unused_name() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("hearth_{}_{}_{count}", std::process::id(), since.as_nanos())
}

/// The same server's URL with another database.
fn in_database(server: &str, name: &str) -> Result<String> {
    let (scheme, rest) = server.split_once("://").context("the server's URL has no scheme")?;
    let (address, parameters) = rest
        .split_once('?')
        .map_or((rest, String::new()), |(a, p)| (a, format!("?{p}")));
    let host = address.split('/').next().unwrap_or_default();
    Ok(format!("{scheme}://{host}/{name}{parameters}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::in_database;

    #[test]
    fn the_database_in_a_url_is_replaced() {
        for (server, expected) in [
            (
                "postgres://a:b@localhost/postgres?host=/tmp/x/y",
                "postgres://a:b@localhost/new?host=/tmp/x/y",
            ),
            ("mysql://root@localhost:33", "mysql://root@localhost:33/new"),
        ] {
            assert_eq!(in_database(server, "new").unwrap(), expected);
        }
    }
}
