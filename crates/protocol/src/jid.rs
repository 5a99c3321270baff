//! Addresses: `localpart@domainpart/resourcepart` (RFC 7622), prepared as clients and servers really do.

mod prepare;
pub(crate) mod stringprep;

use std::{
    borrow::{Borrow, Cow},
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
    sync::Arc,
};

/// Longest part of a JID, in bytes (RFC 7622 §3.1).
pub const PART_MAX_BYTES: usize = 1023;

/// A prepared JID. Cloning shares the text; two JIDs are equal where their prepared texts are.
#[derive(Clone)]
pub struct Jid {
    text: Arc<str>,
    /// Where the domain begins: 0, or one past the `@`.
    domain_start: u16,
    /// Where the domain ends: at the `/`, or the end of the text.
    domain_end: u16,
}

/// Why a text is not a JID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JidError {
    /// `@example.org`.
    #[error("the part before the @ is empty")]
    EmptyLocalpart,
    /// `juliet@`.
    #[error("the domain is empty")]
    EmptyDomain,
    /// `juliet@example.org/`.
    #[error("the resource after the / is empty")]
    EmptyResource,
    /// A part of more than 1,023 bytes.
    #[error("a part is longer than 1023 bytes")]
    TooLong,
    /// A character that RFC 7622 §3.3 forbids there.
    #[error("the part before the @ has a character that is not allowed")]
    Localpart,
    /// Not a host name that IDNA knows, nor an IP address.
    #[error("the domain is not a valid host name")]
    Domain,
    /// A character that RFC 7622 §3.4 forbids there.
    #[error("the resource has a character that is not allowed")]
    Resource,
}

impl Jid {
    /// From parts, each prepared.
    ///
    /// # Errors
    /// Where a part is empty, too long or has characters that are not allowed.
    pub fn from_parts(local: Option<&str>, domain: &str, resource: Option<&str>) -> Result<Self, JidError> {
        let parts = Parts::prepare(local, domain, resource)?;
        Ok(Self::assemble(
            parts.local.as_deref(),
            &parts.domain,
            parts.resource.as_deref(),
        ))
    }

    fn assemble(local: Option<&str>, domain: &str, resource: Option<&str>) -> Self {
        let local_len = local.map_or(0, |local| local.len() + 1);
        let mut text =
            String::with_capacity(local_len + domain.len() + resource.map_or(0, |resource| resource.len() + 1));
        if let Some(local) = local {
            text.push_str(local);
            text.push('@');
        }
        text.push_str(domain);
        if let Some(resource) = resource {
            text.push('/');
            text.push_str(resource);
        }
        Self {
            text: text.into(),
            domain_start: short(local_len),
            domain_end: short(local_len + domain.len()),
        }
    }

    /// The whole JID.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Localpart, prepared.
    #[must_use]
    pub fn local(&self) -> Option<&str> {
        (self.domain_start > 0).then(|| &self.text[..usize::from(self.domain_start) - 1])
    }

    /// Domainpart, prepared.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.text[usize::from(self.domain_start)..usize::from(self.domain_end)]
    }

    /// Resourcepart, prepared.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.text.get(usize::from(self.domain_end) + 1..)
    }

    /// The text without the resource.
    #[must_use]
    pub fn bare_str(&self) -> &str {
        &self.text[..usize::from(self.domain_end)]
    }

    /// Whether there is no resource.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        usize::from(self.domain_end) == self.text.len()
    }

    /// The JID without its resource.
    #[must_use]
    pub fn to_bare(&self) -> Self {
        if self.is_bare() {
            return self.clone();
        }
        Self {
            text: self.bare_str().into(),
            ..*self
        }
    }

    /// The JID with this resource instead of its own.
    ///
    /// # Errors
    /// Where the resource is empty, too long or has characters that are not allowed.
    pub fn with_resource(&self, resource: &str) -> Result<Self, JidError> {
        let resource = prepare::resource(resource)?;
        Ok(Self::assemble(self.local(), self.domain(), Some(&resource)))
    }

    /// The JID of the domain alone.
    #[must_use]
    pub fn to_domain(&self) -> Self {
        Self::assemble(None, self.domain(), None)
    }
}

fn short(len: usize) -> u16 {
    u16::try_from(len).expect("three parts of 1023 bytes fit")
}

impl FromStr for Jid {
    type Err = JidError;

    /// RFC 7622 §3.2: the resource begins after the first `/`; what stands before it splits at the first `@`.
    fn from_str(text: &str) -> Result<Self, JidError> {
        let (bare, resource) = match text.split_once('/') {
            Some((bare, resource)) => (bare, Some(resource)),
            None => (text, None),
        };
        let (local, domain) = match bare.split_once('@') {
            Some((local, domain)) => (Some(local), domain),
            None => (None, bare),
        };
        let parts = Parts::prepare(local, domain, resource)?;
        if parts.are_as_in(text) {
            let domain_start = local.map_or(0, |local| local.len() + 1);
            return Ok(Self {
                text: text.into(),
                domain_start: short(domain_start),
                domain_end: short(bare.len()),
            });
        }
        Ok(Self::assemble(
            parts.local.as_deref(),
            &parts.domain,
            parts.resource.as_deref(),
        ))
    }
}

/// The three parts, prepared.
struct Parts<'a> {
    local: Option<Cow<'a, str>>,
    domain: Cow<'a, str>,
    resource: Option<Cow<'a, str>>,
}

impl<'a> Parts<'a> {
    fn prepare(local: Option<&'a str>, domain: &'a str, resource: Option<&'a str>) -> Result<Self, JidError> {
        Ok(Self {
            local: local.map(prepare::localpart).transpose()?,
            domain: prepare::domain(domain)?,
            resource: resource.map(prepare::resource).transpose()?,
        })
    }

    /// Whether preparation has changed nothing: then the text can be taken as a whole.
    fn are_as_in(&self, text: &str) -> bool {
        let is_same = |part: &Option<Cow<'_, str>>| !matches!(part, Some(Cow::Owned(_)));
        is_same(&self.local)
            && matches!(self.domain, Cow::Borrowed(_))
            && is_same(&self.resource)
            && self.len() == text.len()
    }

    fn len(&self) -> usize {
        let length = |part: &Option<Cow<'_, str>>| part.as_ref().map_or(0, |part| part.len() + 1);
        length(&self.local) + self.domain.len() + length(&self.resource)
    }
}

impl PartialEq for Jid {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Jid {}

impl Hash for Jid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl PartialOrd for Jid {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Jid {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl Borrow<str> for Jid {
    fn borrow(&self) -> &str {
        &self.text
    }
}

impl AsRef<str> for Jid {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jid({})", self.text)
    }
}

#[cfg(test)]
mod tests;
