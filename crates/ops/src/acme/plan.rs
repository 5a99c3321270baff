//! When a certificate is ordered. Times are microseconds since 1970.

use storage::AcmeOrder;

/// What there is already: from when until when it is valid, and when it was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Present {
    pub(super) from: i64,
    pub(super) until: i64,
    pub(super) stored_at: i64,
}

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// After a failure; twice as long after each that follows. With the pause below, no authority counts more than four in
/// an hour.
const FIRST_PAUSE: i64 = 10 * MINUTE;
const LONGEST_PAUSE: i64 = DAY;

/// When to order the next one: now, where that is past. An operator's wish waits for nothing but the authority's word.
pub(super) fn next(present: Option<Present>, order: Option<&AcmeOrder>) -> i64 {
    let held = order.map_or(0, |order| order.held_until);
    if order.is_some_and(|order| order.wished_at.is_some()) {
        return held;
    }
    let paused = order.map_or(0, |order| order.next_at);
    due(present).max(paused).max(held)
}

/// A third of its life before its end, and up to a thirtieth sooner, so that not all are due at once.
fn due(present: Option<Present>) -> i64 {
    let Some(Present { from, until, stored_at }) = present else {
        return 0;
    };
    let life = until.saturating_sub(from).max(0);
    let spread = (life / 30).min(DAY);
    let sooner = if spread > 0 { stored_at.rem_euclid(spread) } else { 0 };
    until - life / 3 - sooner
}

/// How long nothing is tried after so many failures, `chance` of 0 to 999 deciding over up to a tenth more.
pub(super) fn pause(failures: u32, chance: i64) -> i64 {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(20));
    let pause = doubled.min(LONGEST_PAUSE);
    pause + pause / 10 * chance.clamp(0, 999) / 1000
}

#[cfg(test)]
mod tests {
    use storage::HostId;

    use super::*;

    fn order(next_at: i64, held_until: i64, wished_at: Option<i64>) -> AcmeOrder {
        AcmeOrder {
            host: HostId::new(1),
            failures: 0,
            failed_at: None,
            why: None,
            next_at,
            held_until,
            wished_at,
            is_claimed: false,
        }
    }

    fn check(present: Option<(i64, i64)>, order: Option<&AcmeOrder>, expected: i64) {
        let present = present.map(|(from, until)| Present {
            from,
            until,
            stored_at: 0,
        });
        assert_eq!(next(present, order), expected, "{present:?} {order:?}");
    }

    #[test]
    fn it_is_renewed_when_a_third_of_its_life_is_left_and_never_too_soon_after_a_failure() {
        check(None, None, 0);
        check(Some((0, 90 * DAY)), None, 60 * DAY);
        check(Some((5 * DAY, 11 * DAY)), None, 9 * DAY);
        check(Some((0, 0)), None, 0);
        check(Some((0, 90 * DAY)), Some(&order(0, 0, None)), 60 * DAY);
        check(Some((0, 90 * DAY)), Some(&order(61 * DAY, 0, None)), 61 * DAY);
        check(Some((0, 90 * DAY)), Some(&order(61 * DAY, 62 * DAY, None)), 62 * DAY);
        check(None, Some(&order(5, 0, None)), 5);
        check(Some((0, 90 * DAY)), Some(&order(61 * DAY, 0, Some(1))), 0);
        check(Some((0, 90 * DAY)), Some(&order(61 * DAY, 3, Some(1))), 3);
    }

    #[test]
    fn not_all_are_due_at_once_and_none_late() {
        for stored_at in [0, 1, 7 * DAY + 12_345, i64::MAX] {
            let due = due(Some(Present {
                from: 0,
                until: 90 * DAY,
                stored_at,
            }));
            assert!((59 * DAY..=60 * DAY).contains(&due), "{stored_at}: {due}");
        }
        let twenty = Present {
            from: 0,
            until: 20_000_000,
            stored_at: 123_456_789,
        };
        assert!(
            (12_600_000..=13_333_334).contains(&due(Some(twenty))),
            "and short ones too"
        );
    }

    #[test]
    fn pauses_grow_to_a_day_and_no_further() {
        for (failures, minutes) in [(1, 10), (2, 20), (3, 40), (8, 1280), (9, 1440), (1000, 1440)] {
            assert_eq!(pause(failures, 0), minutes * MINUTE, "{failures}");
        }
        assert!(pause(1, 999) < 11 * MINUTE && pause(1, 500) > 10 * MINUTE);
    }
}
