//! Whether the certificates are for our hosts, and for how long.

use std::time::{Duration, SystemTime};

use transport::{CertificateInfo, Pair, PairFiles};

use super::Finding;
use crate::{config::Configuration, data_dir::DataDir};

const SUBJECT: &str = "certificate";

/// Time enough to get a new one, whoever has to sign it.
const SOON: Duration = Duration::from_secs(14 * 86_400);

pub(super) fn look(configuration: &Configuration, domains: &[String]) -> Vec<Finding> {
    let tls = &configuration.config.tls;
    match (&tls.certificate, &tls.key) {
        (Some(chain), Some(key)) => match PairFiles::new(chain, key).read() {
            Ok(pair) => configured(&chain.display().to_string(), &pair, domains, SystemTime::now()),
            Err(error) => vec![Finding::error(
                SUBJECT,
                error.to_string(),
                "check tls.certificate and tls.key",
            )],
        },
        _ => vec![self_signed(configuration)],
    }
}

fn self_signed(configuration: &Configuration) -> Finding {
    let place = DataDir::new(&configuration.config.data_dir).certificates();
    let when = if place.exists() {
        "is used"
    } else {
        "will be made at the first start"
    };
    let advice = "for others than yourself, get one from an authority and set tls.certificate and tls.key";
    Finding::warning(
        SUBJECT,
        format!("a self-signed one, in {}, {when}", place.display()),
        advice,
    )
}

fn configured(file: &str, pair: &Pair, domains: &[String], now: SystemTime) -> Vec<Finding> {
    let mut findings = vec![dates(file, pair.info(), now)];
    findings.extend(domains.iter().map(|domain| name(file, pair.info(), domain)));
    if pair.info().self_signed {
        findings.push(Finding::warning(
            SUBJECT,
            format!("{file} vouches for itself"),
            "clients will ask whether to trust it",
        ));
    }
    findings
}

fn dates(file: &str, info: &CertificateInfo, now: SystemTime) -> Finding {
    let (from, until) = (day(info.not_before), day(info.not_after));
    if now < info.not_before {
        return Finding::error(
            SUBJECT,
            format!("{file} is not valid before {from}"),
            "check this machine's clock",
        );
    }
    if now > info.not_after {
        return Finding::error(SUBJECT, format!("{file} ran out on {until}"), "renew it");
    }
    if now + SOON > info.not_after {
        return Finding::warning(SUBJECT, format!("{file} runs out on {until}"), "renew it soon");
    }
    Finding::ok(SUBJECT, format!("{file} is valid until {until}"))
}

fn name(file: &str, info: &CertificateInfo, domain: &str) -> Finding {
    // Certificates name hosts in ASCII.
    let ascii = idna_of(domain);
    if info.covers(&ascii) {
        return Finding::ok(SUBJECT, format!("{file} is for {domain}"));
    }
    let names = info.subject_names.join(", ");
    Finding::error(
        SUBJECT,
        format!("{file} is not for {domain}, only for {names}"),
        "get one that names all hosts",
    )
}

fn idna_of(domain: &str) -> String {
    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_ascii_lowercase())
}

fn day(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map_or_else(
        |_| "an impossible date".to_owned(),
        |time| time.strftime("%Y-%m-%d").to_string(),
    )
}
