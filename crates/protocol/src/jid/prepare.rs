//! Preparation of the three parts: an ASCII fast path, stringprep for the rest.

use std::borrow::Cow;

use super::{JidError, PART_MAX_BYTES};

/// Characters that a localpart may not have (RFC 7622 §3.3.1), beside space and controls.
const LOCALPART_FORBIDDEN: &[u8] = b"\"&'/:<>@";

pub(super) fn localpart(text: &str) -> Result<Cow<'_, str>, JidError> {
    if text.is_empty() {
        return Err(JidError::EmptyLocalpart);
    }
    bounded(text)?;
    if !text.is_ascii()
        || text
            .bytes()
            .any(|byte| byte <= b' ' || byte == 0x7f || LOCALPART_FORBIDDEN.contains(&byte))
    {
        return Err(JidError::Localpart);
    }
    Ok(lowercase(text))
}

pub(super) fn domain(text: &str) -> Result<Cow<'_, str>, JidError> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.is_empty() {
        return Err(JidError::EmptyDomain);
    }
    bounded(text)?;
    if !text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'[' | b']' | b':'))
    {
        return Err(JidError::Domain);
    }
    Ok(lowercase(text))
}

pub(super) fn resource(text: &str) -> Result<Cow<'_, str>, JidError> {
    if text.is_empty() {
        return Err(JidError::EmptyResource);
    }
    bounded(text)?;
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err(JidError::Resource);
    }
    Ok(Cow::Borrowed(text))
}

fn bounded(text: &str) -> Result<(), JidError> {
    if text.len() > PART_MAX_BYTES {
        Err(JidError::TooLong)
    } else {
        Ok(())
    }
}

fn lowercase(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}
