//! How many guesses may be made: few from one address, slowly at one account.
//!
//! An address that failed too often is refused for the rest of the hour. An account is never locked, or everybody
//! could lock everybody out (XEP-0205 §4.2); but while it is under attack each attempt takes seconds, except from
//! addresses that it has logged in from before.

mod origin;
mod table;

use std::hash::BuildHasher;
use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;

use crate::Settings;
use origin::Origin;
use table::Table;

/// Addresses and accounts that are remembered at a time: a few megabytes.
const MOST_ENTRIES: usize = 65_536;
/// How long an address stays known to an account that nobody logs in to from there, in microseconds.
const KNOWN_MICROS: i64 = 30 * 24 * 3_600 * 1_000_000;
/// How much longer each failure makes the next attempt at an account under attack.
const DELAY_STEP: Duration = Duration::from_millis(500);

/// An account's name, hashed: whether it exists makes no difference here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Target(u64);

/// Failed logins, and where each account is at home.
pub(crate) struct Lockout {
    names: foldhash::quality::RandomState,
    memory: Mutex<Memory>,
}

struct Memory {
    origins: Table<Origin, OriginFailures>,
    targets: Table<Target, u32>,
    known: Table<(Target, Origin), ()>,
}

/// Failures from one address since the first that counts.
#[derive(Debug, Clone, Copy, Default)]
struct OriginFailures {
    count: u32,
    /// How many of them at the account that was tried last, whose owner may have mistyped.
    last: Option<(Target, u32)>,
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
    pub(crate) fn new() -> Self {
        Self {
            names: foldhash::quality::RandomState::default(),
            memory: Mutex::new(Memory {
                origins: Table::new(MOST_ENTRIES),
                targets: Table::new(MOST_ENTRIES),
                known: Table::new(MOST_ENTRIES),
            }),
        }
    }

    /// The account of this name, existing or not.
    pub(crate) fn target(&self, host: &str, username: &str) -> Target {
        Target(self.names.hash_one((host, username)))
    }

    /// Whether the address has failed too often.
    pub(crate) fn is_shut_out(&self, address: IpAddr, now: i64, settings: &Settings) -> bool {
        let memory = self.memory.lock();
        let failures = memory.origins.get(&Origin::from(address), now);
        failures.is_some_and(|failures| failures.count >= settings.failures_per_address)
    }

    /// How long the next attempt at an account has to wait.
    pub(crate) fn delay(&self, target: Target, address: IpAddr, now: i64, settings: &Settings) -> Duration {
        let memory = self.memory.lock();
        let failures = memory.targets.get(&target, now).copied().unwrap_or(0);
        let surplus = (failures + 1).saturating_sub(settings.failures_per_account);
        if surplus == 0 || memory.known.get(&(target, Origin::from(address)), now).is_some() {
            return Duration::ZERO;
        }
        DELAY_STEP.saturating_mul(surplus).min(settings.account_delay)
    }

    /// Somebody guessed wrong.
    pub(crate) fn failed(&self, target: Target, address: IpAddr, now: i64, settings: &Settings) -> Alarm {
        let until = now.saturating_add(micros(settings.failure_window));
        let mut memory = self.memory.lock();
        let at_target = memory.targets.entry(target, now, until);
        *at_target = at_target.saturating_add(1);
        let is_under_attack = *at_target == settings.failures_per_account;
        if settings.exempt_addresses.contains(&address) {
            return Alarm {
                is_shut_out: false,
                is_under_attack,
            };
        }
        let failures = memory.origins.entry(Origin::from(address), now, until);
        failures.add(target);
        Alarm {
            is_shut_out: failures.count == settings.failures_per_address,
            is_under_attack,
        }
    }

    /// Somebody got in. What this address got wrong at this account just before was a slip; what it got wrong at
    /// others was not, or an account of one's own would buy any number of guesses.
    pub(crate) fn succeeded(&self, target: Target, address: IpAddr, now: i64) {
        let origin = Origin::from(address);
        let mut memory = self.memory.lock();
        if let Some(failures) = memory.origins.get_mut(&origin, now) {
            failures.forgive(target);
        }
        memory
            .known
            .replace((target, origin), (), now, now.saturating_add(KNOWN_MICROS));
    }
}

impl OriginFailures {
    fn add(&mut self, target: Target) {
        self.count = self.count.saturating_add(1);
        let before = self
            .last
            .filter(|(last, _)| *last == target)
            .map_or(0, |(_, count)| count);
        self.last = Some((target, before.saturating_add(1)));
    }

    fn forgive(&mut self, target: Target) {
        if let Some((_, count)) = self.last.take_if(|(last, _)| *last == target) {
            self.count = self.count.saturating_sub(count);
        }
    }
}

pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
