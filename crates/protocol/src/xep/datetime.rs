//! XEP-0082: XMPP Date and Time Profiles. Points in time as text.

use jiff::Timestamp;

/// The time in UTC, with as many decimals as it has, up to microseconds: `2002-09-10T23:08:25Z`.
#[must_use]
pub fn format(time: Timestamp) -> String {
    match time.subsec_microsecond() {
        0 => format!("{time:.0}"),
        micros if micros % 1000 == 0 => format!("{time:.3}"),
        _ => format!("{time:.6}"),
    }
}

/// A time in microseconds since 1970 as XMPP writes it; one beyond the calendar becomes its nearest end.
#[must_use]
pub fn format_micros(micros: i64) -> String {
    let end = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
    format(Timestamp::from_microsecond(micros).unwrap_or(end))
}

/// The point in time that a text of XEP-0082 §3.2 names: `CCYY-MM-DDThh:mm:ss[.sss]TZD`.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    // The library knows many more forms than the XEP.
    is_shaped(text.as_bytes()).then(|| text.parse().ok()).flatten()
}

fn is_shaped(text: &[u8]) -> bool {
    const DATE_TIME: &[u8] = b"0000-00-00T00:00:00";
    let Some((date_time, rest)) = text.split_at_checked(DATE_TIME.len()) else {
        return false;
    };
    let (decimals, zone) = match rest.strip_prefix(b".") {
        Some(rest) => rest.split_at(rest.iter().take_while(|byte| byte.is_ascii_digit()).count()),
        None => (&b"0"[..], rest),
    };
    has_pattern(date_time, DATE_TIME)
        && !decimals.is_empty()
        && (zone == b"Z" || has_pattern(zone, b"+00:00") || has_pattern(zone, b"-00:00"))
}

/// Whether the text is the pattern with any digits for its zeros.
fn has_pattern(text: &[u8], pattern: &[u8]) -> bool {
    text.len() == pattern.len()
        && text.iter().zip(pattern).all(|(byte, expected)| match expected {
            b'0' => byte.is_ascii_digit(),
            _ => byte == expected,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_name_points_in_time() {
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1969-07-21T02:56:15Z", Some(-14_159_025_000_000)),
            ("1969-07-20T21:56:15-05:00", Some(-14_159_025_000_000)),
            ("2002-09-10T23:08:25.5Z", Some(1_031_699_305_500_000)),
            ("2002-09-10T23:08:25.000001+00:00", Some(1_031_699_305_000_001)),
            ("2002-09-10T23:08:25", None),
            ("2002-09-10 23:08:25Z", None),
            ("2002-09-10t23:08:25z", None),
            ("20020910T23:08:25", None),
            ("2002-09-10T23:08Z", None),
            ("2002-09-10T23:08:25.Z", None),
            ("2002-09-10T23:08:25Z[UTC]", None),
            ("2002-13-10T23:08:25Z", None),
            ("2002-09-10T25:08:25Z", None),
            ("2002-09-10T23:08:25+99:00", None),
            ("", None),
            ("\u{663}002-09-10T23:08:25Z", None),
        ] {
            assert_eq!(parse(text).map(Timestamp::as_microsecond), micros, "{text}");
        }
    }

    #[test]
    fn points_in_time_are_written_with_the_decimals_they_have() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_031_699_305_500_000, "2002-09-10T23:08:25.500Z"),
            (1_031_699_305_000_001, "2002-09-10T23:08:25.000001Z"),
            (-14_159_025_000_000, "1969-07-21T02:56:15Z"),
        ] {
            let time = Timestamp::from_microsecond(micros).expect("the table has times of our age");
            assert_eq!(format(time), text);
            assert_eq!(parse(text), Some(time));
        }
    }
}
