//! How many guesses may be made: few from one address, slowly at one account.
//!
//! An address that failed too often is refused for the rest of the hour. An account is never locked, or everybody
//! could lock everybody out (XEP-0205 §4.2); but while it is under attack each attempt takes seconds, except from
//! addresses that it has logged in from before.
//!
//! Each server counts by itself, at once. Where several have the same accounts, what all of them have counted together
//! comes beside it a moment later ([`SharedFailures`]); the higher count holds. Where an account is at home each server
//! finds out by itself, and its own count forgives a slip only where the login after it is its own.

mod failures;
mod origin;
mod table;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use protocol::sasl::scram::Hash;

use crate::Settings;
pub use failures::{AddressFailures, LoginNote, SharedFailures};
use origin::Origin;
use table::Table;

/// Addresses and accounts that are remembered at a time: a few megabytes.
const MOST_ENTRIES: usize = 65_536;
/// How long an address stays known to an account that nobody logs in to from there, in microseconds.
const KNOWN_MICROS: i64 = 30 * 24 * 3_600 * 1_000_000;
/// How much longer each failure makes the next attempt at an account under attack.
const DELAY_STEP: Duration = Duration::from_millis(500);

/// An account's name, hashed, the same on every server: whether it exists makes no difference here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Target(u64);

/// Failed logins, and where each account is at home.
pub(crate) struct Lockout {
    secret: Vec<u8>,
    memory: Mutex<Memory>,
    shared: OnceLock<Arc<dyn SharedFailures>>,
}

struct Memory {
    origins: Table<Origin, AddressFailures>,
    targets: Table<Target, u32>,
    known: Table<(Target, Origin), ()>,
}

impl Memory {
    fn is_known(&self, target: Target, address: IpAddr, now: i64) -> bool {
        self.known.get(&(target, Origin::from(address)), now).is_some()
    }
}

/// What a failure has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Alarm {
    /// The address is refused from now on.
    pub(crate) is_shut_out: bool,
    /// The account is slowed down from now on.
    pub(crate) is_under_attack: bool,
}

impl Lockout {
    /// With this deployment's secret.
    pub(crate) fn new(secret: Vec<u8>) -> Self {
        Self {
            secret,
            shared: OnceLock::new(),
            memory: Mutex::new(Memory {
                origins: Table::new(MOST_ENTRIES),
                targets: Table::new(MOST_ENTRIES),
                known: Table::new(MOST_ENTRIES),
            }),
        }
    }

    /// Counts together with other servers from now on.
    pub(crate) fn share(&self, shared: Arc<dyn SharedFailures>) {
        // There is one way of doing so, for the life of the process.
        let _ = self.shared.set(shared);
    }

    /// The account of this name, existing or not.
    pub(crate) fn target(&self, host: &str, username: &str) -> Target {
        let name: [&[u8]; 4] = [b"lockout\0", host.as_bytes(), b"\0", username.as_bytes()];
        let hash = Hash::Sha256.hmac(&self.secret, &name);
        let (first, _) = hash.split_first_chunk().expect("a hash has 32 bytes");
        Target(u64::from_be_bytes(*first))
    }

    /// Whether the address has failed too often.
    pub(crate) fn is_shut_out(&self, address: IpAddr, now: i64, settings: &Settings) -> bool {
        let origin = Origin::from(address);
        let here = self
            .memory
            .lock()
            .origins
            .get(&origin, now)
            .map_or(0, |failures| failures.count);
        here.max(self.at_address(origin)) >= settings.failures_per_address
    }

    /// Whether somebody has logged in to the account from this address before.
    pub(crate) fn is_at_home(&self, target: Target, address: IpAddr, now: i64) -> bool {
        self.memory.lock().is_known(target, address, now)
    }

    /// How long the next attempt at an account has to wait.
    pub(crate) fn delay(&self, target: Target, address: IpAddr, now: i64, settings: &Settings) -> Duration {
        let everywhere = self.at_account(target);
        let memory = self.memory.lock();
        let failures = memory.targets.get(&target, now).copied().unwrap_or(0).max(everywhere);
        let surplus = (failures + 1).saturating_sub(settings.failures_per_account);
        if surplus == 0 || memory.is_known(target, address, now) {
            return Duration::ZERO;
        }
        DELAY_STEP.saturating_mul(surplus).min(settings.account_delay)
    }

    /// Somebody guessed wrong.
    pub(crate) fn failed(&self, target: Target, address: IpAddr, now: i64, settings: &Settings) -> Alarm {
        let until = now.saturating_add(micros(settings.failure_window));
        let origin = Some(Origin::from(address)).filter(|_| !settings.exempt_addresses.contains(&address));
        let at_account = self.at_account(target);
        let at_address = origin.map_or(0, |origin| self.at_address(origin));
        let alarm = {
            let mut memory = self.memory.lock();
            let here = memory.targets.entry(target, now, until);
            let is_under_attack = (*here).max(at_account).saturating_add(1) == settings.failures_per_account;
            *here = here.saturating_add(1);
            let is_shut_out = origin.is_some_and(|origin| {
                let here = memory.origins.entry(origin, now, until);
                let before = here.count.max(at_address);
                here.add(target.0);
                before.saturating_add(1) == settings.failures_per_address
            });
            Alarm {
                is_shut_out,
                is_under_attack,
            }
        };
        self.note(LoginNote {
            address: origin.map(Origin::address),
            account: target.0,
            is_success: false,
            until_micros: until,
        });
        alarm
    }

    /// Somebody got in. What this address got wrong at this account just before was a slip; what it got wrong at
    /// others was not, or an account of one's own would buy any number of guesses.
    pub(crate) fn succeeded(&self, target: Target, address: IpAddr, now: i64) {
        let origin = Origin::from(address);
        let mut memory = self.memory.lock();
        if let Some(failures) = memory.origins.get_mut(&origin, now) {
            failures.forgive(target.0);
        }
        memory
            .known
            .replace((target, origin), (), now, now.saturating_add(KNOWN_MICROS));
        drop(memory);
        // Where nothing is to be forgiven, nobody needs to know.
        if self.at_address(origin) > 0 {
            self.note(LoginNote {
                address: Some(origin.address()),
                account: target.0,
                is_success: true,
                until_micros: now,
            });
        }
    }

    fn at_address(&self, origin: Origin) -> u32 {
        self.shared
            .get()
            .map_or(0, |shared| shared.at_address(origin.address()))
    }

    fn at_account(&self, target: Target) -> u32 {
        self.shared.get().map_or(0, |shared| shared.at_account(target.0))
    }

    fn note(&self, note: LoginNote) {
        if let Some(shared) = self.shared.get() {
            shared.note(note);
        }
    }
}

pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
