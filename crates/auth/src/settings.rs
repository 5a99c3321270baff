//! What an operator may choose about logging in.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use protocol::Jid;

/// Which mechanisms there are, how dear a guess is, and how many may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The iteration count of new SCRAM keys. Range 4,096 to 1,000,000.
    ///
    /// It prices every guess of whoever steals the database. The client pays it at each login that is not by
    /// token, the server only for PLAIN, registration and password changes: 100,000 are 13 ms. XEP-0438 asks for
    /// 10,000 at least. Accounts with fewer are raised when their client supports XEP-0480, or uses PLAIN.
    pub iterations: u32,
    /// Whether SCRAM-SHA-1 and its -PLUS form are offered, for clients that have no SHA-256.
    pub scram_sha_1: bool,
    /// Whether PLAIN is offered, inside TLS. Where every client has SCRAM, better not.
    pub plain: bool,
    /// Whether EXTERNAL is offered to clients whose certificate was verified and names an account here.
    pub external: bool,
    /// Hosts at which guests may log in by ANONYMOUS.
    pub anonymous_hosts: Vec<String>,
    /// Accounts that certificates without an XMPP address stand for.
    pub certificate_accounts: Vec<CertificateAccount>,
    /// Whether clients may exchange their password for a token (XEP-0484).
    pub fast: bool,
    /// How long a token lives that is not used. Range 1 hour to 1 year.
    pub token_lifetime: Duration,
    /// How old a token is when its client gets a new one at its next login. Less than `token_lifetime`.
    pub token_rotation: Duration,
    /// Failed logins from one IPv4 address or one IPv6 /64, within `failure_window`, after which it is refused until
    /// the window ends. Range 1 to 1,000,000.
    pub failures_per_address: u32,
    /// Failed logins at one account, within `failure_window`, after which each attempt from an address that the
    /// account has not used before takes longer. Range 1 to 1,000,000.
    pub failures_per_account: u32,
    /// How long an attempt at an account under attack takes at most; nobody is locked out of their account.
    /// Range 0 (off) to 30 seconds.
    pub account_delay: Duration,
    /// How long failures are remembered. Range 1 minute to 24 hours.
    pub failure_window: Duration,
    /// Addresses that are never refused, for example that of a web proxy in front of the server.
    pub exempt_addresses: Vec<IpAddr>,
    /// Passwords that may wait for being stretched, beyond those that are; more are told to try again later. Range
    /// 1 to 10,000.
    pub password_queue: usize,
    /// Whether no account is made whose name looks like that of another of its host (UTS #39). Administrators may say
    /// that they mean it.
    pub refuses_lookalikes: bool,
}

impl Settings {
    /// The range of [`iterations`](Self::iterations).
    pub const ITERATIONS: std::ops::RangeInclusive<u32> = 4_096..=1_000_000;
}

impl Default for Settings {
    fn default() -> Self {
        const HOUR: Duration = Duration::from_secs(3_600);
        Self {
            iterations: 100_000,
            scram_sha_1: true,
            plain: true,
            external: true,
            anonymous_hosts: Vec::new(),
            certificate_accounts: Vec::new(),
            fast: true,
            token_lifetime: HOUR * 24 * 21,
            token_rotation: HOUR * 24,
            failures_per_address: 20,
            failures_per_account: 10,
            account_delay: Duration::from_secs(5),
            failure_window: HOUR,
            exempt_addresses: Vec::new(),
            password_queue: 256,
            refuses_lookalikes: true,
        }
    }
}

/// `<SHA-256 of the certificate in hexadecimal> = juliet@example.org`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateAccount {
    /// SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
    /// The account's bare JID.
    pub account: Jid,
}

/// A text that does not map a certificate to an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not of the form \"<64 hexadecimal digits> = <user>@<domain>\"")]
pub struct BadCertificateAccount(String);

impl FromStr for CertificateAccount {
    type Err = BadCertificateAccount;

    fn from_str(text: &str) -> Result<Self, BadCertificateAccount> {
        let parse = || {
            let (fingerprint, account) = text.split_once('=')?;
            let account: Jid = account.trim().parse().ok()?;
            let is_account = account.local().is_some() && account.is_bare();
            is_account.then_some(Self {
                fingerprint: sha256(fingerprint.trim())?,
                account,
            })
        };
        parse().ok_or_else(|| BadCertificateAccount(text.to_owned()))
    }
}

/// 32 bytes in hexadecimal; colons between them are allowed, as most tools print them.
fn sha256(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
        *byte = u8::try_from(high? * 16 + low?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_mapped_by_fingerprint_with_or_without_colons() {
        let plain = format!("{} = Juliet@Example.org", "0a".repeat(32));
        let colons = format!("{}={}", ["0A"; 32].join(":"), "juliet@example.org");
        for text in [plain, colons] {
            let mapped: CertificateAccount = text.parse().expect("it is well-formed");
            assert_eq!(
                (mapped.fingerprint, mapped.account.as_str()),
                ([10; 32], "juliet@example.org")
            );
        }
        let digits = "0a".repeat(32);
        for bad in [
            "",
            "=",
            "0a=juliet@example.org",
            &format!("{digits}=example.org"),
            &format!("{digits}=j@e/r"),
        ] {
            assert_eq!(
                bad.parse::<CertificateAccount>(),
                Err(BadCertificateAccount(bad.to_owned()))
            );
        }
    }
}
