//! Failures from one address, and what servers with the same accounts tell each other of them.

use std::net::IpAddr;

/// What servers that have the same accounts count together. Neither looking nor noting may wait: what is noted may be
/// known a moment later, and where the others cannot be reached not at all.
pub trait SharedFailures: Send + Sync + 'static {
    /// How many logins from an address have failed.
    fn at_address(&self, address: IpAddr) -> u32;

    /// How many logins at an account have failed.
    fn at_account(&self, account: u64) -> u32;

    /// Takes down what happened here.
    fn note(&self, note: LoginNote);
}

/// A login that is to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginNote {
    /// From where: one address for all of an IPv6 /64. None where the address is not to be counted.
    pub address: Option<IpAddr>,
    /// The account's name, hashed.
    pub account: u64,
    /// Whether somebody got in: then their slips are forgiven.
    pub is_success: bool,
    /// When it is forgotten, unless the failures before it are sooner; in microseconds since 1970, UTC.
    pub until_micros: i64,
}

/// Failures from one address since the first that counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AddressFailures {
    /// How many.
    pub count: u32,
    /// How many of them at the account that was tried last, whose owner may have mistyped.
    pub last: Option<(u64, u32)>,
}

impl AddressFailures {
    /// One more, at this account.
    pub fn add(&mut self, account: u64) {
        self.count = self.count.saturating_add(1);
        let before = self
            .last
            .filter(|(last, _)| *last == account)
            .map_or(0, |(_, count)| count);
        self.last = Some((account, before.saturating_add(1)));
    }

    /// Somebody got in to this account: what was got wrong at it just before was a slip.
    pub fn forgive(&mut self, account: u64) {
        if let Some((_, count)) = self.last.take_if(|(last, _)| *last == account) {
            self.count = self.count.saturating_sub(count);
        }
    }
}
