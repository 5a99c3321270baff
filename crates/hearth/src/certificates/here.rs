//! What operators do to the certificates of this server. What is put in force holds at once, for new connections.

use std::sync::Arc;

use arc_swap::ArcSwap;
use ops::{
    Asked, CertificateAnswer, CertificateFacts, CertificateRefusal, CertificateSource, CertificateWish,
    CertificatesHere, ChainTrust, HostCertificate, ImportWish, KeyWish, Password, RequestInfo, RequestWish,
};
use parking_lot::Mutex;
use transport::{
    CertificateDetails, CertificateError, Certificates, ChainEnd, KeyKind, Pair, Requester, TrustAnchors, check_chain,
    end_of_chain, key_in, parse_pair,
};

use super::{
    Origins, trust,
    wrong::{check_dates, failed, is_domain, is_of_key, sent_wrong},
};
use crate::console::micros;

/// The certificates of this server.
#[derive(Clone)]
pub(crate) struct CertificateDesk {
    /// As a reload has read them last.
    pub(crate) origins: Arc<ArcSwap<Origins>>,
    /// The hosts that are served.
    pub(crate) domains: Arc<ArcSwap<Vec<String>>>,
    /// What is in force; none where no server runs.
    pub(crate) served: Option<Arc<Certificates>>,
    /// One change at a time.
    pub(crate) turn: Arc<Mutex<()>>,
}

type Outcome = Result<CertificateAnswer, CertificateRefusal>;

impl CertificatesHere for CertificateDesk {
    fn act(&self, wish: CertificateWish) -> Asked<'_, Outcome> {
        let desk = self.clone();
        Box::pin(async move {
            // Files are read and synced for it, and an RSA key takes its time.
            let done = tokio::task::spawn_blocking(move || desk.act_now(wish)).await;
            done.unwrap_or_else(|_| Err(failed("this failed; the server's log says more")))
        })
    }

    fn key_for(&self, chain: &str) -> Option<Password> {
        self.fitting(chain).map(|(key, _)| Password::new(key))
    }
}

impl CertificateDesk {
    pub(crate) fn new(origins: Origins, domains: Vec<String>, served: Option<&Arc<Certificates>>) -> Self {
        Self {
            origins: Arc::new(ArcSwap::from_pointee(origins)),
            domains: Arc::new(ArcSwap::from_pointee(domains)),
            served: served.cloned(),
            turn: Arc::default(),
        }
    }

    /// Whether what all servers use for this host is in force here, or was until somebody put in another one, or this is
    /// no host of this server that can be changed.
    pub(crate) fn has_shared(&self, host: &str, mark: &str) -> bool {
        self.changeable(host).is_err() || self.origins.load().folder().shared(host).as_deref() == Some(mark)
    }

    /// Puts in force what all servers use for this host. The error is a clause.
    pub(crate) fn take_shared(&self, host: &str, chain: &str, key: &str, mark: &str) -> Result<(), String> {
        let _turn = self.turn.lock();
        let pair = parse_pair(chain, key).map_err(|error| format!("that for {host}: {error}"))?;
        if let Err(refusal) = check_dates(&pair) {
            return Err(format!("that for {host}: {}", refusal.why));
        }
        let folder = self.origins.load().folder();
        folder
            .put_shared(host, chain, key, mark)
            .map_err(|error| error.to_string())?;
        self.in_force(vec![host.to_owned()]).map_err(|refusal| refusal.why)?;
        tracing::info!(target: "acme", host, "the certificate that all servers use is in force here");
        Ok(())
    }

    /// Whether the configuration names the certificate of this host.
    pub(crate) fn is_configured(&self, host: &str) -> bool {
        let configured = self.origins.load().configured().and_then(|files| files.read().ok());
        configured.is_some_and(|pair| pair.is_for(host))
    }

    fn act_now(&self, wish: CertificateWish) -> Outcome {
        let _turn = self.turn.lock();
        match wish {
            CertificateWish::List => Ok(CertificateAnswer::Hosts(self.list())),
            CertificateWish::Import(wish) => self.import(&wish),
            CertificateWish::SelfSigned(host) => self.self_signed(&host),
            CertificateWish::Request(wish) => self.request(&wish),
        }
    }

    fn list(&self) -> Vec<HostCertificate> {
        let (origins, domains) = (self.origins.load(), self.domains.load());
        let anchors = trust(&origins.tls).unwrap_or_default();
        let shown = match &self.served {
            Some(served) => Some(Arc::clone(served)),
            None => self.on_disk(),
        };
        let info = |host: &String| {
            let pair = shown.as_ref().and_then(|shown| shown.for_host(host));
            let request = origins.folder().request(host).map(|request| RequestInfo {
                pem: request.pem,
                made_at: micros(request.made_at),
            });
            HostCertificate {
                request,
                ..self.described(host, pair.as_deref(), &anchors)
            }
        };
        domains.iter().map(info).collect()
    }

    fn described(&self, host: &str, pair: Option<&Pair>, anchors: &TrustAnchors) -> HostCertificate {
        let Some(pair) = pair else {
            return HostCertificate {
                host: host.to_owned(),
                ..HostCertificate::default()
            };
        };
        let details = pair.chain().iter().filter_map(|one| CertificateDetails::of(one).ok());
        HostCertificate {
            host: host.to_owned(),
            source: self.source(pair),
            chain: details.map(facts).collect(),
            covers_host: pair.is_for(host),
            trust: match end_of_chain(pair.chain(), anchors) {
                ChainEnd::SelfSigned => ChainTrust::SelfSigned,
                ChainEnd::Trusted => ChainTrust::Complete,
                ChainEnd::Unknown(issuer) => ChainTrust::Incomplete(issuer),
                ChainEnd::NoAnchors => ChainTrust::Unknown,
            },
            request: None,
        }
    }

    fn source(&self, pair: &Pair) -> CertificateSource {
        let origins = self.origins.load();
        if origins.tls.certificate.as_deref() == Some(pair.chain_file()) {
            return CertificateSource::Configuration(origins.by.clone());
        }
        match pair.chain_file().extension() {
            Some(kind) if kind == "pem" => CertificateSource::PutIn,
            _ => CertificateSource::Made,
        }
    }

    /// What a server would show that started now.
    fn on_disk(&self) -> Option<Arc<Certificates>> {
        let files = self.origins.load().files(&self.domains.load()).ok()?;
        Certificates::read(&files).ok()
    }

    fn import(&self, wish: &ImportWish) -> Outcome {
        let sent = wish
            .key
            .as_ref()
            .map(Password::reveal)
            .filter(|key| !key.trim().is_empty());
        let (key, pair) = match sent.or_else(|| key_in(&wish.chain)) {
            Some(key) => (key.to_owned(), parse_pair(&wish.chain, key).map_err(sent_wrong)?),
            None => self.fitting(&wish.chain).ok_or_else(|| self.without_key(&wish.chain))?,
        };
        check_chain(pair.chain()).map_err(|error| CertificateRefusal::of("chain", error.to_string()))?;
        check_dates(&pair)?;
        let hosts = self.hosts_for(&pair, wish.host.as_deref())?;
        let folder = self.origins.load().folder();
        for host in &hosts {
            folder.put(host, &wish.chain, &key).map_err(failed)?;
            folder.end_request(host, &key);
        }
        self.in_force(hosts)
    }

    /// The hosts that a certificate is put in for.
    fn hosts_for(&self, pair: &Pair, wished: Option<&str>) -> Result<Vec<String>, CertificateRefusal> {
        let names = pair.info().subject_names.join(", ");
        if let Some(host) = wished {
            let host = self.changeable(host)?;
            if !pair.is_for(&host) {
                let why = format!("the certificate is not for {host}: its names are {names}");
                return Err(CertificateRefusal::of("chain", why));
            }
            return Ok(vec![host]);
        }
        let domains = self.domains.load();
        let covered: Vec<&String> = domains.iter().filter(|host| pair.is_for(host)).collect();
        let Some(first) = covered.first() else {
            let why = format!(
                "the certificate is for none of the hosts, {}: its names are {names}",
                domains.join(", ")
            );
            return Err(CertificateRefusal::of("chain", why));
        };
        let changeable: Vec<String> = covered.iter().filter_map(|host| self.changeable(host).ok()).collect();
        match changeable.is_empty() {
            true => self.changeable(first).map(|host| vec![host]),
            false => Ok(changeable),
        }
    }

    /// A host whose certificate can be changed here.
    fn changeable(&self, host: &str) -> Result<String, CertificateRefusal> {
        let (origins, domains) = (self.origins.load(), self.domains.load());
        let Some(host) = domains.iter().find(|known| known.eq_ignore_ascii_case(host.trim())) else {
            let why = format!(
                "this server has no host {}; its hosts are {}",
                host.trim(),
                domains.join(", ")
            );
            return Err(CertificateRefusal::of("host", why));
        };
        if self.is_configured(host) {
            let why = format!(
                "the certificate of {host} is named by {}: put the new one into that file, and it holds within seconds",
                origins.by
            );
            return Err(CertificateRefusal::of("host", why));
        }
        Ok(host.clone())
    }

    /// The key that a chain belongs to, and both together.
    fn fitting(&self, chain: &str) -> Option<(String, Pair)> {
        let folder = self.origins.load().folder();
        let domains = self.domains.load();
        let mut keys = domains.iter().flat_map(|host| folder.keys(host));
        keys.find_map(|key| parse_pair(chain, &key).ok().map(|pair| (key, pair)))
    }

    fn without_key(&self, chain: &str) -> CertificateRefusal {
        // What is wrong with the chain itself is said first.
        match parse_pair(chain, "") {
            Err(error) if !is_of_key(&error) => sent_wrong(error),
            _ => CertificateRefusal::of(
                "key",
                "no signing request and no certificate of this server has the key that this belongs to: put the key in \
                 too",
            ),
        }
    }

    fn self_signed(&self, host: &str) -> Outcome {
        let host = self.changeable(host)?;
        let folder = self.origins.load().folder();
        folder.put_self_signed(&host).map_err(failed)?;
        self.in_force(vec![host])
    }

    fn request(&self, wish: &RequestWish) -> Outcome {
        let host = self.changeable(&wish.host)?;
        let names = wish
            .names
            .iter()
            .map(|name| name.trim())
            .filter(|name| !name.is_empty());
        let mut domains = vec![host.clone()];
        for name in names {
            if !is_domain(name.strip_prefix("*.").unwrap_or(name)) {
                let why = format!("{name:?} is no domain: it must look like chat.example.org or *.example.org");
                return Err(CertificateRefusal::of("names", why));
            }
            if !domains.iter().any(|known| known == name) {
                domains.push(name.to_owned());
            }
        }
        let kind = match wish.key {
            KeyWish::EcdsaP256 => KeyKind::P256,
            KeyWish::EcdsaP384 => KeyKind::P384,
            KeyWish::Rsa3072 => KeyKind::Rsa3072,
        };
        let who = Requester {
            organization: wish.organization.clone(),
            unit: wish.unit.clone(),
            city: wish.city.clone(),
            state: wish.state.clone(),
            country: wish.country.clone(),
        };
        let folder = self.origins.load().folder();
        let request = folder.make_request(&domains, kind, &who).map_err(failed)?;
        Ok(CertificateAnswer::Request(request.pem))
    }

    /// Puts in force what is in the files.
    fn in_force(&self, hosts: Vec<String>) -> Outcome {
        let files = self.origins.load().files(&self.domains.load());
        let kept = |error: CertificateError| failed(format!("it is kept, but not in force yet: {error}"));
        if let Some(served) = &self.served {
            files.and_then(|files| served.reload(&files)).map_err(kept)?;
        }
        let folder = self.origins.load().folder();
        let put_in = hosts.first().and_then(|host| folder.put_in(host));
        let leaf = put_in.and_then(|files| files.read().ok());
        let leaf = leaf.and_then(|pair| CertificateDetails::of(pair.chain().first()?).ok());
        Ok(CertificateAnswer::Installed {
            hosts,
            fingerprint: leaf.map(|leaf| leaf.fingerprint).unwrap_or_default(),
        })
    }
}

fn facts(details: CertificateDetails) -> CertificateFacts {
    CertificateFacts {
        subject: details.subject,
        issuer: details.issuer,
        serial: details.serial,
        names: details.names,
        not_before: micros(details.not_before),
        not_after: micros(details.not_after),
        key: details.key,
        signature: details.signature,
        fingerprint: details.fingerprint,
        is_self_signed: details.self_signed,
    }
}
