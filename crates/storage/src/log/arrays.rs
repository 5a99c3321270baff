//! Any number of rows in one statement, by arrays: PostgreSQL. One round trip for a whole batch.

use sqlx::{Executor, PgConnection, Postgres};

use super::LogRow;
use crate::db::within;
use crate::{AccountId, LogId, StorageError};

const INSERT: &str = "INSERT INTO message_log (account_id, id, peer, stanza, expires_at) \
                      SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::text[], $4::bytea[], $5::bigint[])";
const DELETE: &str = "DELETE FROM message_log m USING UNNEST($1::bigint[], $2::bigint[]) AS gone (account_id, id) \
                      WHERE m.account_id = gone.account_id AND m.id = gone.id";
/// No row is in both: what was acknowledged before it was written is not written.
const BOTH: &str = "WITH deleted AS (DELETE FROM message_log m USING UNNEST($6::bigint[], $7::bigint[]) \
                    AS gone (account_id, id) WHERE m.account_id = gone.account_id AND m.id = gone.id) \
                    INSERT INTO message_log (account_id, id, peer, stanza, expires_at) \
                    SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::text[], $4::bytea[], $5::bigint[])";

type Query = sqlx::query::Query<'static, Postgres, sqlx::postgres::PgArguments>;

/// Readies a connection for this and nothing else. Statements are planned once, maybe while the table
/// is small enough to be read as a whole; it does not stay so.
pub(super) async fn prepare(connection: &mut PgConnection) -> Result<(), StorageError> {
    within(connection.execute("SET enable_seqscan = off")).await.map(|_| ())
}

/// Adds and removes rows, all of it or nothing.
pub(super) async fn write(
    connection: &mut PgConnection,
    rows: &[LogRow],
    acknowledged: &[(AccountId, LogId)],
) -> Result<(), StorageError> {
    let query = match (rows, acknowledged) {
        ([], []) => return Ok(()),
        (rows, []) => bind_rows(sqlx::query(INSERT), rows),
        ([], keys) => bind_keys(sqlx::query(DELETE), keys),
        (rows, keys) => bind_keys(bind_rows(sqlx::query(BOTH), rows), keys),
    };
    within(query.execute(connection)).await.map(|_| ())
}

fn bind_rows(query: Query, rows: &[LogRow]) -> Query {
    query
        .bind(rows.iter().map(|row| row.account.get()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.id.raw()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.peer.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.stanza.as_ref()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.expires_at).collect::<Vec<_>>())
}

fn bind_keys(query: Query, keys: &[(AccountId, LogId)]) -> Query {
    query
        .bind(keys.iter().map(|(account, _)| account.get()).collect::<Vec<_>>())
        .bind(keys.iter().map(|(_, id)| id.raw()).collect::<Vec<_>>())
}
