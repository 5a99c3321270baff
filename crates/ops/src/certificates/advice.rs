//! What there is to say of what a host is served with.

use super::{ChainTrust, HostCertificate};

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mood {
    /// In order.
    Good,
    /// Should be looked after.
    Warn,
    /// Clients or other servers refuse it.
    Bad,
}

/// Days before its end from which a certificate is warned of: time enough to get a new one, whoever has to sign it.
pub const WARN_DAYS: i64 = 30;
/// Days before its end from which that is urgent.
pub const URGENT_DAYS: i64 = 7;

const DAY_MICROS: i64 = 86_400_000_000;

impl HostCertificate {
    /// Days until the certificate's end at the time `now`; negative where that is over, none where there is none.
    #[must_use]
    pub fn days_left(&self, now: i64) -> Option<i64> {
        let ends = self.chain.iter().map(|certificate| certificate.not_after);
        // A chain is worth no more than the first of its certificates that runs out.
        ends.min().map(|end| end.saturating_sub(now).div_euclid(DAY_MICROS))
    }

    /// What there is to say at the time `now` in microseconds since 1970, the worst first.
    #[must_use]
    pub fn advice(&self, now: i64) -> Vec<(Mood, String)> {
        let mut advice = vec![self.validity(now)];
        if self.chain.is_empty() {
            return advice;
        }
        if !self.covers_host {
            let why = format!("is not for {}: clients and other servers refuse it", self.host);
            advice.push((Mood::Bad, why));
        }
        match &self.trust {
            ChainTrust::Complete => {}
            ChainTrust::SelfSigned => advice.push((
                Mood::Warn,
                "vouches for itself: clients ask whether to trust it, other servers refuse it".to_owned(),
            )),
            ChainTrust::Incomplete(issuer) => advice.push((
                Mood::Warn,
                format!(
                    "the chain ends at {issuer}, whom this machine does not believe: where that is no authority of \
                     your own, put in the chain with the certificates between"
                ),
            )),
            ChainTrust::Unknown => advice.push((
                Mood::Warn,
                "whether its chain is complete is unknown: this machine has no list of authorities".to_owned(),
            )),
        }
        advice.sort_by_key(|(mood, _)| std::cmp::Reverse(*mood));
        advice
    }

    /// The worst that there is to say.
    #[must_use]
    pub fn mood(&self, now: i64) -> Mood {
        self.advice(now).first().map_or(Mood::Good, |(mood, _)| *mood)
    }

    fn validity(&self, now: i64) -> (Mood, String) {
        let Some(days) = self.days_left(now) else {
            let why = "there is none for this host: clients refuse the one that they are shown";
            return (Mood::Bad, why.to_owned());
        };
        let is_early = self.chain.iter().any(|certificate| now < certificate.not_before);
        let left = match days {
            1 => "1 day".to_owned(),
            days => format!("{days} days"),
        };
        match days {
            _ if is_early => (Mood::Bad, "not valid yet: is this machine's clock right?".to_owned()),
            ..=-1 => (Mood::Bad, "has run out: clients refuse it; renew it".to_owned()),
            0 => (Mood::Bad, "runs out today: renew it now".to_owned()),
            1..URGENT_DAYS => (Mood::Bad, format!("runs out in {left}: renew it now")),
            URGENT_DAYS..WARN_DAYS => (Mood::Warn, format!("runs out in {left}: renew it soon")),
            _ => (Mood::Good, format!("valid for {left}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CertificateFacts;

    const NOW: i64 = 20_000 * DAY_MICROS;

    fn check(days: i64, covers_host: bool, trust: ChainTrust, expected: (Mood, &str)) {
        let fact = CertificateFacts {
            not_before: NOW - DAY_MICROS,
            not_after: NOW + days * DAY_MICROS,
            ..CertificateFacts::default()
        };
        let host = HostCertificate {
            host: "example.org".to_owned(),
            chain: vec![fact],
            covers_host,
            trust,
            ..HostCertificate::default()
        };
        let advice = host.advice(NOW);
        assert_eq!(advice[0].0, expected.0, "{advice:?}");
        assert!(advice[0].1.contains(expected.1), "{advice:?}");
    }

    #[test]
    fn the_worst_is_said_first() {
        let complete = || ChainTrust::Complete;
        check(90, true, complete(), (Mood::Good, "valid for 90 days"));
        check(30, true, complete(), (Mood::Good, "valid for 30 days"));
        check(29, true, complete(), (Mood::Warn, "runs out in 29 days: renew it soon"));
        check(7, true, complete(), (Mood::Warn, "in 7 days"));
        check(6, true, complete(), (Mood::Bad, "in 6 days: renew it now"));
        check(1, true, complete(), (Mood::Bad, "in 1 day:"));
        check(0, true, complete(), (Mood::Bad, "today"));
        check(-1, true, complete(), (Mood::Bad, "has run out"));
        check(90, false, complete(), (Mood::Bad, "is not for example.org"));
        check(90, true, ChainTrust::SelfSigned, (Mood::Warn, "vouches for itself"));
        let issuer = ChainTrust::Incomplete("CN=R11".to_owned());
        check(90, true, issuer, (Mood::Warn, "ends at CN=R11"));
        check(90, true, ChainTrust::Unknown, (Mood::Warn, "no list of authorities"));
        let none = HostCertificate::default();
        assert_eq!(none.mood(NOW), Mood::Bad);
    }
}
