//! `/certificates`: what each host is served with, and another one.

use jiff::Timestamp;
use ops::{
    CertificateFacts, CertificateSource, ChainTrust, HostCertificate, ImportWish, Installed, KeyWish, Mood, Password,
    RequestWish,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    answer::{Json, Outcome},
    request::{Caller, Name, Query, Sent},
    wire::Time,
};

/// Whose certificates: they are files of one server each.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NodeQuery {
    /// A server of the cluster, by its number; without it: the one that is asked.
    node: Option<u64>,
}

/// What each host is served with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CertificateList {
    certificates: Vec<HostEntry>,
}

/// What one host is served with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HostEntry {
    host: String,
    /// `made` by the server, `put-in` by an operator, `acme` (ordered at an authority), or `configuration`.
    source: &'static str,
    /// Where the configuration names its file, where it does: only there it can be changed.
    configured_by: Option<String>,
    /// Whether it is for the host.
    covers_host: bool,
    /// `self-signed`, `complete`, `incomplete` or `unknown`.
    chain_state: &'static str,
    /// Days until the first certificate of the chain runs out; none: nothing is shown for the host.
    days_left: Option<i64>,
    /// `good`, `warn` or `bad`: the worst that there is to say.
    state: &'static str,
    /// What there is to say, the worst first.
    advice: Vec<String>,
    /// The server's own certificate, and after each the one that signed it.
    chain: Vec<ChainEntry>,
    /// A signing request that waits for its certificate, PEM.
    pending_request: Option<String>,
}

/// One certificate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChainEntry {
    subject: String,
    issuer: String,
    serial: String,
    /// The names it is for.
    names: Vec<String>,
    not_before: Time,
    not_after: Time,
    /// Kind and size of its key.
    key: String,
    signature: String,
    /// SHA-256 over all of it.
    fingerprint_sha256: String,
    is_self_signed: bool,
}

/// A certificate that is to be put in force.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCertificate {
    /// The host that it is for; without it: every host that it names.
    host: Option<String>,
    /// PEM: the server's certificate first, after each the one that signed it.
    chain: String,
    /// PEM: its key; without it: that of the signing request that waits, or the one in use.
    key: Option<String>,
    /// At all servers of the cluster, also those that join later, not at one alone.
    #[serde(default)]
    everywhere: bool,
}

/// A certificate that is in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InForce {
    /// For these hosts.
    hosts: Vec<String>,
    fingerprint_sha256: String,
    /// Servers that did not take it.
    failed: Vec<Failed>,
}

/// A server that did not take a certificate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Failed {
    node: u64,
    why: String,
}

/// What a signing request asks for (RFC 2986); parts that are empty are left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NewRequest {
    /// Names that the certificate should have besides the host's.
    names: Vec<String>,
    /// The kind of its key: `ecdsa-p256`, `ecdsa-p384` or `rsa-3072`.
    key: KeyName,
    organization: String,
    unit: String,
    city: String,
    state: String,
    /// Two capital letters.
    country: String,
}

/// Kinds of keys.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum KeyName {
    /// ECDSA on P-256.
    #[default]
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// RSA of 3072 bits.
    #[serde(rename = "rsa-3072")]
    Rsa3072,
}

/// A signing request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeRequest {
    /// PEM; its key stays at the server.
    request: String,
}

/// What each host is served with.
#[utoipa::path(get, path = "/certificates", params(NodeQuery), responses((status = 200, body = CertificateList)))]
pub(crate) async fn list(caller: Caller, Query(query): Query<NodeQuery>) -> Outcome<Json<CertificateList>> {
    let hosts = caller.acts.certificates.list(&caller.actor, query.node).await?;
    let now = Timestamp::now().as_microsecond();
    Ok(Json(CertificateList {
        certificates: hosts.into_iter().map(|host| HostEntry::of(host, now)).collect(),
    }))
}

/// Puts a certificate in force, at once, for those who connect from then on.
#[utoipa::path(post, path = "/certificates", params(NodeQuery), request_body = NewCertificate,
    responses((status = 200, body = InForce)))]
pub(crate) async fn import(
    caller: Caller,
    Query(query): Query<NodeQuery>,
    Sent(new): Sent<NewCertificate>,
) -> Outcome<Json<InForce>> {
    let wish = ImportWish {
        host: new.host,
        chain: new.chain,
        key: new.key.map(Password::new),
    };
    let certificates = &caller.acts.certificates;
    let installed = certificates
        .import(&caller.actor, wish, query.node, new.everywhere)
        .await?;
    Ok(Json(installed.into()))
}

/// Makes a certificate that vouches for itself, and puts it in force in the place of the present one.
#[utoipa::path(post, path = "/certificates/{host}/self-signed",
    params(("host" = String, Path, description = "The host."), NodeQuery), responses((status = 200, body = InForce)))]
pub(crate) async fn self_signed(
    caller: Caller,
    Name(host): Name,
    Query(query): Query<NodeQuery>,
) -> Outcome<Json<InForce>> {
    let certificates = &caller.acts.certificates;
    let installed = certificates.self_signed(&caller.actor, &host, query.node).await?;
    Ok(Json(installed.into()))
}

/// Makes a signing request; its key stays at the server.
#[utoipa::path(post, path = "/certificates/{host}/request",
    params(("host" = String, Path, description = "The host."), NodeQuery), request_body = NewRequest,
    responses((status = 200, body = MadeRequest)))]
pub(crate) async fn request(
    caller: Caller,
    Name(host): Name,
    Query(query): Query<NodeQuery>,
    Sent(new): Sent<NewRequest>,
) -> Outcome<Json<MadeRequest>> {
    let wish = RequestWish {
        host,
        names: new.names,
        key: match new.key {
            KeyName::EcdsaP256 => KeyWish::EcdsaP256,
            KeyName::EcdsaP384 => KeyWish::EcdsaP384,
            KeyName::Rsa3072 => KeyWish::Rsa3072,
        },
        organization: new.organization,
        unit: new.unit,
        city: new.city,
        state: new.state,
        country: new.country,
    };
    let request = caller
        .acts
        .certificates
        .request(&caller.actor, wish, query.node)
        .await?;
    Ok(Json(MadeRequest { request }))
}

impl HostEntry {
    fn of(host: HostCertificate, now: i64) -> Self {
        let advice = host.advice(now);
        let (source, configured_by) = match &host.source {
            CertificateSource::Made => ("made", None),
            CertificateSource::PutIn => ("put-in", None),
            CertificateSource::Acme => ("acme", None),
            CertificateSource::Configuration(by) => ("configuration", Some(by.clone())),
        };
        Self {
            source,
            configured_by,
            covers_host: host.covers_host,
            chain_state: match host.trust {
                ChainTrust::SelfSigned => "self-signed",
                ChainTrust::Complete => "complete",
                ChainTrust::Incomplete(_) => "incomplete",
                ChainTrust::Unknown => "unknown",
            },
            days_left: host.days_left(now),
            state: match advice.first() {
                None | Some((Mood::Good, _)) => "good",
                Some((Mood::Warn, _)) => "warn",
                Some((Mood::Bad, _)) => "bad",
            },
            advice: advice.into_iter().map(|(_, text)| text).collect(),
            chain: host.chain.into_iter().map(ChainEntry::from).collect(),
            pending_request: host.request.map(|request| request.pem),
            host: host.host,
        }
    }
}

impl From<CertificateFacts> for ChainEntry {
    fn from(facts: CertificateFacts) -> Self {
        Self {
            subject: facts.subject,
            issuer: facts.issuer,
            serial: facts.serial,
            names: facts.names,
            not_before: Time(facts.not_before),
            not_after: Time(facts.not_after),
            key: facts.key,
            signature: facts.signature,
            fingerprint_sha256: facts.fingerprint,
            is_self_signed: facts.is_self_signed,
        }
    }
}

impl From<Installed> for InForce {
    fn from(installed: Installed) -> Self {
        let failed = installed.failed.into_iter();
        Self {
            hosts: installed.hosts,
            fingerprint_sha256: installed.fingerprint,
            failed: failed.map(|(node, why)| Failed { node, why }).collect(),
        }
    }
}
