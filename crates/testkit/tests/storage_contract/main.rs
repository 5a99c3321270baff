//! What every part of the house may rely on when it stores something, on SQLite, PostgreSQL and
//! MariaDB alike: the same stories on all three.
#![allow(clippy::unwrap_used, missing_docs)]

/// Makes a test of each story for each database.
macro_rules! on_every_database {
    ($($story:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $story() { super::$story(crate::Ground::new(testkit::databases::Kind::Sqlite).await).await })*
        }
        mod postgres {
            $(#[tokio::test] async fn $story() { super::$story(crate::Ground::new(testkit::databases::Kind::Postgres).await).await })*
        }
        mod mysql {
            $(#[tokio::test] async fn $story() { super::$story(crate::Ground::new(testkit::databases::Kind::Mysql).await).await })*
        }
    };
}

mod accounts;
mod acme;
mod administrators;
mod api_tokens;
mod audit;
mod cluster;
mod failures;
mod ground;
mod groups;
mod health;
mod host_ends;
mod log;
mod logins;
mod lookalikes;
mod node_history;
mod processes;
mod properties;
mod roster;
mod second_factors;
mod tokens;
mod xml;

use ground::Ground;
