//! RFC 4505: ANONYMOUS. The message is a trace that we neither need nor keep.

use super::Failure;

/// RFC 4505 §2: at most 255 characters of UTF-8.
const TRACE_MAX_CHARACTERS: usize = 255;

/// Checks the client's only message.
///
/// # Errors
/// `malformed-request` unless it is UTF-8 of at most 255 characters without NUL.
pub fn check(message: &[u8]) -> Result<(), Failure> {
    let trace = std::str::from_utf8(message).map_err(|_| Failure::malformed("the trace is not UTF-8"))?;
    if trace.contains('\0') || trace.chars().count() > TRACE_MAX_CHARACTERS {
        return Err(Failure::malformed("the trace is too long or contains NUL"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_short_text() {
        for good in ["", "sirhc", &"\u{fc}".repeat(255)] {
            assert_eq!(check(good.as_bytes()), Ok(()), "{good}");
        }
        for bad in [&b"\xff"[..], b"a\0b", "\u{fc}".repeat(256).as_bytes()] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
