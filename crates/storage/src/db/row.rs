//! A row of any of the three, read by position.

use sqlx::mysql::MySqlRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{MySql, Postgres, Row as _, Sqlite};

use crate::{AccountId, LogId, StorageError};

/// What a `SELECT` returned. Columns are `bigint`, text or bytes; MySQL keeps text as bytes (its
/// text collations ignore trailing spaces or case), which is why types are not checked by name here.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
    Mysql(MySqlRow),
}

impl Row {
    fn get<'r, T>(&'r self, column: usize) -> Result<T, StorageError>
    where
        T: sqlx::Decode<'r, Sqlite> + sqlx::Decode<'r, Postgres> + sqlx::Decode<'r, MySql>,
    {
        Ok(match self {
            Self::Sqlite(row) => row.try_get_unchecked(column),
            Self::Postgres(row) => row.try_get_unchecked(column),
            Self::Mysql(row) => row.try_get_unchecked(column),
        }?)
    }

    pub(crate) fn int(&self, column: usize) -> Result<i64, StorageError> {
        self.get(column)
    }

    pub(crate) fn maybe_int(&self, column: usize) -> Result<Option<i64>, StorageError> {
        self.get(column)
    }

    pub(crate) fn flag(&self, column: usize) -> Result<bool, StorageError> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, StorageError> {
        self.get(column)
    }

    pub(crate) fn maybe_text(&self, column: usize) -> Result<Option<String>, StorageError> {
        self.get(column)
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<Vec<u8>, StorageError> {
        self.get(column)
    }

    pub(crate) fn maybe_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StorageError> {
        self.get(column)
    }

    pub(crate) fn account(&self, column: usize) -> Result<AccountId, StorageError> {
        Ok(AccountId::new(self.int(column)?))
    }

    pub(crate) fn log_id(&self, column: usize) -> Result<LogId, StorageError> {
        Ok(LogId::from_raw(self.int(column)?))
    }
}
