//! Errors as XMPP sends them: conditions of stanzas (RFC 6120 §8.3) and of streams (RFC 6120 §4.9).

use std::borrow::Cow;

use crate::{Element, ns};

/// What the sender of a stanza may do about its error (RFC 6120 §8.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorType {
    /// Retry after providing credentials.
    Auth,
    /// Do not retry: the error cannot be remedied.
    Cancel,
    /// Proceed: the condition was only a warning.
    Continue,
    /// Retry after changing the data sent.
    Modify,
    /// Retry after waiting: the error is temporary.
    Wait,
}

impl ErrorType {
    /// The value of the `type` attribute.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Cancel => "cancel",
            Self::Continue => "continue",
            Self::Modify => "modify",
            Self::Wait => "wait",
        }
    }
}

macro_rules! conditions {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $text:literal $(=> $default:ident)?,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the RFC's words, explained there")]
        pub enum $name { $($variant,)+ }

        impl $name {
            /// Every condition, in the order of the RFC.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The element's name.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
        conditions!(@default $name { $($variant $(=> $default)?,)+ });
    };
    (@default $name:ident { $($variant:ident => $default:ident,)+ }) => {
        impl $name {
            /// The error type that the RFC recommends for the condition.
            #[must_use]
            pub fn default_type(self) -> ErrorType {
                match self { $(Self::$variant => ErrorType::$default,)+ }
            }
        }
    };
    (@default $name:ident { $($variant:ident,)+ }) => {};
}

conditions! {
    /// Defined conditions of stanza errors (RFC 6120 §8.3.3).
    Condition {
        BadRequest "bad-request" => Modify,
        Conflict "conflict" => Cancel,
        FeatureNotImplemented "feature-not-implemented" => Cancel,
        Forbidden "forbidden" => Auth,
        Gone "gone" => Cancel,
        InternalServerError "internal-server-error" => Cancel,
        ItemNotFound "item-not-found" => Cancel,
        JidMalformed "jid-malformed" => Modify,
        NotAcceptable "not-acceptable" => Modify,
        NotAllowed "not-allowed" => Cancel,
        NotAuthorized "not-authorized" => Auth,
        PolicyViolation "policy-violation" => Modify,
        RecipientUnavailable "recipient-unavailable" => Wait,
        Redirect "redirect" => Modify,
        RegistrationRequired "registration-required" => Auth,
        RemoteServerNotFound "remote-server-not-found" => Cancel,
        RemoteServerTimeout "remote-server-timeout" => Wait,
        ResourceConstraint "resource-constraint" => Wait,
        ServiceUnavailable "service-unavailable" => Cancel,
        SubscriptionRequired "subscription-required" => Auth,
        UndefinedCondition "undefined-condition" => Cancel,
        UnexpectedRequest "unexpected-request" => Wait,
    }
}

conditions! {
    /// Defined conditions of stream errors (RFC 6120 §4.9.3).
    StreamCondition {
        BadFormat "bad-format",
        BadNamespacePrefix "bad-namespace-prefix",
        Conflict "conflict",
        ConnectionTimeout "connection-timeout",
        HostGone "host-gone",
        HostUnknown "host-unknown",
        ImproperAddressing "improper-addressing",
        InternalServerError "internal-server-error",
        InvalidFrom "invalid-from",
        InvalidNamespace "invalid-namespace",
        InvalidXml "invalid-xml",
        NotAuthorized "not-authorized",
        NotWellFormed "not-well-formed",
        PolicyViolation "policy-violation",
        RemoteConnectionFailed "remote-connection-failed",
        Reset "reset",
        ResourceConstraint "resource-constraint",
        RestrictedXml "restricted-xml",
        SeeOtherHost "see-other-host",
        SystemShutdown "system-shutdown",
        UndefinedCondition "undefined-condition",
        UnsupportedEncoding "unsupported-encoding",
        UnsupportedFeature "unsupported-feature",
        UnsupportedStanzaType "unsupported-stanza-type",
        UnsupportedVersion "unsupported-version",
    }
}

/// An error to answer one stanza with; the stream lives on (RFC 6120 §8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StanzaError {
    /// What the sender may do about it.
    pub kind: ErrorType,
    /// What went wrong.
    pub condition: Condition,
    /// A sentence for a person, in English.
    pub text: Option<Cow<'static, str>>,
    /// The application's own condition, such as XEP-0191's `<blocked/>`.
    pub application: Option<Box<Element>>,
}

impl StanzaError {
    /// The condition with its recommended type and no text.
    #[must_use]
    pub fn new(condition: Condition) -> Self {
        Self {
            kind: condition.default_type(),
            condition,
            text: None,
            application: None,
        }
    }

    /// The condition with a sentence for a person.
    #[must_use]
    pub fn with_text(condition: Condition, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::new(condition)
        }
    }

    /// The same error with another type.
    #[must_use]
    pub fn of_type(self, kind: ErrorType) -> Self {
        Self { kind, ..self }
    }

    /// The same error with an application-specific condition.
    #[must_use]
    pub fn with_application(self, application: Element) -> Self {
        Self {
            application: Some(Box::new(application)),
            ..self
        }
    }

    /// The `<error/>` child of a stanza in the content namespace.
    #[must_use]
    pub fn to_element(&self) -> Element {
        let mut error = Element::new("error", ns::CLIENT)
            .attr("type", self.kind.as_str())
            .child(Element::new(self.condition.as_str(), ns::STANZA_ERRORS));
        if let Some(text) = &self.text {
            error = error.child(
                Element::new("text", ns::STANZA_ERRORS)
                    .attr("xml:lang", "en")
                    .text(text),
            );
        }
        if let Some(application) = &self.application {
            error = error.child(application.as_ref().clone());
        }
        error
    }
}

impl From<Condition> for StanzaError {
    fn from(condition: Condition) -> Self {
        Self::new(condition)
    }
}

/// An error that ends the stream (RFC 6120 §4.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamError {
    /// What went wrong.
    pub condition: StreamCondition,
    /// A sentence for a person, in English.
    pub text: Option<Cow<'static, str>>,
    /// The application's own condition, such as XEP-0198's `<handled-count-too-high/>`.
    pub application: Option<Box<Element>>,
}

impl StreamError {
    /// The condition alone.
    #[must_use]
    pub fn new(condition: StreamCondition) -> Self {
        Self {
            condition,
            text: None,
            application: None,
        }
    }

    /// The condition with a sentence for a person.
    #[must_use]
    pub fn with_text(condition: StreamCondition, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::new(condition)
        }
    }

    /// The same error with an application-specific condition.
    #[must_use]
    pub fn with_application(self, application: Element) -> Self {
        Self {
            application: Some(Box::new(application)),
            ..self
        }
    }

    /// The `<stream:error/>` element.
    #[must_use]
    pub fn to_element(&self) -> Element {
        let mut error =
            Element::new("error", ns::STREAM).child(Element::new(self.condition.as_str(), ns::STREAM_ERRORS));
        if let Some(text) = &self.text {
            error = error.child(
                Element::new("text", ns::STREAM_ERRORS)
                    .attr("xml:lang", "en")
                    .text(text),
            );
        }
        if let Some(application) = &self.application {
            error = error.child(application.as_ref().clone());
        }
        error
    }
}

impl From<StreamCondition> for StreamError {
    fn from(condition: StreamCondition) -> Self {
        Self::new(condition)
    }
}
