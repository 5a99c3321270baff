//! What went wrong, for programs and for people who read what programs print (RFC 9457).

use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use ops::OpsError;
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was not done. Nothing was changed, unless `detail` says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The kind of problem, for programs: it stays the same from version to version.
    #[schema(example = "urn:hearth:problem:no-account")]
    r#type: String,
    /// The kind of problem, for people.
    #[schema(example = "Not Found")]
    title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// What was wrong with this request, and what to do.
    #[schema(example = "there is no account alice@example.org")]
    detail: String,
    /// The field of the body, the address or the query that is wrong, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

/// The media type of problems (RFC 9457 §3).
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

impl Problem {
    /// One that has no kind of its own beside its status.
    pub(crate) fn new(status: StatusCode, detail: &str) -> Self {
        let title = status.canonical_reason().unwrap_or("Problem");
        Self::of(&title.to_ascii_lowercase().replace(' ', "-"), status, detail)
    }

    fn of(kind: &str, status: StatusCode, detail: &str) -> Self {
        Self {
            r#type: format!("urn:hearth:problem:{kind}"),
            title: status.canonical_reason().unwrap_or("Problem").to_owned(),
            status: status.as_u16(),
            detail: detail.to_owned(),
            field: None,
        }
    }

    /// The same, of this field.
    pub(crate) fn at(self, field: &str) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..self
        }
    }

    /// No route has this path.
    pub(crate) fn nowhere() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Nothing has this address. /api/v1/openapi.json says what there is.",
        )
    }

    /// The path has other methods.
    pub(crate) fn wrong_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "This address does not take this method. /api/v1/openapi.json says which it takes.",
        )
    }

    /// It is the server's fault.
    pub(crate) fn failed(status: StatusCode) -> Self {
        Self::new(status, "This failed, or took too long. The server's log says more.")
    }
}

impl From<OpsError> for Problem {
    fn from(error: OpsError) -> Self {
        if let OpsError::Certificate(refusal) = &error {
            let problem = Self::of("bad-certificate", StatusCode::UNPROCESSABLE_ENTITY, &refusal.why);
            return match refusal.field.as_str() {
                "" => problem,
                field => problem.at(field),
            };
        }
        let (kind, status, field) = of(&error);
        let problem = Self::of(kind, status, &error.to_string());
        match field {
            Some(field) => problem.at(field),
            None => problem,
        }
    }
}

/// The kind of an act's error, its status, and the field that it is about.
fn of(error: &OpsError) -> (&'static str, StatusCode, Option<&'static str>) {
    use StatusCode as Status;
    match error {
        OpsError::Denied { .. } => ("denied", Status::FORBIDDEN, None),
        OpsError::NoAccountAddress(_) => ("no-account-address", Status::UNPROCESSABLE_ENTITY, Some("jid")),
        OpsError::NoHost { .. } => ("no-host", Status::NOT_FOUND, None),
        OpsError::NoAccount(_) => ("no-account", Status::NOT_FOUND, Some("jid")),
        OpsError::NoAdministrator(_) => ("no-administrator", Status::NOT_FOUND, Some("jid")),
        OpsError::NoProperty { .. } => ("no-property", Status::NOT_FOUND, Some("name")),
        OpsError::NoNode(_) => ("no-node", Status::NOT_FOUND, Some("node")),
        OpsError::NoSession(_) => ("no-session", Status::NOT_FOUND, Some("jid")),
        OpsError::NoToken(_) => ("no-token", Status::NOT_FOUND, Some("name")),
        OpsError::NoGroup(_) => ("no-group", Status::NOT_FOUND, Some("group")),
        OpsError::NoMember(_) => ("no-member", Status::NOT_FOUND, Some("jid")),
        OpsError::NoMessage => ("no-message", Status::NOT_FOUND, Some("message")),
        OpsError::NoChange(_) => ("no-change", Status::NOT_FOUND, Some("change")),
        OpsError::NoCache(_) => ("no-cache", Status::NOT_FOUND, Some("cache")),
        OpsError::GroupExists(_) => ("group-exists", Status::CONFLICT, Some("name")),
        OpsError::HostExists(_) => ("host-exists", Status::CONFLICT, Some("domain")),
        OpsError::ChangedSince(_) => ("changed-since", Status::CONFLICT, Some("change")),
        OpsError::SecretChange(_) => ("secret-change", Status::CONFLICT, Some("change")),
        OpsError::NotCleared { .. } => ("not-cleared", Status::CONFLICT, Some("cache")),
        OpsError::StillLives { .. } => ("still-lives", Status::CONFLICT, Some("node")),
        OpsError::BadGroupName => ("bad-group-name", Status::UNPROCESSABLE_ENTITY, Some("name")),
        OpsError::NoDomain(_) => ("no-domain", Status::UNPROCESSABLE_ENTITY, Some("domain")),
        OpsError::TooManyLines { .. } => ("too-many-members", Status::UNPROCESSABLE_ENTITY, Some("members")),
        OpsError::Exists(_) => ("account-exists", Status::CONFLICT, Some("jid")),
        OpsError::LooksLike { .. } => ("account-looks-like-another", Status::CONFLICT, Some("jid")),
        OpsError::TokenExists(_) => ("token-exists", Status::CONFLICT, Some("name")),
        OpsError::LastOwner(_) | OpsError::LastOwnerHost(_) => ("last-owner", Status::CONFLICT, None),
        OpsError::LastHost(_) => ("last-host", Status::CONFLICT, None),
        OpsError::Pinned { .. } => ("pinned", Status::CONFLICT, Some("name")),
        OpsError::TooManyTokens(_) => ("too-many-tokens", Status::CONFLICT, None),
        OpsError::NotDrained { .. } => ("not-drained", Status::CONFLICT, Some("node")),
        OpsError::ManyNodes { .. } => ("many-nodes", Status::CONFLICT, Some("node")),
        OpsError::BadCursor => ("bad-cursor", Status::BAD_REQUEST, Some("after")),
        OpsError::Password(_) => ("bad-password", Status::UNPROCESSABLE_ENTITY, Some("password")),
        OpsError::BadValue { .. } | OpsError::Impossible(_) | OpsError::ShutOut(_) => {
            ("bad-value", Status::UNPROCESSABLE_ENTITY, Some("value"))
        }
        OpsError::Mask(_) => ("bad-value", Status::UNPROCESSABLE_ENTITY, Some("value")),
        OpsError::NothingToSeal(_) => ("not-set", Status::CONFLICT, Some("name")),
        OpsError::Sealed(_) => ("no-key", Status::CONFLICT, Some("name")),
        OpsError::Everywhere(_) => ("bad-scope", Status::UNPROCESSABLE_ENTITY, Some("scope")),
        OpsError::TokenName => ("bad-token-name", Status::UNPROCESSABLE_ENTITY, Some("name")),
        OpsError::TokenOutlives => ("token-outlives", Status::UNPROCESSABLE_ENTITY, Some("expires_at")),
        OpsError::NotYet { .. } | OpsError::NoAnswer { .. } => ("no-answer", Status::GATEWAY_TIMEOUT, None),
        error if error.is_unavailable() => ("unavailable", Status::SERVICE_UNAVAILABLE, None),
        OpsError::Storage(_) => ("not-storable", Status::BAD_REQUEST, None),
        _ => ("refused", Status::UNPROCESSABLE_ENTITY, None),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let json = serde_json::to_vec(&self).expect("texts and a number are always JSON");
        (status, [(CONTENT_TYPE, MEDIA_TYPE)], json).into_response()
    }
}
