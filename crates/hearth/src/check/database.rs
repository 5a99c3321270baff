//! Whether the database can be reached and is of a version that this program knows.

use std::time::Duration;

use storage::{Inspection, Storage, StorageError};

use super::Finding;
use crate::{
    config::{Configuration, mask_url},
    wiring,
};

const SUBJECT: &str = "database";

/// A database that takes longer is as good as none.
const PATIENCE: Duration = Duration::from_secs(10);

/// The hosts in it (or those it will have), and what was found.
pub(super) async fn look(configuration: &Configuration, is_running: bool) -> (Vec<String>, Vec<Finding>) {
    let config = &configuration.config;
    let shown = mask_url(&config.database.url);
    let to_be = || config.domains.clone();
    if let Some(path) = config.database.missing_file() {
        return (
            to_be(),
            vec![Finding::ok(
                SUBJECT,
                format!("{} will be made at the first start", path.display()),
            )],
        );
    }
    match tokio::time::timeout(PATIENCE, open(configuration)).await {
        Ok(Ok(Found::Older(Inspection { found: 0, .. }))) => (
            to_be(),
            vec![Finding::ok(
                SUBJECT,
                format!("{shown} answers; the first start makes its tables"),
            )],
        ),
        Ok(Ok(Found::Older(Inspection { found, known }))) => (
            to_be(),
            vec![Finding::warning(
                SUBJECT,
                format!("{shown} answers; its tables are of version {found}, a start brings them to {known}"),
                "make a copy of the database before the start, to be able to go back",
            )],
        ),
        Ok(Ok(Found::Current { hosts, accounts })) => {
            let mut findings = vec![Finding::ok(SUBJECT, format!("{shown} answers; accounts: {accounts}"))];
            findings.extend(hosts_differ(configuration, &hosts));
            (if hosts.is_empty() { to_be() } else { hosts }, findings)
        }
        Ok(Err(error @ StorageError::TooNew { .. })) => (
            to_be(),
            vec![Finding::error(SUBJECT, error.to_string(), "run the newer program")],
        ),
        Ok(Err(error)) => {
            let advice = if is_running {
                "see the log of the running server"
            } else {
                "check database.url, and whether the database runs"
            };
            (
                to_be(),
                vec![Finding::error(SUBJECT, format!("{shown}: {error}"), advice)],
            )
        }
        Err(_) => {
            let message = format!("{shown} has not answered for {} s", PATIENCE.as_secs());
            (
                to_be(),
                vec![Finding::error(
                    SUBJECT,
                    message,
                    "check the address, and what lies between here and there",
                )],
            )
        }
    }
}

/// What a database is found to be.
enum Found {
    /// A start would change its tables. That is not for a look to do.
    Older(Inspection),
    /// The domains in it, and how many accounts.
    Current { hosts: Vec<String>, accounts: u64 },
}

async fn open(configuration: &Configuration) -> Result<Found, StorageError> {
    let options = wiring::storage_options(&configuration.config);
    let inspection = Storage::inspect(&options).await?;
    if inspection.found < inspection.known {
        return Ok(Found::Older(inspection));
    }
    let storage = Storage::open(&options).await?;
    let hosts = storage.hosts().list().await?;
    let mut accounts = 0;
    for host in &hosts {
        accounts += storage.accounts().count(host.id).await?;
    }
    storage.close().await?;
    let hosts = hosts.into_iter().map(|host| host.domain).collect();
    Ok(Found::Current { hosts, accounts })
}

fn hosts_differ(configuration: &Configuration, hosts: &[String]) -> Option<Finding> {
    let missing: Vec<&str> = wiring::other_hosts(configuration, hosts).collect();
    if hosts.is_empty() || missing.is_empty() {
        return None;
    }
    let message = format!(
        "the configuration names {}, the database has {}",
        missing.join(", "),
        hosts.join(", ")
    );
    Some(Finding::warning(
        "hosts",
        message,
        "hosts are taken from the configuration at the first start only",
    ))
}
