//! Whether the database can be reached and is of a version that this program knows.

use std::time::Duration;

use storage::{Storage, StorageError};

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
        Ok(Ok((hosts, accounts))) => {
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

/// Opens it as a server would, which brings its tables up to date.
async fn open(configuration: &Configuration) -> Result<(Vec<String>, u64), StorageError> {
    let storage = Storage::open(&wiring::storage_options(&configuration.config)).await?;
    let hosts = storage.hosts().list().await?;
    let mut accounts = 0;
    for host in &hosts {
        accounts += storage.accounts().count(host.id).await?;
    }
    storage.close().await?;
    Ok((hosts.into_iter().map(|host| host.domain).collect(), accounts))
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
