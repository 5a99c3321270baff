//! SASL messages as character data (RFC 6120 §6.4): base64, with `=` for an initial response of no bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Failure, FailureCondition};

/// The message in `<auth/>`, `<response/>` or `<initial-response/>`; `None` where there is none at all.
///
/// # Errors
/// `incorrect-encoding` for anything but strict base64: no white space, no missing padding (RFC 6120 §13.9.1).
pub fn decode(text: &str) -> Result<Option<Vec<u8>>, Failure> {
    match text {
        "" => Ok(None),
        "=" => Ok(Some(Vec::new())),
        _ => STANDARD
            .decode(text)
            .map(Some)
            .map_err(|_| Failure::new(FailureCondition::IncorrectEncoding, "this is not base64")),
    }
}

/// The character data of a challenge or a response: nothing for a message of no bytes.
#[must_use]
pub fn encode(message: &[u8]) -> String {
    STANDARD.encode(message)
}

/// The character data of an initial response, where nothing at all would mean that there is none.
#[must_use]
pub fn encode_initial(message: &[u8]) -> String {
    if message.is_empty() {
        "=".to_owned()
    } else {
        encode(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<Option<&[u8]>, FailureCondition>) {
        let found = decode(text);
        assert_eq!(
            found
                .as_ref()
                .map(Option::as_deref)
                .map_err(|failure| failure.condition),
            expected,
            "{text:?}"
        );
    }

    #[test]
    fn base64_is_strict_and_an_equals_sign_is_a_message_of_no_bytes() {
        const BAD: Result<Option<&[u8]>, FailureCondition> = Err(FailureCondition::IncorrectEncoding);
        check("", Ok(None));
        check("=", Ok(Some(b"")));
        check("AGp1bGlldABwZW5jaWw=", Ok(Some(b"\0juliet\0pencil")));
        for text in [
            "==",
            "A",
            "AG",
            "AGp=1",
            "AGp1 bGll",
            " AGp1",
            "AGp1\n",
            "AGp1=",
            "A-_=",
            "QR==",
            "ü",
        ] {
            check(text, BAD);
        }
    }

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        for message in [&b""[..], b"\0", b"\0\0", b"\xff\xfe\xfd"] {
            check(&encode_initial(message), Ok(Some(message)));
        }
    }
}
