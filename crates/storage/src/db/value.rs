//! Parameters of statements: the three kinds of column there are, each of which may be null.

use crate::StorageError;

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Int(Option<i64>),
    Text(Option<&'a str>),
    Bytes(Option<&'a [u8]>),
}

/// A part of a JID (RFC 7622), or any other name.
pub(crate) const MAX_PART_BYTES: usize = 1_023;
/// A whole JID: a little less than the RFC allows, and as much as PostgreSQL's indexes hold.
pub(crate) const MAX_JID_BYTES: usize = 2_600;

/// Checks a text that is part of a key: the databases' columns are as wide as the bounds above.
pub(crate) fn key<'a>(what: &'static str, text: &'a str, limit: usize) -> Result<&'a str, StorageError> {
    if text.len() > limit {
        Err(StorageError::TooLarge { what, limit })
    } else {
        Ok(text)
    }
}

/// PostgreSQL stores no U+0000; so that all databases agree, none gets to see one.
pub(crate) fn check_texts(args: &[Value<'_>]) -> Result<(), StorageError> {
    let has_nul = |value: &Value<'_>| matches!(value, Value::Text(Some(text)) if text.contains('\0'));
    if args.iter().any(has_nul) {
        Err(StorageError::Nul)
    } else {
        Ok(())
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Int(Some(value.into()))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(value: Option<&'a str>) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(Some(value))
    }
}

impl<'a> From<Option<&'a [u8]>> for Value<'a> {
    fn from(value: Option<&'a [u8]>) -> Self {
        Self::Bytes(value)
    }
}

impl From<crate::AccountId> for Value<'_> {
    fn from(account: crate::AccountId) -> Self {
        Self::Int(Some(account.get()))
    }
}

impl From<crate::LogId> for Value<'_> {
    fn from(id: crate::LogId) -> Self {
        Self::Int(Some(id.raw()))
    }
}

/// `args![account, jid]` → `&[Value; 2]`.
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::db::Value::from($value)),*] };
}

/// Binds every parameter to a query of whichever driver.
macro_rules! bind_all {
    ($query:expr, $args:expr) => {
        $args.iter().fold($query, |query, value| match *value {
            $crate::db::Value::Int(value) => query.bind(value),
            $crate::db::Value::Text(value) => query.bind(value),
            $crate::db::Value::Bytes(value) => query.bind(value),
        })
    };
}

pub(crate) use {args, bind_all};
