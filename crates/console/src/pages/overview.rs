//! `/`: the server at a glance.

use askama::Template;
use axum::response::Response;
use ops::{CertificateInfo, Outlook, ServerInfo, SessionQuestion};

use crate::{
    frame::Frame,
    language::{filters, t, t1},
    refusal::rendered,
    visit::Visit,
    words,
};

#[derive(Template)]
#[template(path = "overview.html")]
struct Page {
    frame: Frame,
    server: ServerInfo,
    up: String,
    hosts: Vec<HostRow>,
    certificates: Vec<CertificateRow>,
    sessions: u64,
    silent: usize,
    /// None where this visitor may not see the whole server.
    outlook: Option<Outlook>,
    looked: Option<String>,
    is_fine: bool,
}

struct HostRow {
    domain: String,
    accounts: u64,
}

/// A certificate and what is to be said of it.
pub(super) struct CertificateRow {
    info: CertificateInfo,
    /// `good`, `warn` or `bad`.
    pub(super) mood: &'static str,
    pub(super) text: String,
}

/// Days before its end from which a certificate is warned of.
const WARN_DAYS: u64 = 30;
/// Days before its end from which that is urgent.
const URGENT_DAYS: u64 = 7;

pub(crate) async fn page(visit: Visit) -> Response {
    let (acts, actor) = (visit.acts(), visit.actor());
    let server = match acts.servers.here(actor).await {
        Ok(server) => server,
        Err(error) => return visit.refuse(&error).await,
    };
    let mut hosts = Vec::new();
    for domain in &server.hosts {
        match acts.accounts.count(actor, domain).await {
            Ok(accounts) => hosts.push(HostRow {
                domain: domain.clone(),
                accounts,
            }),
            Err(error) => return visit.refuse(&error).await,
        }
    }
    let question = SessionQuestion {
        limit: 1,
        ..SessionQuestion::default()
    };
    let sessions = acts.sessions.everywhere(actor, &question).await;
    let now = words::now();
    let outlook = acts.servers.outlook(actor).ok();
    rendered(&Page {
        frame: visit.frame(t("Overview")).await,
        up: words::span(words::secs_between(server.started_at, now)),
        certificates: server
            .certificates
            .iter()
            .map(|info| CertificateRow::of(info, now))
            .collect(),
        hosts,
        sessions: sessions.total,
        silent: sessions.silent.len(),
        looked: outlook
            .as_ref()
            .and_then(|outlook| outlook.looked_at)
            .map(|at| words::minutes(words::secs_between(at, now))),
        is_fine: outlook
            .as_ref()
            .is_some_and(|outlook| outlook.findings.iter().all(|finding| finding.mood == "good")),
        outlook,
        server,
    })
}

impl CertificateRow {
    /// At the time `now`, in microseconds since 1970.
    pub(super) fn of(info: &CertificateInfo, now: i64) -> Self {
        let left = words::secs_between(now, info.not_after);
        let (mood, text) = if now < info.not_before {
            ("bad", t("not valid yet").to_owned())
        } else if info.not_after <= now {
            ("bad", t("expired: clients refuse it").to_owned())
        } else if left < URGENT_DAYS * 86_400 {
            ("bad", t1("ends in {0}", words::span(left)))
        } else if left < WARN_DAYS * 86_400 {
            ("warn", t1("ends in {0}", words::span(left)))
        } else if info.is_self_signed {
            ("warn", t("self-signed: clients ask whether to trust it").to_owned())
        } else {
            ("good", t("valid").to_owned())
        };
        Self {
            info: info.clone(),
            mood,
            text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000;

    fn check(from: i64, until: i64, is_self_signed: bool, expected: (&str, &str)) {
        let info = CertificateInfo {
            names: Vec::new(),
            not_before: from,
            not_after: until,
            is_self_signed,
        };
        let row = CertificateRow::of(&info, 100 * DAY);
        assert_eq!((row.mood, row.text.as_str()), expected);
    }

    #[test]
    fn a_certificate_is_warned_of_before_it_ends() {
        check(0, 200 * DAY, false, ("good", "valid"));
        check(0, 131 * DAY, false, ("good", "valid"));
        check(0, 129 * DAY, false, ("warn", "ends in 29 d 0 h"));
        check(0, 103 * DAY, false, ("bad", "ends in 3 d 0 h"));
        check(0, 99 * DAY, false, ("bad", "expired: clients refuse it"));
        check(101 * DAY, 200 * DAY, false, ("bad", "not valid yet"));
        check(
            0,
            200 * DAY,
            true,
            ("warn", "self-signed: clients ask whether to trust it"),
        );
    }
}
