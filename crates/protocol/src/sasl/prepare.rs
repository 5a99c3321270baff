//! SASLprep (RFC 4013) for passwords.

use std::borrow::Cow;

use crate::jid::stringprep::{Profile, prepare};

/// Longest password, in bytes. RFC 8265 §4.1 names no bound; hashing time and memory want one.
pub const PASSWORD_MAX_BYTES: usize = 1024;

/// Why a text cannot be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Nothing is left of it, or nothing was there.
    #[error("the password is empty")]
    Empty,
    /// Longer than [`PASSWORD_MAX_BYTES`].
    #[error("the password is longer than {PASSWORD_MAX_BYTES} bytes")]
    TooLong,
    /// A control character or another one that RFC 4013 forbids.
    #[error("the password has a character that is not allowed, such as a control character")]
    Character,
}

/// The password as all of us hash it, whatever keyboard it was typed on.
///
/// # Errors
/// Where it is empty, too long or has characters that are not allowed.
pub fn saslprep(password: &str) -> Result<Cow<'_, str>, BadPassword> {
    if password.len() > PASSWORD_MAX_BYTES {
        return Err(BadPassword::TooLong);
    }
    let prepared = if password.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        Cow::Borrowed(password)
    } else {
        Cow::Owned(prepare(Profile::Saslprep, password).ok_or(BadPassword::Character)?)
    };
    match prepared.len() {
        0 => Err(BadPassword::Empty),
        1..=PASSWORD_MAX_BYTES => Ok(prepared),
        _ => Err(BadPassword::TooLong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str, expected: Result<&str, BadPassword>) {
        assert_eq!(
            saslprep(password).as_deref(),
            expected.as_ref().map(|text| *text),
            "{password:?}"
        );
    }

    #[test]
    fn passwords_are_prepared_and_bounded() {
        check("r0m30 myr0m30", Ok("r0m30 myr0m30"));
        check("I\u{ad}X", Ok("IX"));
        check("\u{1f511}", Ok("\u{1f511}"));
        check("", Err(BadPassword::Empty));
        check("\u{ad}", Err(BadPassword::Empty));
        check("a\nb", Err(BadPassword::Character));
        check(&"x".repeat(1025), Err(BadPassword::TooLong));
        // One character of three bytes that becomes eighteen characters.
        check(&"\u{fdfa}".repeat(300), Err(BadPassword::TooLong));
    }
}
