//! Orders certificates, one after the other. In a cluster its senior does; where several servers share a database each by
//! itself, whoever claims a host first.

use std::{sync::Arc, time::Duration};

use acme::{Account, Binding, Challenges, Failure, Issued, Kind, NewAccount, Promise};
use cluster::Fence;
use ops::{Acme, AcmeRefusal, AcmeSettings, AcmeWork, Clustering, OpsError, Vault, Wanted};
use rustls::ClientConfig;
use storage::{Changes, Clock, Host, SystemClock};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use transport::{check_chain, parse_pair};

use super::AcmeDesk;
use crate::life;

/// What it is made of.
pub(crate) struct AcmeJob {
    pub(crate) acme: Acme,
    pub(crate) vault: Vault,
    pub(crate) desk: AcmeDesk,
    pub(crate) clustering: Clustering,
    pub(crate) fence: Arc<Fence>,
    /// This server's name among its peers.
    pub(crate) node: String,
    pub(crate) changes: Changes,
}

/// An order as a whole: shorter than a claim lasts.
const ORDER_TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// However far the next one is, what is due is looked at this often: clocks are set, and others become senior.
const LOOK: Duration = Duration::from_secs(30);
/// Between two looks at least.
const PAUSE: Duration = Duration::from_millis(500);

impl AcmeJob {
    /// Orders what is due, until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        if stop.run_until_cancelled(self.fence.opened()).await.is_none() {
            return;
        }
        loop {
            let next = self.round(&stop).await;
            let soonest = Instant::now() + PAUSE;
            let wait = async {
                tokio::select! {
                    _ = self.changes.changed() => {}
                    () = sleep_until(next) => {}
                }
                sleep_until(soonest).await;
            };
            if stop.run_until_cancelled(wait).await.is_none() {
                return;
            }
        }
    }

    /// Orders what is due now, where that is this server's to do; when to look again.
    async fn round(&self, stop: &CancellationToken) -> Instant {
        let latest = Instant::now() + LOOK;
        if !self.fence.is_open() || !life::is_ours(&self.clustering, &self.node).await {
            return latest;
        }
        let work = match self.acme.work().await {
            Ok(work) => work,
            Err(error) => {
                tracing::debug!(target: "acme", %error, "it is not known what is due");
                return latest;
            }
        };
        if work.due.is_empty() {
            return until(&work, latest);
        }
        if let Err(error) = self.vault.look().await {
            // What would be issued could not be kept; another server may have the key.
            tracing::debug!(target: "acme", %error, "nothing is ordered here");
            return latest;
        }
        let mut refused = None;
        for wanted in &work.due {
            if stop.is_cancelled() || !self.fence.is_open() {
                return latest;
            }
            if let Err(error) = self.one(&work.settings, wanted, &mut refused, stop).await {
                tracing::warn!(target: "acme", host = wanted.host.domain, %error, "a certificate was not ordered");
            }
        }
        until(&work, latest)
    }

    /// Orders a host's certificate, unless another server does. What the authority says to all of us, as that it is
    /// overloaded, is `refused` for the hosts that follow too: it is not asked again for each.
    async fn one(
        &self,
        settings: &AcmeSettings,
        wanted: &Wanted,
        refused: &mut Option<Failure>,
        stop: &CancellationToken,
    ) -> Result<(), OpsError> {
        let (host, claim) = (&wanted.host, claim());
        if !self.acme.claim(host, &claim).await? {
            return Ok(());
        }
        let order = timeout(ORDER_TIMEOUT, self.order(settings, host, refused));
        let Some(ordered) = stop.run_until_cancelled(order).await else {
            return self.acme.give_up(host, &claim).await;
        };
        let failure = match ordered.unwrap_or_else(|_| Err(Failure::too_late())) {
            Ok(Issued { chain, key }) => match self.vault.issued(host, &claim, &chain, &key).await {
                Ok(true) => {
                    tracing::info!(target: "acme", host = host.domain, "a certificate was issued");
                    return Ok(());
                }
                Ok(false) => {
                    tracing::warn!(target: "acme", host = host.domain, "an order took too long: another server makes it");
                    return Ok(());
                }
                Err(error) => plain(&error.to_string()),
            },
            Err(failure) => failure,
        };
        let refusal = AcmeRefusal {
            why: failure.why,
            held_micros: failure
                .retry_after
                .and_then(|wait| i64::try_from(wait.as_micros()).ok()),
        };
        self.acme.failed(wanted, &claim, &refusal).await?;
        tracing::error!(target: "acme", host = host.domain, why = refusal.why, "a certificate was not issued");
        Ok(())
    }

    async fn order(
        &self,
        settings: &AcmeSettings,
        host: &Host,
        refused: &mut Option<Failure>,
    ) -> Result<Issued, Failure> {
        if let Some(failure) = refused {
            return Err(failure.clone());
        }
        let account = match self.account(settings).await {
            Ok(account) => account,
            Err(failure) => return Err(refused.insert(failure).clone()),
        };
        let name = idna::domain_to_ascii(&host.domain)
            .map_err(|_| plain(&format!("{} cannot be written as a name in DNS", host.domain)))?;
        tracing::info!(target: "acme", host = host.domain, directory = settings.directory, "a certificate is ordered");
        let issued = account.order(&name, &Board(&self.acme)).await;
        if let Err(failure) = &issued
            && failure.kind == Kind::NoAccount
        {
            // The next try makes another one.
            let forgotten = self.vault.keep_account(&settings.directory, None).await;
            forgotten.map_err(|error| plain(&error.to_string()))?;
        }
        let issued = issued?;
        check(&host.domain, &issued).map_err(|why| plain(&format!("what came back cannot be used: {why}")))?;
        Ok(issued)
    }

    /// The account there: that of before, or a new one.
    async fn account(&self, settings: &AcmeSettings) -> Result<Account, Failure> {
        let failed = |error: OpsError| plain(&error.to_string());
        let tls: Arc<ClientConfig> = self.desk.tls().map_err(|why| plain(&why))?;
        let directory = &settings.directory;
        if let Some(kept) = self.vault.account(directory).await.map_err(failed)? {
            match Account::restore(&kept, &settings.contact, Arc::clone(&tls)).await {
                Ok((account, others)) => {
                    if let Some(others) = others {
                        self.vault
                            .keep_account(directory, Some(&others))
                            .await
                            .map_err(failed)?;
                    }
                    return Ok(account);
                }
                Err(failure) if failure.kind == Kind::NoAccount => {}
                Err(failure) => return Err(failure),
            }
        }
        let new = NewAccount {
            directory,
            contact: &settings.contact,
            binding: binding(settings)?,
        };
        let (account, kept) = Account::make(new, tls).await?;
        self.vault.keep_account(directory, Some(&kept)).await.map_err(failed)?;
        tracing::info!(target: "acme", directory, "an account was made at the authority");
        Ok(account)
    }
}

/// When to look again: when the next one is due, or at the latest.
fn until(work: &AcmeWork, latest: Instant) -> Instant {
    let until = work.next_at.map(|at| at.saturating_sub(SystemClock.now_micros()));
    let until = until.map(|micros| Duration::from_micros(u64::try_from(micros).unwrap_or_default()));
    until.map_or(latest, |until| latest.min(Instant::now() + until))
}

fn binding(settings: &AcmeSettings) -> Result<Option<Binding>, Failure> {
    if settings.binding_id.is_empty() {
        return Ok(None);
    }
    let binding = Binding::parse(&settings.binding_id, &settings.binding_secret);
    let missing =
        || plain("acme.eab_key_id is set and acme.eab_secret has no key: set both, as the authority gave them");
    binding.map(Some).ok_or_else(missing)
}

/// Whether a server could show this for the host.
fn check(host: &str, issued: &Issued) -> Result<(), String> {
    let pair = parse_pair(&issued.chain, &issued.key).map_err(|error| error.to_string())?;
    if !pair.is_for(host) {
        return Err(format!("it is for {}", pair.info().subject_names.join(", ")));
    }
    check_chain(pair.chain()).map_err(|error| error.to_string())
}

fn plain(why: &str) -> Failure {
    Failure {
        kind: Kind::Other,
        why: why.to_owned(),
        retry_after: None,
    }
}

/// What tells a claim from all others.
fn claim() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system's random source works");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where answers to challenges are put up: the database, so that whichever server is asked knows them.
struct Board<'a>(&'a Acme);

impl Challenges for Board<'_> {
    fn put<'a>(&'a self, token: &'a str, answer: &'a str) -> Promise<'a, Result<(), String>> {
        Box::pin(async move {
            let put = self.0.put_challenge(token, answer).await;
            put.map_err(|error| error.to_string())
        })
    }

    fn end<'a>(&'a self, token: &'a str) -> Promise<'a, ()> {
        Box::pin(async move {
            // It ends by itself a little later.
            let _ = self.0.end_challenge(token).await;
        })
    }
}
