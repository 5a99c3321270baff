//! Values that several resources have in common, as programs see them.

use jiff::Timestamp;
use ops::Role;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

use crate::problem::Problem;
use axum::http::StatusCode;

/// A moment, in RFC 3339; in the house: microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) i64);

/// What an administrator or a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RoleName {
    /// Everything.
    Owner,
    /// Everything that concerns one host.
    Host,
    /// See everything, change nothing.
    ReadOnly,
}

/// What an act ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Closed {
    /// Sessions that end because of it, on all servers.
    closed_sessions: usize,
}

/// Where something is, of these parts.
pub(crate) fn path_of(parts: &[&str]) -> String {
    let escaped = parts.iter().map(|part| {
        let escaped: String = form_urlencoded::byte_serialize(part.as_bytes()).collect();
        // In a path a plus is a plus.
        escaped.replace('+', "%20")
    });
    format!("/api/v1/{}", escaped.collect::<Vec<_>>().join("/"))
}

impl Closed {
    pub(crate) fn of(count: usize) -> Self {
        Self { closed_sessions: count }
    }
}

impl RoleName {
    /// A role in two fields.
    pub(crate) fn of(role: &Role) -> (Self, Option<String>) {
        match role {
            Role::Owner => (Self::Owner, None),
            Role::Host(domain) => (Self::Host, Some(domain.clone())),
            // Of groups: no token has this role, and no list of administrators.
            Role::ReadOnly | Role::GroupAdmin => (Self::ReadOnly, None),
        }
    }

    /// And back.
    ///
    /// # Errors
    /// Where a host is missing, or too much.
    pub(crate) fn with(self, host: Option<String>) -> Result<Role, Problem> {
        match (self, host) {
            (Self::Owner, None) => Ok(Role::Owner),
            (Self::ReadOnly, None) => Ok(Role::ReadOnly),
            (Self::Host, Some(domain)) => Ok(Role::Host(domain)),
            _ => {
                let why = "A host goes with the role host, and only with it.";
                Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why).at("host"))
            }
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = Timestamp::from_microsecond(self.0).map_err(serde::ser::Error::custom)?;
        serializer.collect_str(&time)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time: Timestamp = text
            .parse()
            .map_err(|_| D::Error::custom(format!("{text:?} is no time: write 2027-01-31T12:00:00Z")))?;
        Ok(Self(time.as_microsecond()))
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl ToSchema for Time {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(text: &str, expected: Option<i64>) {
        let read: Result<Time, _> = serde_json::from_value(text.into());
        assert_eq!(read.ok().map(|time| time.0), expected, "{text}");
    }

    #[test]
    fn times_are_rfc_3339_with_a_zone() {
        check("1970-01-01T00:00:01Z", Some(1_000_000));
        check("1970-01-01T01:00:00.5+01:00", Some(500_000));
        check("1970-01-01T00:00:01", None);
        check("tomorrow", None);
        check("", None);
        assert_eq!(
            serde_json::to_value(Time(1_000_001)).unwrap(),
            "1970-01-01T00:00:01.000001Z"
        );
    }
}
