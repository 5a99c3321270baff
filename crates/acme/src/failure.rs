//! Why an authority did not do what it was asked for.

use std::time::Duration;

use instant_acme::{Error, Problem};

/// Why it failed, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind it is of.
    pub kind: Kind,
    /// Why, in a clause; the authority's own words where it said any.
    pub why: String,
    /// How long the authority wants to be left alone (`Retry-After`, RFC 8555 §6.6).
    pub retry_after: Option<Duration>,
}

/// What there is to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing special.
    Other,
    /// The account that was used is not known there any more.
    NoAccount,
}

/// What the types of problems begin with (RFC 8555 §6.7).
const TYPES: &str = "urn:ietf:params:acme:error:";
/// Characters of a reason at most: what an authority says is shown and kept.
const CHARS_MAX: usize = 800;

impl Failure {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self {
            kind: Kind::Other,
            why: bounded(&why.into()),
            retry_after: None,
        }
    }

    /// Nothing came back in time.
    #[must_use]
    pub fn too_late() -> Self {
        Self::new("the authority did not come to an end in time")
    }

    pub(crate) fn of_problem(problem: &Problem) -> Self {
        let kind = match problem.r#type.as_deref().and_then(|kind| kind.strip_prefix(TYPES)) {
            Some("accountDoesNotExist") => Kind::NoAccount,
            _ => Kind::Other,
        };
        Self {
            kind,
            ..Self::new(said(problem))
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match &error {
            Error::Api(problem) => Self::of_problem(problem),
            Error::Timeout(_) => Self::too_late(),
            Error::Json(error) => Self::new(format!("what came back is not of RFC 8555: {error}")),
            Error::Other(other) => {
                let mut why = other.to_string();
                let mut cause = other.source();
                while let Some(error) = cause {
                    why += &format!(": {error}");
                    cause = error.source();
                }
                Self::new(why)
            }
            other => Self::new(other.to_string()),
        }
    }
}

/// `rateLimited: too many certificates already issued (example.org: …)`
fn said(problem: &Problem) -> String {
    let kind = problem.r#type.as_deref().unwrap_or_default();
    let kind = kind.strip_prefix(TYPES).unwrap_or(kind);
    let detail = problem.detail.as_deref().unwrap_or_default().trim_end_matches('.');
    let mut text = match (kind, detail) {
        ("", "") => "the authority did not say why".to_owned(),
        (kind, "") => kind.to_owned(),
        ("", detail) => detail.to_owned(),
        (kind, detail) => format!("{kind}: {detail}"),
    };
    let parts: Vec<&str> = problem
        .subproblems
        .iter()
        .filter_map(|sub| sub.detail.as_deref())
        .collect();
    if !parts.is_empty() {
        text += &format!(" ({})", parts.join("; "));
    }
    text
}

/// On one line, and not endless.
fn bounded(why: &str) -> String {
    let mut text: String = why
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(CHARS_MAX)
        .collect();
    if text.len() < why.len() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(problem: &str, kind: Kind, why: &str) {
        let problem: Problem = serde_json::from_str(problem).expect("a problem document");
        let failure = Failure::of_problem(&problem);
        assert_eq!((failure.kind, failure.why.as_str()), (kind, why));
    }

    #[test]
    fn the_authoritys_own_words_are_told() {
        check(
            r#"{"type":"urn:ietf:params:acme:error:dns","detail":"no A record for x.test."}"#,
            Kind::Other,
            "dns: no A record for x.test",
        );
        check(
            r#"{"type":"urn:ietf:params:acme:error:accountDoesNotExist"}"#,
            Kind::NoAccount,
            "accountDoesNotExist",
        );
        check(
            r#"{"detail":"bad","subproblems":[{"detail":"one"},{"detail":"two"}]}"#,
            Kind::Other,
            "bad (one; two)",
        );
        check("{}", Kind::Other, "the authority did not say why");
        let long = Failure::new("ä\n".repeat(1000));
        assert!(long.why.chars().count() == CHARS_MAX + 1 && !long.why.contains('\n'));
    }
}
