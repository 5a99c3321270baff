//! Whether the database can be reached and is of a version that this program knows.

use std::time::Duration;

use ops::{CLUSTER_ENABLED, KeyKeeper, OpsError, Value};
use storage::{Inspection, Storage, StorageError};
use tokio::net::TcpStream;

use super::Finding;
use crate::{
    config::{Configuration, mask_url},
    secret_key::KeyFile,
    wiring,
};

const SUBJECT: &str = "database";

/// A database that takes longer is as good as none.
const PATIENCE: Duration = Duration::from_secs(10);

/// A machine that does not even answer takes no longer.
const PLACE_PATIENCE: Duration = Duration::from_secs(4);

/// What there is to know of it.
pub(super) struct Found {
    /// The hosts in it, or those it will have.
    pub(super) domains: Vec<String>,
    /// Whether clustering is on.
    pub(super) is_clustered: bool,
    pub(super) findings: Vec<Finding>,
}

pub(super) async fn look(configuration: &Configuration, is_running: bool) -> Found {
    let config = &configuration.config;
    let shown = mask_url(&config.database.url);
    // What a database is like that cannot be read.
    let only = |finding| Found {
        domains: config.domains.clone(),
        is_clustered: is_pinned_on(configuration),
        findings: vec![finding],
    };
    if let Some(path) = config.database.missing_file() {
        let message = format!("{} will be made at the first start", path.display());
        return only(Finding::ok(SUBJECT, message));
    }
    if let Some(place) = config.database.place()
        && let Some(silent) = silent(&place).await
    {
        return only(silent);
    }
    match tokio::time::timeout(PATIENCE, open(configuration)).await {
        Ok(Ok(Tables::ReadOnly(error))) => only(Finding::error(
            SUBJECT,
            format!("{shown} answers, but cannot be written to: {error}"),
            "name the primary database in database.url, not a standby, and a user who may change its tables",
        )),
        Ok(Ok(Tables::Older(Inspection { found: 0, .. }))) => {
            let message = format!("{shown} answers; the first start makes its tables");
            only(Finding::ok(SUBJECT, message))
        }
        Ok(Ok(Tables::Older(Inspection { found, known, .. }))) => only(Finding::warning(
            SUBJECT,
            format!("{shown} answers; its tables are of version {found}, a start brings them to {known}"),
            "make a copy of the database before the start, to be able to go back",
        )),
        Ok(Ok(Tables::Current(contents))) => current(configuration, &shown, contents),
        Ok(Err(error @ StorageError::TooNew { .. })) => {
            only(Finding::error(SUBJECT, error.to_string(), "run the newer program"))
        }
        Ok(Err(error)) => {
            let advice = if is_running {
                "see the log of the running server"
            } else {
                "check database.url, and whether the database runs"
            };
            only(Finding::error(SUBJECT, format!("{shown}: {error}"), advice))
        }
        Err(_) => only(Finding::error(
            SUBJECT,
            format!("{shown} has not answered for {} s", PATIENCE.as_secs()),
            "check the address, and what lies between here and there",
        )),
    }
}

/// What there is to say where nobody answers at a database's place. Asked for alone, because a pool of connections tries
/// again until its time is over, and then knows only that.
async fn silent(place: &str) -> Option<Finding> {
    let advice = "check the address, whether the database runs there, and whether it listens for other machines";
    let why = match tokio::time::timeout(PLACE_PATIENCE, TcpStream::connect(place)).await {
        Ok(Ok(_)) => return None,
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer for {} s", PLACE_PATIENCE.as_secs()),
    };
    Some(Finding::error(
        SUBJECT,
        format!("nothing answers at {place}: {why}"),
        advice,
    ))
}

fn current(configuration: &Configuration, shown: &str, contents: Contents) -> Found {
    let Contents {
        hosts,
        accounts,
        is_clustered,
        secrets,
        unanswered,
    } = contents;
    let mut findings = vec![Finding::ok(SUBJECT, format!("{shown} answers; accounts: {accounts}"))];
    findings.extend(hosts_differ(configuration, &hosts));
    findings.extend(secrets);
    findings.extend(unanswered);
    let domains = if hosts.is_empty() {
        configuration.config.domains.clone()
    } else {
        hosts
    };
    Found {
        domains,
        is_clustered,
        findings,
    }
}

fn is_pinned_on(configuration: &Configuration) -> bool {
    let mut pins = configuration.pins.iter();
    pins.any(|pin| pin.name == CLUSTER_ENABLED && pin.value == Value::Bool(true))
}

/// How up to date a database's tables are.
enum Tables {
    /// A server could only read them; with what the database says to that.
    ReadOnly(String),
    /// A start would change them. That is not for a look to do.
    Older(Inspection),
    Current(Contents),
}

/// What is in them.
struct Contents {
    hosts: Vec<String>,
    accounts: u64,
    is_clustered: bool,
    /// What there is to say of those that are encrypted.
    secrets: Vec<Finding>,
    /// What there is to say where authorities are not answered.
    unanswered: Option<Finding>,
}

async fn open(configuration: &Configuration) -> Result<Tables, StorageError> {
    let options = wiring::storage_options(&configuration.config);
    let inspection = Storage::inspect(&options).await?;
    if let Some(error) = inspection.refuses_writing {
        return Ok(Tables::ReadOnly(error));
    }
    if inspection.found < inspection.known {
        return Ok(Tables::Older(inspection));
    }
    let storage = Storage::open(&options).await?;
    let hosts = storage.hosts().list().await?;
    let mut accounts = 0;
    for host in &hosts {
        accounts += storage.accounts().count(host.id).await?;
    }
    let is_clustered = is_on(configuration, &storage, CLUSTER_ENABLED).await;
    let unanswered = unanswered(configuration, &storage).await;
    let secrets = secrets(configuration, &storage).await;
    storage.close().await?;
    let hosts = hosts.into_iter().map(|host| host.domain).collect();
    Ok(Tables::Current(Contents {
        hosts,
        accounts,
        is_clustered,
        secrets,
        unanswered,
    }))
}

/// A database that answered a moment ago does so again, or it is away: then that is what counts.
async fn is_on(configuration: &Configuration, storage: &Storage, name: &str) -> bool {
    let sealing = wiring::sealing(storage, &KeyFile::new(&configuration.config));
    let (properties, _) = wiring::properties(configuration, storage, &sealing);
    let held = properties.held().await.unwrap_or_default();
    held.get(name).is_some_and(|held| held.value == Value::Bool(true))
}

/// Certificates are ordered, and nobody here tells the authority that the hosts are ours.
async fn unanswered(configuration: &Configuration, storage: &Storage) -> Option<Finding> {
    if !configuration.config.acme.listen.is_empty() || !is_on(configuration, storage, "acme.enabled").await {
        return None;
    }
    Some(Finding::warning(
        "certificate",
        "certificates are ordered (acme.enabled), and acme.listen is empty: no authority is answered here",
        "set acme.listen = [\"0.0.0.0:80\"], or have another server that shares the database do so",
    ))
}

/// Whether the key for secrets is here, and opens them.
async fn secrets(configuration: &Configuration, storage: &Storage) -> Vec<Finding> {
    const SUBJECT: &str = "secrets";
    let key = KeyFile::new(&configuration.config);
    let sealing = wiring::sealing(storage, &key);
    let advice = "until then the defaults hold, and nobody gets in with a second factor but by a recovery code";
    if let Err(OpsError::Sealed(why)) = sealing.look().await {
        return vec![Finding::error(SUBJECT, why, advice)];
    }
    let (properties, _) = wiring::properties(configuration, storage, &sealing);
    let held = properties.held().await.unwrap_or_default();
    let problems = held
        .iter()
        .filter_map(|(name, held)| Some(format!("{name}: {}", held.problem.as_ref()?)));
    let mut findings: Vec<Finding> = problems
        .map(|problem| Finding::error(SUBJECT, problem, advice))
        .collect();
    if findings.is_empty() && key.load().is_ok_and(|key| key.is_some()) {
        let message = format!("the key in {} opens what is encrypted; keep a copy of it", key.place());
        findings.push(Finding::ok(SUBJECT, message));
    }
    findings
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
