//! Codes that follow the clock: RFC 6238 over the HMAC that SCRAM has, with what every app for it can do: SHA-1, six
//! digits, thirty seconds.

use data_encoding::BASE32_NOPAD;
use protocol::sasl::scram::Hash;
use subtle::ConstantTimeEq;

/// RFC 4226 §4 recommends 160 bits.
pub(super) const SECRET_BYTES: usize = 20;
/// RFC 6238 §4.1: how long a code is shown.
const STEP_MICROS: i64 = 30_000_000;
const DIGITS: usize = 6;
/// RFC 6238 §5.2: clocks differ, and typing takes time; one step to either side.
const STEPS_ASIDE: i64 = 1;

/// A new secret.
pub(super) fn secret() -> Vec<u8> {
    let mut secret = vec![0; SECRET_BYTES];
    getrandom::fill(&mut secret).expect("the system's random source works");
    secret
}

/// As people type it into an app, in groups.
pub(super) fn written(secret: &[u8]) -> String {
    let text = BASE32_NOPAD.encode(secret);
    let groups = text.as_bytes().chunks(4).map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(" ")
}

/// As apps read it from a picture.
pub(super) fn uri(secret: &[u8], account: &str) -> String {
    let account: String = account.bytes().map(percent).collect();
    let secret = BASE32_NOPAD.encode(secret);
    format!("otpauth://totp/Hearth:{account}?secret={secret}&issuer=Hearth&algorithm=SHA1&digits=6&period=30")
}

/// The step near this time whose code this is. In a time that tells nothing of how much of it is right.
pub(super) fn step_of(secret: &[u8], code: &str, now_micros: i64) -> Option<i64> {
    let now = now_micros.div_euclid(STEP_MICROS);
    let is_it = |step: &i64| bool::from(code_of(secret, *step).as_bytes().ct_eq(code.as_bytes()));
    (now - STEPS_ASIDE..=now + STEPS_ASIDE).filter(is_it).max()
}

/// RFC 4226 §5.3: a number of six digits out of the hash of the step.
fn code_of(secret: &[u8], step: i64) -> String {
    let hash = Hash::Sha1.hmac(secret, &[&step.to_be_bytes()]);
    let at = usize::from(hash[hash.len() - 1] & 0xf);
    let word = [hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]];
    format!("{:0DIGITS$}", u32::from_be_bytes(word) % 1_000_000)
}

fn percent(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B; its codes have eight digits, of which these are the last six.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = b"12345678901234567890";
        for (secs, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_of(secret, secs / 30), code, "{secs}");
            assert_eq!(step_of(secret, code, secs * 1_000_000), Some(secs / 30));
        }
    }

    #[test]
    fn a_code_is_right_one_step_early_or_late_and_no_more() {
        let (secret, step) = (secret(), 1_000);
        let code = code_of(&secret, step);
        for (now, expected) in [(997, false), (999, true), (1_000, true), (1_001, true), (1_003, false)] {
            let found = step_of(&secret, &code, now * STEP_MICROS);
            assert_eq!(found == Some(step), expected, "{now}");
        }
        for text in ["", "1", "12345", "1234567", "12345a"] {
            assert_eq!(step_of(&secret, text, step * STEP_MICROS), None, "{text}");
        }
    }

    #[test]
    fn a_secret_is_written_for_people_and_for_apps() {
        let secret = b"12345678901234567890";
        assert_eq!(written(secret), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(
            uri(secret, "a&b@one.example"),
            "otpauth://totp/Hearth:a%26b%40one.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Hearth\
             &algorithm=SHA1&digits=6&period=30"
        );
    }
}
