//! SCRAM messages as text (RFC 5802 §5.1 and §7).

use std::borrow::Cow;

use crate::sasl::Failure;

/// Longest nonce taken from a client. The RFC names no bound; clients send 16 to 50 characters.
pub const GS2_NONCE_MAX_BYTES: usize = 256;

/// The channel-binding flag that a client-first-message begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gs2Flag<'a> {
    /// `n`: the client does not support channel binding.
    Unsupported,
    /// `y`: the client does, but thinks that the server does not.
    NotOffered,
    /// `p=…`: bound by this type.
    Bound(&'a str),
}

/// `gs2-header` and `client-first-message-bare`, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct First<'a> {
    pub(super) flag: Gs2Flag<'a>,
    pub(super) authzid: Option<Cow<'a, str>>,
    pub(super) username: Cow<'a, str>,
    pub(super) nonce: &'a str,
    /// Where the header ends and the bare message begins.
    pub(super) header_bytes: usize,
}

impl<'a> First<'a> {
    pub(super) fn parse(message: &'a str) -> Result<Self, Failure> {
        let mut fields = message.splitn(3, ',');
        let (Some(flag), Some(authzid), Some(bare)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(Failure::malformed("the message has no GS2 header"));
        };
        let header_bytes = flag.len() + authzid.len() + 2;
        let mut attributes = bare.split(',');
        let username = attribute(attributes.next(), "n=")?;
        let nonce = attribute(attributes.next(), "r=")?;
        extensions(attributes)?;
        Ok(Self {
            flag: flag_of(flag)?,
            authzid: authzid_of(authzid)?,
            username: name(username)?,
            nonce: checked_nonce(nonce)?,
            header_bytes,
        })
    }
}

fn flag_of(text: &str) -> Result<Gs2Flag<'_>, Failure> {
    match text {
        "n" => Ok(Gs2Flag::Unsupported),
        "y" => Ok(Gs2Flag::NotOffered),
        _ => match text.strip_prefix("p=") {
            Some(binding) if !binding.is_empty() => Ok(Gs2Flag::Bound(binding)),
            _ => Err(Failure::malformed("the channel-binding flag is none of n, y and p=")),
        },
    }
}

fn authzid_of(text: &str) -> Result<Option<Cow<'_, str>>, Failure> {
    match text.strip_prefix("a=") {
        Some(authzid) => name(authzid).map(Some),
        None if text.is_empty() => Ok(None),
        None => Err(Failure::malformed("the authorization identity does not begin with a=")),
    }
}

/// A `client-final-message`, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Final<'a> {
    pub(super) binding: &'a str,
    pub(super) nonce: &'a str,
    pub(super) proof: &'a str,
    pub(super) without_proof: &'a str,
}

impl<'a> Final<'a> {
    pub(super) fn parse(message: &'a str) -> Result<Self, Failure> {
        let (without_proof, proof) = message
            .rsplit_once(",p=")
            .ok_or_else(|| Failure::malformed("the message has no proof"))?;
        if proof.contains(',') {
            return Err(Failure::malformed("the proof is not the last attribute"));
        }
        let mut attributes = without_proof.split(',');
        let binding = attribute(attributes.next(), "c=")?;
        let nonce = attribute(attributes.next(), "r=")?;
        extensions(attributes)?;
        Ok(Self {
            binding,
            nonce,
            proof,
            without_proof,
        })
    }
}

/// `server-first-message`, as a client reads it: nonce, salt in base64, iteration count.
pub(super) fn server_first(message: &str) -> Result<(&str, &str, &str), Failure> {
    let mut attributes = message.split(',');
    let nonce = attribute(attributes.next(), "r=")?;
    let salt = attribute(attributes.next(), "s=")?;
    let iterations = attribute(attributes.next(), "i=")?;
    extensions(attributes)?;
    Ok((nonce, salt, iterations))
}

fn attribute<'a>(field: Option<&'a str>, name: &str) -> Result<&'a str, Failure> {
    let field = field.ok_or_else(|| Failure::malformed("an attribute is missing"))?;
    match field.strip_prefix(name) {
        Some(value) => Ok(value),
        None if field.starts_with("m=") => Err(mandatory_extension()),
        None => Err(Failure::malformed("an attribute is missing or not in its place")),
    }
}

/// RFC 5802 §5.1: unknown extensions are ignored, unless they are mandatory.
fn extensions<'a>(fields: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
    for field in fields {
        match field.as_bytes() {
            [b'm', b'=', ..] => return Err(mandatory_extension()),
            [letter, b'=', _, ..] if letter.is_ascii_alphabetic() => {}
            _ => return Err(Failure::malformed("an extension is not of the form x=value")),
        }
    }
    Ok(())
}

fn mandatory_extension() -> Failure {
    Failure::malformed("a mandatory extension is not supported")
}

fn checked_nonce(nonce: &str) -> Result<&str, Failure> {
    if nonce.is_empty() || nonce.len() > GS2_NONCE_MAX_BYTES {
        return Err(Failure::malformed("the nonce is empty or too long"));
    }
    if nonce.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(Failure::malformed("the nonce has a character that is not allowed"));
    }
    Ok(nonce)
}

/// `saslname`: `=2C` is a comma, `=3D` an equals sign, any other equals sign an error (RFC 5802 §5.1).
fn name(text: &str) -> Result<Cow<'_, str>, Failure> {
    const BAD: &str = "a name is empty, contains NUL, or an equals sign that is not =2C or =3D";
    if text.is_empty() || text.contains('\0') {
        return Err(Failure::malformed(BAD));
    }
    let mut pieces = text.split('=');
    let first = pieces.next().unwrap_or_default();
    if first.len() == text.len() {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = first.to_owned();
    for piece in pieces {
        let (character, rest) = match (piece.strip_prefix("2C"), piece.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            _ => return Err(Failure::malformed(BAD)),
        };
        decoded.push(character);
        decoded.push_str(rest);
    }
    Ok(Cow::Owned(decoded))
}

/// The inverse of [`name`].
pub(super) fn escaped(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_first(message: &str, expected: Option<(Gs2Flag<'_>, Option<&str>, &str, &str)>) {
        let found = First::parse(message);
        let found = found.as_ref().ok();
        let found = found.map(|first| (first.flag, first.authzid.as_deref(), &*first.username, first.nonce));
        assert_eq!(found, expected, "{message:?}");
    }

    #[test]
    fn a_first_message_has_a_header_a_name_and_a_nonce() {
        use Gs2Flag::{Bound, NotOffered, Unsupported};
        check_first("n,,n=user,r=abc", Some((Unsupported, None, "user", "abc")));
        check_first("y,,n=user,r=abc", Some((NotOffered, None, "user", "abc")));
        check_first(
            "p=tls-exporter,,n=user,r=abc",
            Some((Bound("tls-exporter"), None, "user", "abc")),
        );
        check_first(
            "n,a=romeo@x,n=user,r=a=b",
            Some((Unsupported, Some("romeo@x"), "user", "a=b")),
        );
        check_first("n,,n=a=2Cb=3Dc=3D2C,r=~", Some((Unsupported, None, "a,b=c=2C", "~")));
        check_first("n,,n=user,r=abc,x=1,Y=\u{fc}", Some((Unsupported, None, "user", "abc")));
        check_first(
            "n,,n=j\u{fc}rgen,r=abc",
            Some((Unsupported, None, "j\u{fc}rgen", "abc")),
        );
    }

    #[test]
    fn anything_else_is_malformed() {
        let long_nonce = format!("n,,n=user,r={}", "x".repeat(GS2_NONCE_MAX_BYTES + 1));
        for message in [
            "",
            "n",
            "n,",
            "n,,",
            ",,n=user,r=abc",
            "N,,n=user,r=abc",
            "p,,n=user,r=abc",
            "p=,,n=user,r=abc",
            "n,romeo,n=user,r=abc",
            "n,a=,n=user,r=abc",
            "n,,user,r=abc",
            "n,,n=,r=abc",
            "n,,r=abc,n=user",
            "n,,n=user",
            "n,,n=user,",
            "n,,n=user,r=",
            "n,,n=user,r=a b",
            "n,,n=user,r=\u{fc}",
            "n,,n=user,r=a,b",
            "n,,n=user,r=a,",
            "n,,n=user,r=a,x=",
            "n,,n=user,r=a,1=x",
            "n,,n=user,r=a,m=x",
            "n,,m=x,n=user,r=a",
            "n,,n=user,m=x,r=a",
            "n,,n=us=er,r=a",
            "n,,n=us=2cer,r=a",
            "n,,n=user=,r=a",
            "n,,n=us\0er,r=a",
            &long_nonce,
        ] {
            check_first(message, None);
        }
    }

    fn check_final(message: &str, expected: Option<(&str, &str, &str, &str)>) {
        let found = Final::parse(message).ok();
        let found = found.map(|last| (last.binding, last.nonce, last.proof, last.without_proof));
        assert_eq!(found, expected, "{message:?}");
    }

    #[test]
    fn a_final_message_has_a_binding_a_nonce_and_a_proof_at_its_end() {
        check_final("c=biws,r=abc,p=AA==", Some(("biws", "abc", "AA==", "c=biws,r=abc")));
        check_final("c=biws,r=abc,x=y,p=", Some(("biws", "abc", "", "c=biws,r=abc,x=y")));
        for message in [
            "",
            "c=biws,r=abc",
            "r=abc,c=biws,p=AA==",
            "c=biws,p=AA==",
            "c=biws,r=abc,p=AA==,x=y",
            "c=biws,r=abc,m=x,p=AA==",
            "c=biws,r=abc,,p=AA==",
            "p=AA==",
        ] {
            check_final(message, None);
        }
    }

    #[test]
    fn names_escape_and_come_back() {
        for text in ["user", "a,b", "a=b", "=2C", ",,=="] {
            assert_eq!(name(&escaped(text)).as_deref(), Ok(text));
        }
    }
}
