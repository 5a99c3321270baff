//! Guesses at passwords, counted by all servers of the cluster together: who has several to guess at has no more
//! guesses than who has one.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use auth::{AddressFailures, Authenticator, LoginNote, SharedFailures};
use cluster::{
    Belongs, Cache, Caches, Definition, Face, Held, Lasts,
    state::{Bound, CacheId},
};
use futures_util::future::{join, join_all};
use tokio::sync::mpsc;

use super::{GUESSES_BY_ACCOUNT, GUESSES_BY_ADDRESS};

/// As many as one server remembers by itself.
const MOST_ENTRIES: u64 = 65_536;
/// Notes that wait for the cluster; what comes beyond is counted by this server alone.
const MOST_WAITING: usize = 4_096;
/// Notes that are written down together, those about the same address or account as one.
const AT_A_TIME: usize = 512;

/// What all servers have counted, as far as this one knows.
struct Guesses {
    counts: Counts,
    notes: mpsc::Sender<LoginNote>,
}

#[derive(Clone)]
struct Counts {
    by_address: Cache<IpAddr, AddressCount>,
    by_account: Cache<u64, u32>,
}

/// How many, and of how many of them the account is that was tried last.
type AddressCount = (u32, Option<(u64, u32)>);

/// Counts failed logins in these caches from now on.
pub(crate) fn share(caches: &Caches, authenticator: &Authenticator) {
    let counts = Counts {
        by_address: caches.cache(shared(GUESSES_BY_ADDRESS, "failed logins by address", |key, value| {
            Face::decoded(key, value, |address: IpAddr, (count, last): AddressCount| {
                let last = last.map_or_else(String::new, |(account, count)| {
                    format!(", of them {count} at the account with the number {account}")
                });
                (address.to_string(), format!("{count} failed logins{last}"))
            })
        })),
        by_account: caches.cache(shared(GUESSES_BY_ACCOUNT, "failed logins by account", |key, value| {
            Face::decoded(key, value, |account: u64, count: u32| {
                (
                    format!("account number {account:020}"),
                    format!("{count} failed logins"),
                )
            })
        })),
    };
    let (notes, noted) = mpsc::channel(MOST_WAITING);
    tokio::spawn(write(counts.clone(), noted));
    authenticator.share_failures(Arc::new(Guesses { counts, notes }));
}

fn shared(id: CacheId, name: &'static str, describe: fn(&[u8], &[u8]) -> (String, String)) -> Definition {
    Definition {
        id,
        name,
        belongs: Belongs::Nobody,
        bound: Bound {
            entries: Some(MOST_ENTRIES),
            bytes: None,
        },
        face: Face {
            lifetime: "until the time for which failed logins count is over",
            // Whoever was locked out may try again, and is counted from the beginning.
            kept: None,
            describe,
        },
    }
}

impl SharedFailures for Guesses {
    fn at_address(&self, address: IpAddr) -> u32 {
        self.counts.by_address.get(&address).map_or(0, |(count, _)| count)
    }

    fn at_account(&self, account: u64) -> u32 {
        self.counts.by_account.get(&account).unwrap_or(0)
    }

    fn note(&self, note: LoginNote) {
        if self.notes.try_send(note).is_err() {
            metrics::counter!("auth_notes_not_shared").increment(1);
        }
    }
}

async fn write(counts: Counts, mut noted: mpsc::Receiver<LoginNote>) {
    let mut notes = Vec::new();
    while noted.recv_many(&mut notes, AT_A_TIME).await > 0 {
        let (mut by_address, mut by_account) = (HashMap::<IpAddr, Vec<LoginNote>>::new(), HashMap::new());
        for note in notes.drain(..) {
            if let Some(address) = note.address {
                by_address.entry(address).or_default().push(note);
            }
            if !note.is_success {
                let (failures, _) = by_account.entry(note.account).or_insert((0_u32, note.until_micros));
                *failures += 1;
            }
        }
        join(
            join_all(
                by_address
                    .iter()
                    .map(|(address, notes)| counts.add_to_address(address, notes)),
            ),
            join_all(
                by_account
                    .iter()
                    .map(|(account, (failures, until))| counts.add_to_account(account, *failures, *until)),
            ),
        )
        .await;
    }
}

impl Counts {
    async fn add_to_address(&self, address: &IpAddr, notes: &[LoginNote]) {
        let change = |held: Option<&Held<AddressCount>>| {
            let mut failures = held.map_or_else(AddressFailures::default, |held| AddressFailures {
                count: held.value.0,
                last: held.value.1,
            });
            for note in notes {
                if note.is_success {
                    failures.forgive(note.account);
                } else {
                    failures.add(note.account);
                }
            }
            let until = notes.first().map_or(0, |note| note.until_micros);
            (failures.count > 0).then_some(((failures.count, failures.last), lasts(held, until)))
        };
        if let Err(error) = self.by_address.update(address, change).await {
            tracing::debug!(target: "auth", %error, "other servers do not know of these failed logins");
        }
    }

    async fn add_to_account(&self, account: &u64, failures: u32, until: i64) {
        let change = |held: Option<&Held<u32>>| {
            let before = held.map_or(0, |held| held.value);
            Some((before.saturating_add(failures), lasts(held, until)))
        };
        if let Err(error) = self.by_account.update(account, change).await {
            tracing::debug!(target: "auth", %error, "other servers do not know of these failed logins");
        }
    }
}

/// A window begins with its first failure, and is not moved by the next ones.
fn lasts<V>(held: Option<&Held<V>>, until: i64) -> Lasts {
    Lasts::Until(held.and_then(|held| held.until_micros).unwrap_or(until))
}
