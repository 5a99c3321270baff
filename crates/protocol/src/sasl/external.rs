//! RFC 4422 appendix A: EXTERNAL. The message is who the client wants to act as, or nothing.

use super::Failure;

/// The authorization identity asked for; `None` when the certificate is to decide (XEP-0178 §2).
///
/// # Errors
/// `malformed-request` unless the message is UTF-8 without NUL.
pub fn parse(message: &[u8]) -> Result<Option<&str>, Failure> {
    let text = std::str::from_utf8(message).map_err(|_| Failure::malformed("the message is not UTF-8"))?;
    if text.contains('\0') {
        return Err(Failure::malformed("the message contains NUL"));
    }
    Ok((!text.is_empty()).then_some(text))
}

#[cfg(test)]
mod tests {
    use super::super::FailureCondition;
    use super::*;

    #[test]
    fn the_message_is_an_identity_or_nothing() {
        assert_eq!(parse(b""), Ok(None));
        assert_eq!(parse(b"juliet@example.org"), Ok(Some("juliet@example.org")));
        for message in [&b"\xff"[..], b"\0", b"juliet\0"] {
            let failure = parse(message).expect_err("it is not an identity");
            assert_eq!(failure.condition, FailureCondition::MalformedRequest);
        }
    }
}
