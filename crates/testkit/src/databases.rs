//! Real databases for tests: a fresh, empty one for each test that asks.
//!
//! PostgreSQL and MariaDB come from Debian's packages and run privately, as an unprivileged user, in a
//! temporary directory, reachable by a socket in it and by nothing else. They end with the process
//! that started them, however it ends.
//!
//! A test process starts its own server when it needs one. A test runner that gives every test a
//! process of its own starts one [`Server`] for all and hands its address down:
//! [`Kind::variable`] = [`Server::url`].

mod fresh;
mod mariadb;
mod postgres;
mod server;

use std::fmt;

pub use fresh::{Fresh, fresh};
pub use server::{Durability, Network, Server};

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file of its own.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MariaDB, by MySQL's protocol.
    Mysql,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Mysql];

    /// The environment variable with the URL of a server that is there already; its user may create
    /// databases.
    #[must_use]
    pub const fn variable(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("HEARTH_TEST_POSTGRES"),
            Self::Mysql => Some("HEARTH_TEST_MYSQL"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MariaDB",
        })
    }
}
