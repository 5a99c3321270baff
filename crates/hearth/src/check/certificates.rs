//! Whether the certificates are for our hosts, and for how long.

use std::time::{Duration, SystemTime};

use transport::{CertificateInfo, Pair};

use super::Finding;
use crate::{certificates::Origins, config::Configuration};

const SUBJECT: &str = "certificate";

/// Time enough to get a new one, whoever has to sign it.
const SOON: Duration = Duration::from_secs(14 * 86_400);

pub(super) fn look(configuration: &Configuration, domains: &[String]) -> Vec<Finding> {
    let origins = Origins::of(configuration);
    let now = SystemTime::now();
    let Some(files) = origins.configured() else {
        return domains.iter().flat_map(|domain| kept(&origins, domain, now)).collect();
    };
    match files.read() {
        Ok(pair) => {
            let (named, rest): (Vec<String>, _) = domains.iter().cloned().partition(|domain| pair.is_for(domain));
            let (put_in, missing): (Vec<String>, _) = rest
                .into_iter()
                .partition(|domain| origins.folder().put_in(domain).is_some());
            let file = files.chain.display().to_string();
            let mut findings = configured(&file, &pair, &[named, missing].concat(), now);
            findings.extend(put_in.iter().flat_map(|domain| kept(&origins, domain, now)));
            findings
        }
        Err(error) => vec![Finding::error(
            SUBJECT,
            error.to_string(),
            "check tls.certificate and tls.key",
        )],
    }
}

/// What is kept for a domain in the data directory.
fn kept(origins: &Origins, domain: &str, now: SystemTime) -> Vec<Finding> {
    let Some(files) = origins.folder().put_in(domain) else {
        return vec![self_signed(origins, domain)];
    };
    match files.read() {
        Ok(pair) => configured(&files.chain.display().to_string(), &pair, &[domain.to_owned()], now),
        Err(error) => vec![Finding::error(
            SUBJECT,
            error.to_string(),
            "put it in again (hearth certificate import)",
        )],
    }
}

fn self_signed(origins: &Origins, domain: &str) -> Finding {
    let place = &origins.folder;
    let when = if place.exists() {
        "is used"
    } else {
        "will be made at the first start"
    };
    let advice = "for others than yourself, get one from an authority: hearth certificate acme on, or csr and \
                  import, or tls.certificate and tls.key";
    Finding::warning(
        SUBJECT,
        format!("a self-signed one for {domain}, in {}, {when}", place.display()),
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
