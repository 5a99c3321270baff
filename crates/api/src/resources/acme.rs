//! `/acme`: certificates that come by themselves (RFC 8555).

use ops::{AcmeHost, AcmeState, AcmeStatus, AcmeWish, Password};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::{Done, Json, Outcome},
    request::{Caller, Name, Sent},
    wire::Time,
};

/// Where certificates are ordered, for which hosts, and how that goes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcmeOverview {
    enabled: bool,
    /// The address of the authority's directory.
    directory_url: String,
    contact: String,
    /// Hosts that certificates are ordered for; empty: every one.
    wanted_hosts: Vec<String>,
    eab_key_id: String,
    /// Who agreed to the authority's terms.
    consent: Option<Consent>,
    /// Whether the server that is asked answers challenges itself.
    answers_challenges: bool,
    hosts: Vec<OrderedHost>,
}

/// Somebody agreed to an authority's terms.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Consent {
    /// Their address; empty where it has none.
    terms: String,
    by: String,
    at: Time,
}

/// How things stand with a host.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderedHost {
    host: String,
    /// `off`, `configured` (the configuration names its certificate), `no-consent`, `ordering`, `waiting`, `failed` or
    /// `valid`.
    state: &'static str,
    /// Until when the certificate is valid that all servers use for it.
    valid_until: Option<Time>,
    /// Whether that was ordered; otherwise an operator put it in.
    is_ordered: bool,
    /// When the next one is ordered, at the earliest.
    next_at: Option<Time>,
    failed_at: Option<Time>,
    /// Why the last order failed: the authority's own words where it said any.
    why: Option<String>,
    /// Orders that have failed, one after the other.
    failures: u32,
}

/// Whether certificates are ordered, and where; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcmeChange {
    enabled: bool,
    directory_url: Option<String>,
    contact: Option<String>,
    /// Empty: every host.
    wanted_hosts: Option<Vec<String>>,
    eab_key_id: Option<String>,
    /// The key of that name, in base64.
    eab_secret: Option<String>,
    /// The address of the authority's terms, to say that they are agreed to. A refusal says what it is.
    agreed_terms: Option<String>,
}

/// Where certificates are ordered, and how that goes.
#[utoipa::path(get, path = "/acme", responses((status = 200, body = AcmeOverview)))]
pub(crate) async fn show(caller: Caller) -> Outcome<Json<AcmeOverview>> {
    Ok(Json(caller.acts.acme.status(&caller.actor).await?.into()))
}

/// Orders certificates from now on, or none any more.
#[utoipa::path(put, path = "/acme", request_body = AcmeChange, responses((status = 200, body = AcmeOverview)))]
pub(crate) async fn change(caller: Caller, Sent(change): Sent<AcmeChange>) -> Outcome<Json<AcmeOverview>> {
    let acme = &caller.acts.acme;
    if !change.enabled {
        return Ok(Json(acme.turn_off(&caller.actor).await?.into()));
    }
    let wish = AcmeWish {
        directory: change.directory_url,
        contact: change.contact,
        hosts: change.wanted_hosts,
        binding_id: change.eab_key_id,
        binding_secret: change.eab_secret.map(Password::new),
        agreed_terms: change.agreed_terms,
    };
    Ok(Json(acme.turn_on(&caller.actor, wish).await?.into()))
}

/// Orders a host's certificate now, whether it is due or not.
#[utoipa::path(post, path = "/certificates/{host}/order",
    params(("host" = String, Path, description = "The host.")), responses((status = 204)))]
pub(crate) async fn order(caller: Caller, Name(host): Name) -> Outcome<Done> {
    caller.acts.acme.order_now(&caller.actor, &host).await?;
    Ok(Done)
}

impl From<AcmeStatus> for AcmeOverview {
    fn from(status: AcmeStatus) -> Self {
        Self {
            enabled: status.is_enabled,
            directory_url: status.directory,
            contact: status.contact,
            wanted_hosts: status.wanted,
            eab_key_id: status.binding_id,
            consent: status.consent.map(|consent| Consent {
                terms: consent.terms,
                by: consent.by,
                at: Time(consent.at),
            }),
            answers_challenges: status.is_listening,
            hosts: status.hosts.into_iter().map(OrderedHost::from).collect(),
        }
    }
}

impl From<AcmeHost> for OrderedHost {
    fn from(host: AcmeHost) -> Self {
        let failures = host.failed.as_ref().map_or(0, |failed| failed.times);
        let (failed_at, why) = host.failed.map(|failed| (Time(failed.at), failed.why)).unzip();
        Self {
            host: host.host,
            state: match host.state {
                AcmeState::Off => "off",
                AcmeState::Configured => "configured",
                AcmeState::NoConsent => "no-consent",
                AcmeState::Ordering => "ordering",
                AcmeState::Waiting => "waiting",
                AcmeState::Failed => "failed",
                AcmeState::Valid => "valid",
            },
            valid_until: host.valid_until.map(Time),
            is_ordered: host.is_ordered,
            next_at: host.next_at.map(Time),
            failed_at,
            why,
            failures,
        }
    }
}
