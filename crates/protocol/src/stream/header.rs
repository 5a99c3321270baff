//! The opening tag of a stream (RFC 6120 §4.7).

/// Attributes of a received `<stream:stream>`; namespaces were checked by the tokenizer, values were not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamHeader {
    /// The domain that is asked for.
    pub to: Option<String>,
    /// Who says to be asking.
    pub from: Option<String>,
    /// Stream id, set by the side that answers.
    pub id: Option<String>,
    /// `version`, as written.
    pub version: Option<String>,
    /// `xml:lang`; left out where it is no language tag.
    pub lang: Option<String>,
}
