//! Certificates that come by themselves (RFC 8555): where they are ordered and for whom, how that goes, and an order now.
//!
//! | to find | look in |
//! |---|---|
//! | when one is ordered | `plan` |
//! | what is said of it | `info` |
//! | keys and accounts, encrypted | `vault` |
//! | what the job does that orders | `work` |

mod info;
mod plan;
mod settings;
mod vault;
mod work;

use std::sync::Arc;

use storage::{AcmeOrder, Host, KeptCertificate, KeptSource, Storage};

pub use info::{AcmeConsent, AcmeDirectory, AcmeFailed, AcmeHost, AcmeState, AcmeStatus, AcmeWish};
pub use settings::{AcmeSettings, LETS_ENCRYPT, LETS_ENCRYPT_STAGING};
pub use vault::Vault;
pub use work::{AcmeRefusal, AcmeWork, Wanted};

use crate::{Actor, Asked, CertificateRefusal, NotSet, OpsError, Properties, audit::Deed};

/// Acts on orders of certificates.
#[derive(Clone)]
pub struct Acme {
    storage: Storage,
    properties: Properties,
    here: Arc<dyn AcmeHere>,
}

/// What this server knows of authorities and of itself.
pub trait AcmeHere: Send + Sync {
    /// What the authority with this directory wants. The error is a clause for the operator.
    fn look<'a>(&'a self, directory: &'a str) -> Asked<'a, Result<AcmeDirectory, String>>;

    /// Whether it answers challenges.
    fn is_listening(&self) -> bool;

    /// Whether the configuration names this host's certificate.
    fn is_configured(&self, host: &str) -> bool;
}

/// What the database has of all this, read at once.
struct Found {
    settings: AcmeSettings,
    consent: Option<AcmeConsent>,
    hosts: Vec<Host>,
    orders: Vec<AcmeOrder>,
    kept: Vec<KeptCertificate>,
}

impl Acme {
    /// Acts on orders; `here` is this server.
    #[must_use]
    pub fn new(storage: Storage, properties: Properties, here: Arc<dyn AcmeHere>) -> Self {
        Self {
            storage,
            properties,
            here,
        }
    }

    /// How things stand.
    ///
    /// # Errors
    /// Where the actor's power ends at a host, or the database fails.
    pub async fn status(&self, actor: &Actor) -> Result<AcmeStatus, OpsError> {
        actor.require_server()?;
        let found = Box::pin(self.found()).await?;
        let now = self.storage.now_micros();
        Ok(AcmeStatus {
            hosts: found.hosts.iter().map(|host| self.host(&found, host, now)).collect(),
            is_enabled: found.settings.is_enabled,
            directory: found.settings.directory,
            contact: found.settings.contact,
            wanted: found.settings.hosts,
            binding_id: found.settings.binding_id,
            consent: found.consent,
            is_listening: self.here.is_listening(),
        })
    }

    /// The hosts that orders do not go well for.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn troubles(&self) -> Result<Vec<AcmeHost>, OpsError> {
        if !Box::pin(self.settings()).await?.is_enabled {
            return Ok(Vec::new());
        }
        let found = Box::pin(self.found()).await?;
        let now = self.storage.now_micros();
        let hosts = found.hosts.iter().map(|host| self.host(&found, host, now));
        Ok(hosts
            .filter(|host| matches!(host.state, AcmeState::Failed | AcmeState::NoConsent))
            .collect())
    }

    /// What an authority wants before all else.
    ///
    /// # Errors
    /// Where the actor is no owner, or the authority does not answer.
    pub async fn look(&self, actor: &Actor, directory: &str) -> Result<AcmeDirectory, OpsError> {
        actor.require_owner()?;
        let looked = self.here.look(directory).await;
        looked.map_err(|why| refusal("directory", why))
    }

    /// Orders certificates from now on, and agrees to the authority's terms, which the wish has to name.
    ///
    /// # Errors
    /// Where the actor is no owner, the authority does not answer, or something that it wants is missing.
    pub async fn turn_on(&self, actor: &Actor, wish: AcmeWish) -> Result<AcmeStatus, OpsError> {
        actor.require_owner()?;
        let settings = Box::pin(self.settings()).await?;
        let directory = wish
            .directory
            .as_deref()
            .unwrap_or(&settings.directory)
            .trim()
            .to_owned();
        if let Some(error) = self.properties.refusal("acme.directory_url", &directory) {
            return Err(refusal("directory", error.to_string()));
        }
        let wanted = self.look(actor, &directory).await?;
        let has_binding = !wish.binding_id.as_deref().unwrap_or(&settings.binding_id).is_empty();
        if wanted.needs_binding && !has_binding {
            let why =
                "this authority makes accounts only for those whom it knows: put in the key that it gave you (EAB)";
            return Err(refusal("eab_key_id", why));
        }
        self.check_hosts(wish.hosts.as_deref().unwrap_or_default()).await?;
        self.agree(actor, &directory, &wanted.terms, wish.agreed_terms.as_deref())
            .await?;
        let texts = [
            ("acme.directory_url", wish.directory.map(|_| directory)),
            ("acme.contact", wish.contact.map(|contact| contact.trim().to_owned())),
            ("acme.hosts", wish.hosts.map(|hosts| hosts.join(","))),
            ("acme.eab_key_id", wish.binding_id.map(|id| id.trim().to_owned())),
            (
                "acme.eab_secret",
                wish.binding_secret.map(|secret| secret.reveal().trim().to_owned()),
            ),
            ("acme.enabled", Some("true".to_owned())),
        ];
        let values: Vec<(String, String)> = texts
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), text?)))
            .collect();
        match Box::pin(self.properties.set_all(actor, &values)).await {
            Ok(()) => self.status(actor).await,
            Err(NotSet::Other(error)) => Err(error),
            Err(NotSet::Values(wrong)) => Err(of_field(&wrong)),
        }
    }

    /// Hosts that certificates are to be ordered for are hosts of ours.
    async fn check_hosts(&self, wanted: &[String]) -> Result<(), OpsError> {
        let hosts = self.storage.hosts().list().await?;
        let is_ours = |name: &&String| hosts.iter().any(|host| host.domain.eq_ignore_ascii_case(name));
        match wanted.iter().find(|name| !is_ours(name)) {
            Some(stranger) => Err(refusal("hosts", format!("this server has no host {stranger}"))),
            None => Ok(()),
        }
    }

    /// Agrees to the terms, unless that was done before.
    async fn agree(&self, actor: &Actor, directory: &str, terms: &str, agreed: Option<&str>) -> Result<(), OpsError> {
        let before = self.storage.acme().account(directory).await?;
        if before.is_some_and(|account| account.terms == terms) {
            return Ok(());
        }
        if !terms.is_empty() && agreed.map(str::trim) != Some(terms) {
            let why = format!("the authority’s terms are at {terms}: read them, and say that you agree");
            return Err(refusal("agreed", why));
        }
        let deed = Deed {
            after: Some(terms.to_owned()),
            ..Deed::new("acme.agree", directory)
        };
        let work = async {
            let acme = self.storage.acme();
            Ok(acme.agree(directory, terms, &actor.to_string()).await?)
        };
        self.properties.record().record(actor, deed, work).await
    }

    /// Orders none any more. What is there stays.
    ///
    /// # Errors
    /// Where the actor is no owner, or the configuration says that they are ordered.
    pub async fn turn_off(&self, actor: &Actor) -> Result<AcmeStatus, OpsError> {
        let values = [("acme.enabled".to_owned(), "false".to_owned())];
        match Box::pin(self.properties.set_all(actor, &values)).await {
            Ok(()) => self.status(actor).await,
            Err(NotSet::Other(error)) => Err(error),
            Err(NotSet::Values(wrong)) => Err(of_field(&wrong)),
        }
    }

    /// Orders a host's certificate now, whether it is due or not. The server that does so is found by itself.
    ///
    /// # Errors
    /// Where the actor is no owner, there is no such host, none is ordered for it, or the authority wants to be left
    /// alone.
    pub async fn order_now(&self, actor: &Actor, host: &str) -> Result<(), OpsError> {
        let work = async {
            actor.require_owner()?;
            let found = Box::pin(self.found()).await?;
            let Some(known) = found.hosts.iter().find(|known| known.domain == host) else {
                let hosts: Vec<&str> = found.hosts.iter().map(|host| host.domain.as_str()).collect();
                return Err(OpsError::NoHost {
                    domain: host.to_owned(),
                    hosts: hosts.join(", "),
                });
            };
            let now = self.storage.now_micros();
            let why = match self.host(&found, known, now).state {
                AcmeState::Off => "no certificate is ordered for it: turn ACME on for it first",
                AcmeState::Configured => "the configuration names its certificate: change it there",
                AcmeState::NoConsent => "nobody has agreed to the authority’s terms yet",
                AcmeState::Ordering => "one is being ordered already",
                _ if found.order(known).is_some_and(|order| order.held_until > now) => {
                    "the authority wants to be left alone until the next try"
                }
                _ => return Ok(self.storage.acme().wish(known.id).await?),
            };
            Err(OpsError::Refused(why.to_owned()))
        };
        let record = self.properties.record();
        record.record(actor, Deed::new("acme.order", host), work).await
    }

    /// How things stand with a host.
    fn host(&self, found: &Found, host: &Host, now: i64) -> AcmeHost {
        let (kept, order) = (found.kept(host), found.order(host));
        let present = kept.and_then(work::present).filter(|present| present.until > now);
        let failed = order.and_then(|order| {
            Some(AcmeFailed {
                at: order.failed_at?,
                why: order.why.clone().unwrap_or_default(),
                times: order.failures,
            })
        });
        let is_wished = order.is_some_and(|order| order.wished_at.is_some());
        let next_at = plan::next(present, order);
        let state = match (&failed, present) {
            _ if !found.settings.wants(&host.domain) => AcmeState::Off,
            _ if self.here.is_configured(&host.domain) => AcmeState::Configured,
            _ if found.consent.is_none() => AcmeState::NoConsent,
            _ if order.is_some_and(|order| order.is_claimed) => AcmeState::Ordering,
            _ if is_wished => AcmeState::Waiting,
            (Some(_), _) => AcmeState::Failed,
            (None, Some(_)) => AcmeState::Valid,
            (None, None) => AcmeState::Waiting,
        };
        AcmeHost {
            host: host.domain.clone(),
            state,
            valid_until: present.map(|present| present.until),
            is_ordered: kept.is_some_and(|kept| kept.source == KeptSource::Acme),
            next_at: matches!(state, AcmeState::Failed | AcmeState::Valid).then_some(next_at),
            failed,
        }
    }

    async fn settings(&self) -> Result<AcmeSettings, OpsError> {
        Ok(AcmeSettings::of(&self.properties.held().await?))
    }

    async fn found(&self) -> Result<Found, OpsError> {
        let settings = Box::pin(self.settings()).await?;
        let account = self.storage.acme().account(&settings.directory).await?;
        let mut hosts = self.storage.hosts().list().await?;
        hosts.retain(|host| host.disabled_at.is_none());
        Ok(Found {
            settings,
            consent: account.map(|account| AcmeConsent {
                terms: account.terms,
                by: account.agreed_by,
                at: account.agreed_at,
            }),
            hosts,
            orders: self.storage.acme().orders().await?,
            kept: self.storage.kept_certificates().list().await?,
        })
    }
}

impl Found {
    fn order(&self, host: &Host) -> Option<&AcmeOrder> {
        self.orders.iter().find(|order| order.host == host.id)
    }

    fn kept(&self, host: &Host) -> Option<&KeptCertificate> {
        self.kept.iter().find(|kept| kept.host == host.id)
    }
}

fn refusal(field: &str, why: impl Into<String>) -> OpsError {
    OpsError::Certificate(CertificateRefusal::of(field, why))
}

/// What is wrong with a property, beside the field that it comes from.
fn of_field(wrong: &std::collections::HashMap<String, OpsError>) -> OpsError {
    let fields = [
        ("acme.directory_url", "directory"),
        ("acme.contact", "contact"),
        ("acme.hosts", "hosts"),
        ("acme.eab_key_id", "eab_key_id"),
        ("acme.eab_secret", "eab_secret"),
    ];
    let found = fields.iter().find_map(|(name, field)| Some((field, wrong.get(*name)?)));
    match found {
        Some((field, error)) => refusal(field, error.to_string()),
        None => wrong
            .values()
            .next()
            .cloned()
            .unwrap_or(OpsError::Field("nothing was set")),
    }
}
