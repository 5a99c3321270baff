//! Failed logins in the record: one entry for each address and minute, which says how many, so that whoever guesses
//! cannot fill it.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use parking_lot::Mutex;

use crate::{Audit, OpsError};

/// Addresses told apart within a minute; all others share an entry. So guesses from everywhere make at most 50,000 entries
/// a day at one node.
const ADDRESSES_MAX: usize = 32;
const MINUTE_MICROS: i64 = 60_000_000;

/// Counts them on this node.
#[derive(Clone)]
pub(super) struct FailedLogins {
    audit: Audit,
    minutes: Arc<Mutex<HashMap<IpAddr, Minute>>>,
}

/// What came from an address within a minute.
struct Minute {
    number: i64,
    count: u64,
    /// The entry, once it is written.
    entry: Option<i64>,
}

/// What is to be done about one more.
enum Next {
    Begin,
    Restate(i64, u64),
    /// Whoever writes the entry says the count.
    Nothing,
}

impl FailedLogins {
    pub(super) fn new(audit: Audit) -> Self {
        Self {
            audit,
            minutes: Arc::default(),
        }
    }

    /// One more, at this account. That it cannot be recorded is no reason to say more than that it failed.
    pub(super) async fn note(&self, from: IpAddr, target: &str, now_micros: i64) {
        if let Err(error) = self.record(from, target, now_micros).await {
            tracing::error!(%error, "a failed login could not be recorded");
        }
    }

    async fn record(&self, from: IpAddr, target: &str, now_micros: i64) -> Result<(), OpsError> {
        let (origin, number) = (origin(from), now_micros.div_euclid(MINUTE_MICROS));
        let (origin, next) = count(&mut self.minutes.lock(), origin, number);
        match next {
            Next::Nothing => Ok(()),
            Next::Restate(entry, count) => self.audit.restate(entry, &outcome(count)).await,
            Next::Begin => {
                let entry = self.audit.failed_login(from, target).await?;
                let counted = {
                    let mut minutes = self.minutes.lock();
                    let minute = minutes.get_mut(&origin).filter(|minute| minute.number == number);
                    minute.map_or(1, |minute| {
                        minute.entry = Some(entry);
                        minute.count
                    })
                };
                self.audit.restate(entry, &outcome(counted)).await
            }
        }
    }
}

fn count(minutes: &mut HashMap<IpAddr, Minute>, origin: IpAddr, number: i64) -> (IpAddr, Next) {
    if minutes.len() >= ADDRESSES_MAX && !minutes.contains_key(&origin) {
        minutes.retain(|_, minute| minute.number == number);
    }
    let is_full = minutes.len() >= ADDRESSES_MAX && !minutes.contains_key(&origin);
    let origin = if is_full { OTHERS } else { origin };
    let minute = minutes.entry(origin).or_insert(Minute {
        number: i64::MIN,
        count: 0,
        entry: None,
    });
    if minute.number != number {
        *minute = Minute {
            number,
            count: 1,
            entry: None,
        };
        return (origin, Next::Begin);
    }
    minute.count += 1;
    let next = minute
        .entry
        .map_or(Next::Nothing, |entry| Next::Restate(entry, minute.count));
    (origin, next)
}

/// Who has one address of an IPv6 network has all 2⁶⁴.
fn origin(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
        address @ IpAddr::V4(_) => address,
    }
}

const OTHERS: IpAddr = IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED);

fn outcome(count: u64) -> String {
    match count {
        1 => "refused".to_owned(),
        count => format!("refused {count} times within a minute"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flood_of_addresses_makes_more_entries_than_the_bound() {
        let mut minutes = HashMap::new();
        let mut begun = 0;
        for address in 0..10_000_u32 {
            let (_, next) = count(&mut minutes, IpAddr::V4(address.into()), 7);
            begun += usize::from(matches!(next, Next::Begin));
        }
        assert_eq!(begun, ADDRESSES_MAX + 1, "and one for all others");
        let (_, next) = count(&mut minutes, IpAddr::V4(9_999.into()), 8);
        assert!(matches!(next, Next::Begin), "another minute");
        assert!(minutes.len() <= ADDRESSES_MAX + 1);
    }

    #[test]
    fn addresses_of_one_network_are_one() {
        for (one, other, is_same) in [
            ("2001:db8::1", "2001:db8::2:3", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
        ] {
            let origin = |text: &str| origin(text.parse().unwrap_or(OTHERS));
            assert_eq!(origin(one) == origin(other), is_same, "{one} {other}");
        }
    }
}
