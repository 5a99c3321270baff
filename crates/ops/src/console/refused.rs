//! Logins that were refused, in the record: a row for each address and minute, with a count, and so many rows a minute.
//! Who guesses can neither hide nor fill the record.

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use crate::{Audit, audit::REFUSED_LOGIN};

/// What one row counts.
const MINUTE: Duration = Duration::from_secs(60);
/// Rows that are begun in a minute; what comes from yet other addresses is counted in one more.
const ROWS_MAX: usize = 30;
/// Of what was typed as an address, the record has so many bytes.
const TYPED_MAX_BYTES: usize = 256;

/// Where a login came from, as far as the record tells: an IPv6 network is one place, since one machine has all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    One(IpAddr),
    /// From everywhere else.
    Others,
}

struct Row {
    id: i64,
    count: u64,
}

struct Minute {
    began: Instant,
    rows: HashMap<Place, Row>,
}

/// The rows of this minute.
pub(super) struct Refusals {
    audit: Audit,
    minute: Mutex<Minute>,
}

impl Refusals {
    pub(super) fn new(audit: Audit) -> Self {
        let minute = Minute {
            began: Instant::now(),
            rows: HashMap::new(),
        };
        Self {
            audit,
            minute: Mutex::new(minute),
        }
    }

    /// Records that somebody at `from` was refused as `typed`.
    pub(super) async fn record(&self, typed: &str, from: IpAddr) {
        let mut minute = self.minute.lock().await;
        if minute.began.elapsed() >= MINUTE {
            minute.began = Instant::now();
            minute.rows.clear();
        }
        let place = Place::One(network(from));
        let is_known = minute.rows.contains_key(&place);
        let place = if is_known || minute.rows.len() < ROWS_MAX {
            place
        } else {
            Place::Others
        };
        let result = match minute.rows.get_mut(&place) {
            Some(row) => {
                row.count += 1;
                let outcome = format!("refused, {} times within a minute", row.count);
                self.audit.again(row.id, &outcome).await
            }
            None => {
                let typed = &typed[..typed.floor_char_boundary(TYPED_MAX_BYTES)];
                let (target, address) = match place {
                    Place::One(_) => (typed, Some(from)),
                    Place::Others => ("many, from many addresses", None),
                };
                let begun = self.audit.refused(REFUSED_LOGIN, target, address).await;
                begun.map(|id| {
                    minute.rows.insert(place, Row { id, count: 1 });
                })
            }
        };
        if let Err(error) = result {
            tracing::error!(%error, %from, "a refused login could not be recorded");
        }
    }
}

/// The network that is one place: of IPv6 the first 64 bits.
fn network(address: IpAddr) -> IpAddr {
    const PREFIX: u128 = !0 << 64;
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & PREFIX).into()),
        address @ IpAddr::V4(_) => address,
    }
}
