//! What operators should mend before it hurts: names and certificates, looked at now and then for the console.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use ops::{Acme, Mood, Outlook};
use storage::{Clock, SystemClock};
use tokio::time::Instant;

use crate::{
    check::{self, Finding},
    cli::time,
    config::Configuration,
    install::finding,
};

/// Between two looks: names and certificates change seldom, and others' name servers are not ours to wear out.
const EVERY: Duration = Duration::from_secs(1800);
/// How soon another host is looked at.
const HOSTS_EVERY: Duration = Duration::from_secs(5);

/// What was found last. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Lookout(Arc<Mutex<Outlook>>);

impl Lookout {
    /// What was found last.
    pub(crate) fn found(&self) -> Outlook {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks now and then, and when there are other hosts, for ever.
    pub(crate) async fn run(self, configuration: Configuration, domains: Arc<ArcSwap<Vec<String>>>, acme: Acme) {
        loop {
            let looked_at = domains.load_full();
            let findings = check::outlook(&configuration, &looked_at).await;
            let ordered = orders(&acme).await;
            let found = Outlook {
                looked_at: Some(SystemClock.now_micros()),
                findings: findings.iter().cloned().chain(ordered.clone()).map(finding).collect(),
            };
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = found;
            let next = Instant::now() + EVERY;
            while Instant::now() < next && *domains.load_full() == *looked_at && orders(&acme).await == ordered {
                tokio::time::sleep(HOSTS_EVERY).await;
            }
        }
    }
}

/// What is to be said of orders of certificates: those that do not go well.
async fn orders(acme: &Acme) -> Vec<Finding> {
    // Whether the database answers, others watch.
    let troubles = acme.troubles().await.unwrap_or_default();
    let said = troubles.iter().map(|host| {
        let (mood, text) = host.said(&time);
        check::ordered(format!("{} by ACME: {text}", host.host), mood == Mood::Bad)
    });
    said.collect()
}
