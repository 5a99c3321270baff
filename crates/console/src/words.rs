//! Times, sizes and counts in words.

use crate::language::{t, t1, t2};

use jiff::{SignedDuration, Span, Timestamp, civil::Date, tz::TimeZone};

/// Microseconds since 1970 as a time in UTC.
pub(crate) fn time(micros: &i64) -> String {
    written(*micros, "%Y-%m-%d %H:%M:%S UTC")
}

/// The day alone.
pub(crate) fn day(micros: &i64) -> String {
    written(*micros, "%Y-%m-%d")
}

/// A text as a part of a path.
pub(crate) fn segment(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => encoded.push(char::from(byte)),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The time of day, to the millisecond.
pub(crate) fn clock(micros: &i64) -> String {
    written(*micros, "%H:%M:%S%.3f")
}

/// The beginning of a day, written as 2026-11-28, so many days later; in microseconds since 1970, in UTC.
pub(crate) fn day_start(text: &str, days_later: i64) -> Option<i64> {
    let day: Date = text.parse().ok()?;
    let day = day.checked_add(Span::new().days(days_later)).ok()?;
    let start = day.to_zoned(TimeZone::UTC).ok()?;
    Some(start.timestamp().as_microsecond())
}

/// Microseconds since 1970 as other programs read it, to the microsecond.
pub(crate) fn exact_time(micros: i64) -> String {
    written(micros, "%Y-%m-%dT%H:%M:%S.%6fZ")
}

/// Now, in microseconds since 1970.
pub(crate) fn now() -> i64 {
    Timestamp::now().as_microsecond()
}

/// What people call a database.
pub(crate) fn database(kind: &str) -> &'static str {
    match kind {
        "sqlite" => "SQLite",
        "postgres" => "PostgreSQL",
        "mysql" => t("MySQL or MariaDB"),
        _ => t("unknown"),
    }
}

/// A span of seconds, in its two largest units.
pub(crate) fn span(secs: u64) -> String {
    let (days, hours, minutes) = (secs / 86_400, secs / 3_600 % 24, secs / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => t1("{0} s", secs),
        (0, 0, minutes) => t2("{0} min {1} s", minutes, secs % 60),
        (0, hours, minutes) => t2("{0} h {1} min", hours, minutes),
        (days, hours, _) => t2("{0} d {1} h", days, hours),
    }
}

/// Seconds from one time to another, in microseconds both.
pub(crate) fn secs_between(from: i64, to: i64) -> u64 {
    u64::try_from(to.saturating_sub(from) / 1_000_000).unwrap_or(0)
}

/// A span of seconds, for the minute.
pub(crate) fn minutes(secs: u64) -> String {
    match secs / 60 {
        0 => t("less than a minute").to_owned(),
        minutes => span(minutes * 60),
    }
}

/// That somebody has been silent for so many seconds; `now` is in microseconds since 1970.
pub(crate) fn silence(secs: u64, now: i64) -> String {
    let micros = i64::try_from(secs).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    let since = written(now.saturating_sub(micros), "%Y-%m-%d %H:%M:%S UTC");
    t2("silent for {0}, since {1}", span(secs), since)
}

/// A short time in microseconds.
pub(crate) fn micros(micros: u64) -> String {
    match micros {
        0..100_000 => format!("{}.{} ms", micros / 1_000, micros / 100 % 10),
        _ => format!("{} ms", micros / 1_000),
    }
}

/// Thousandths in per cent.
pub(crate) fn cpu(permille: &u64) -> String {
    format!("{}.{} %", permille / 10, permille % 10)
}

/// Bytes, rounded.
pub(crate) fn bytes(count: &u64) -> String {
    const STEP: u64 = 1024;
    match *count {
        count @ 0..STEP => format!("{count} B"),
        count if count < STEP * STEP => tenths(count, STEP, "KiB"),
        count if count < STEP * STEP * STEP => tenths(count, STEP * STEP, "MiB"),
        count => tenths(count, STEP * STEP * STEP, "GiB"),
    }
}

fn tenths(count: u64, unit: u64, name: &str) -> String {
    let tenths = u128::from(count) * 10 / u128::from(unit);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

/// A part of a whole in per cent; none where the whole is nothing.
pub(crate) fn share(part: u64, whole: u64) -> Option<u64> {
    (whole > 0).then(|| u64::try_from(u128::from(part) * 100 / u128::from(whole)).unwrap_or(100))
}

fn written(micros: i64, form: &str) -> String {
    let time = Timestamp::from_microsecond(micros);
    time.map_or_else(
        |_| t1("{0} µs since 1970", micros),
        |time| time.strftime(form).to_string(),
    )
}

/// The time after so many hours from now, in microseconds since 1970.
pub(crate) fn in_hours(hours: i64) -> Option<i64> {
    let then = Timestamp::now().checked_add(SignedDuration::from_hours(hours));
    then.ok().map(Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_sizes_and_shares_read_well() {
        for (secs, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min 1 s"),
            (3_600, "1 h 0 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(span(secs), expected);
        }
        for (count, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.5 KiB"),
            (5 << 20, "5.0 MiB"),
            (3 << 30, "3.0 GiB"),
        ] {
            assert_eq!(bytes(&count), expected);
        }
        for (count, expected) in [(0, "0.0 ms"), (450, "0.4 ms"), (12_340, "12.3 ms"), (250_000, "250 ms")] {
            assert_eq!(micros(count), expected);
        }
        assert_eq!(
            (minutes(59), minutes(3_700)),
            ("less than a minute".to_owned(), "1 h 1 min".to_owned())
        );
        assert_eq!(
            silence(10, 20_000_000),
            "silent for 10 s, since 1970-01-01 00:00:10 UTC"
        );
        assert_eq!(segment("failed logins/../ü"), "failed%20logins%2F%2E%2E%2F%C3%BC");
        assert_eq!(cpu(&1_234), "123.4 %");
        assert_eq!((share(1, 3), share(0, 0), share(3, 3)), (Some(33), None, Some(100)));
        assert_eq!(time(&0), "1970-01-01 00:00:00 UTC");
        assert_eq!(exact_time(1_000_001), "1970-01-01T00:00:01.000001Z");
        assert_eq!(day_start("1970-01-02", 1), Some(2 * 86_400_000_000));
        assert_eq!((day_start("1970-02-30", 0), day_start("", 0)), (None, None));
        assert_eq!(day_start("9999-12-31", 1), None);
        assert_eq!(time(&i64::MAX), format!("{} µs since 1970", i64::MAX));
    }
}
