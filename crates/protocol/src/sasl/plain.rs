//! RFC 4616: PLAIN. The password itself, so only ever inside TLS.

use std::fmt;

use super::Failure;

/// `[authzid] NUL authcid NUL passwd`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Who the client wants to act as; empty when it does not say.
    pub authzid: &'a str,
    /// Who it is.
    pub authcid: &'a str,
    /// The password, as typed.
    pub password: &'a str,
}

impl<'a> Message<'a> {
    /// Reads the client's only message.
    ///
    /// # Errors
    /// `malformed-request` unless it is UTF-8 with exactly two NULs, a name and a password.
    pub fn parse(message: &'a [u8]) -> Result<Self, Failure> {
        let text = std::str::from_utf8(message).map_err(|_| Failure::malformed("the message is not UTF-8"))?;
        let mut parts = text.split('\0');
        let (Some(authzid), Some(authcid), Some(password), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Failure::malformed("PLAIN has exactly two NULs"));
        };
        if authcid.is_empty() || password.is_empty() {
            return Err(Failure::malformed("PLAIN needs a name and a password"));
        }
        Ok(Self {
            authzid,
            authcid,
            password,
        })
    }
}

impl fmt::Debug for Message<'_> {
    /// Passwords do not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("authzid", &self.authzid)
            .field("authcid", &self.authcid)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::FailureCondition;
    use super::*;

    fn check(message: &[u8], expected: Option<(&str, &str, &str)>) {
        let shown = String::from_utf8_lossy(message).into_owned();
        match (Message::parse(message), expected) {
            (Ok(found), Some(expected)) => assert_eq!((found.authzid, found.authcid, found.password), expected),
            (Err(failure), None) => assert_eq!(failure.condition, FailureCondition::MalformedRequest),
            (found, expected) => panic!("{shown:?}: {found:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn two_nuls_a_name_and_a_password_are_plain_and_nothing_else_is() {
        check(b"\0juliet\0r0m30", Some(("", "juliet", "r0m30")));
        check(
            b"juliet@example.org\0juliet\0r0m30",
            Some(("juliet@example.org", "juliet", "r0m30")),
        );
        check(
            "\0j\u{fc}rgen\0\u{1f511}".as_bytes(),
            Some(("", "j\u{fc}rgen", "\u{1f511}")),
        );
        for message in [
            &b""[..],
            b"\0",
            b"\0\0",
            b"juliet",
            b"juliet\0r0m30",
            b"\0\0r0m30",
            b"\0juliet\0",
            b"\0juliet\0r0m30\0",
            b"\0juliet\0r0\0m30",
            b"\0juliet\0\xff",
        ] {
            check(message, None);
        }
    }

    #[test]
    fn a_password_is_not_shown_even_when_debugging() {
        let message = Message::parse(b"\0juliet\0r0m30").expect("it is well-formed");
        assert!(!format!("{message:?}").contains("r0m30"));
    }
}
