//! Why a login failed (RFC 6120 §6.5).

use std::borrow::Cow;
use std::fmt;

use crate::{Element, ns};

macro_rules! conditions {
    ($($variant:ident $text:literal,)+) => {
        /// Defined conditions of SASL failures (RFC 6120 §6.5).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the RFC's words, explained there")]
        pub enum FailureCondition { $($variant,)+ }

        impl FailureCondition {
            /// Every condition, in the order of the RFC.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The element's name.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

conditions! {
    Aborted "aborted",
    AccountDisabled "account-disabled",
    CredentialsExpired "credentials-expired",
    EncryptionRequired "encryption-required",
    IncorrectEncoding "incorrect-encoding",
    InvalidAuthzid "invalid-authzid",
    InvalidMechanism "invalid-mechanism",
    MalformedRequest "malformed-request",
    MechanismTooWeak "mechanism-too-weak",
    NotAuthorized "not-authorized",
    TemporaryAuthFailure "temporary-auth-failure",
}

/// A failed login, as it is told to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The condition.
    pub condition: FailureCondition,
    /// What a human may want to know.
    pub text: Option<Cow<'static, str>>,
}

impl Failure {
    /// A failure that says more than its condition.
    pub fn new(condition: FailureCondition, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            condition,
            text: Some(text.into()),
        }
    }

    /// The client's message does not follow its mechanism's grammar.
    pub fn malformed(text: &'static str) -> Self {
        Self::new(FailureCondition::MalformedRequest, text)
    }

    /// Wrong name, wrong password, wrong proof: which of them is nobody's business, so this has no text.
    #[must_use]
    pub const fn not_authorized() -> Self {
        Self {
            condition: FailureCondition::NotAuthorized,
            text: None,
        }
    }

    /// `<failure/>` of RFC 6120 §6.5.
    #[must_use]
    pub fn to_sasl(&self) -> Element {
        self.element(ns::SASL)
    }

    /// `<failure/>` of XEP-0388 §2.6.2: the condition keeps its namespace.
    #[must_use]
    pub fn to_sasl2(&self) -> Element {
        self.element(ns::SASL2)
    }

    fn element(&self, namespace: &str) -> Element {
        let failure = Element::new("failure", namespace).child(Element::new(self.condition.as_str(), ns::SASL));
        match &self.text {
            Some(text) => failure.child(Element::new("text", namespace).text(text)),
            None => failure,
        }
    }
}

impl From<FailureCondition> for Failure {
    fn from(condition: FailureCondition) -> Self {
        Self { condition, text: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => write!(f, "{}: {text}", self.condition.as_str()),
            None => f.write_str(self.condition.as_str()),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_profiles_carry_the_condition_of_the_rfc_and_their_own_text() {
        let failure = Failure::new(FailureCondition::AccountDisabled, "ask the operator");
        for (element, namespace) in [(failure.to_sasl(), ns::SASL), (failure.to_sasl2(), ns::SASL2)] {
            let expected = Element::new("failure", namespace)
                .child(Element::new("account-disabled", ns::SASL))
                .child(Element::new("text", namespace).text("ask the operator"));
            assert_eq!(element, expected);
        }
        let silent = Failure::not_authorized().to_sasl();
        assert_eq!(
            silent,
            Element::new("failure", ns::SASL).child(Element::new("not-authorized", ns::SASL))
        );
    }

    #[test]
    fn every_condition_is_told_with_the_name_of_the_rfc() {
        let names: Vec<_> = FailureCondition::ALL
            .iter()
            .map(|condition| condition.as_str())
            .collect();
        assert_eq!(names.len(), 11);
        assert!(
            names.is_sorted(),
            "the RFC lists them in the order of the alphabet: {names:?}"
        );
    }
}
