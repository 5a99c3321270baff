//! Which certificate for which name.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::pair::{CertificateError, Pair, PairFiles};
use super::tickets::Tickets;
use super::witness;

/// The certificates we can show, exchanged in one step while connections come in.
#[derive(Debug)]
pub struct Certificates {
    table: ArcSwap<Table>,
    pub(super) tickets: Arc<Tickets>,
}

/// From names to pairs. Several pairs for one name differ in their kind of key.
#[derive(Debug)]
struct Table {
    pairs: Vec<Arc<Pair>>,
    by_name: HashMap<String, Vec<Arc<Pair>>>,
}

impl Certificates {
    /// Takes the pairs; the first is shown to a client that asks for no name or for one we do not have.
    pub fn new(pairs: Vec<Pair>) -> Result<Arc<Self>, CertificateError> {
        let tickets = Tickets::new().map_err(|error| no_keys(&error))?;
        Ok(Arc::new(Self {
            table: ArcSwap::from_pointee(Table::new(pairs)?),
            tickets: Arc::new(tickets),
        }))
    }

    /// Reads the pairs from files. One that is out of date is served all the same, with a warning: some clients
    /// would rather decide for themselves than find no server.
    pub fn read(files: &[PairFiles]) -> Result<Arc<Self>, CertificateError> {
        let pairs = read_all(files)?;
        for pair in &pairs {
            if let Err(error) = pair.check_dates(SystemTime::now()) {
                tracing::warn!(target: "transport", "{error}");
            }
        }
        Self::new(pairs)
    }

    /// Reads the files again. New connections get what they say now; connections that are open keep what they have.
    ///
    /// On any error, a certificate that is out of date being one, everything stays as it was. One that is in force
    /// already may run out meanwhile: that is no reason to refuse another.
    pub fn reload(&self, files: &[PairFiles]) -> Result<(), CertificateError> {
        let (pairs, before) = (read_all(files)?, self.pairs());
        let is_new = |pair: &&Pair| !before.iter().any(|known| known.chain() == pair.chain());
        pairs
            .iter()
            .filter(is_new)
            .try_for_each(|pair| pair.check_dates(SystemTime::now()))?;
        self.replace(pairs)
    }

    /// Puts other pairs in force.
    pub fn replace(&self, pairs: Vec<Pair>) -> Result<(), CertificateError> {
        let table = Table::new(pairs)?;
        self.tickets.renew().map_err(|error| no_keys(&error))?;
        self.table.store(Arc::new(table));
        Ok(())
    }

    /// The pairs in force, in the order given.
    pub fn pairs(&self) -> Vec<Arc<Pair>> {
        self.table.load().pairs.clone()
    }

    /// What somebody is shown who asks for `domain` and takes any kind of key; none where nothing is for it.
    pub fn for_host(&self, domain: &str) -> Option<Arc<Pair>> {
        let table = self.table.load();
        table.named(&ascii(domain))?.first().cloned()
    }

    /// Whether a certificate in force is for `domain`.
    pub fn covers(&self, domain: &str) -> bool {
        let domain = ascii(domain);
        self.table.load().pairs.iter().any(|pair| pair.info.covers(&domain))
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asked = hello
            .server_name()
            .map(str::to_owned)
            .or_else(witness::expected_host)
            .map(|name| ascii(&name));
        let table = self.table.load();
        let named = asked.as_deref().and_then(|name| table.named(name));
        let usable = |pair: &&Arc<Pair>| pair.key.key.choose_scheme(hello.signature_schemes()).is_some();
        let pair = named
            .and_then(|pairs| pairs.iter().find(usable))
            .or_else(|| table.pairs.iter().find(usable))
            .or_else(|| table.pairs.first())?;
        witness::note_served(hello.server_name(), pair);
        Some(Arc::clone(&pair.key))
    }
}

impl Table {
    fn new(pairs: Vec<Pair>) -> Result<Self, CertificateError> {
        if pairs.is_empty() {
            return Err(CertificateError::None);
        }
        let pairs: Vec<Arc<Pair>> = pairs.into_iter().map(Arc::new).collect();
        let mut by_name: HashMap<String, Vec<Arc<Pair>>> = HashMap::new();
        for pair in &pairs {
            for name in &pair.info.subject_names {
                let pairs_of_it = by_name.entry(name.clone()).or_default();
                // What was put in for a host goes before what is for it among others.
                let is_its_own = pair.host.as_deref() == Some(name);
                let place = if is_its_own { 0 } else { pairs_of_it.len() };
                pairs_of_it.insert(place, Arc::clone(pair));
            }
        }
        Ok(Self { pairs, by_name })
    }

    /// The name itself before the wildcard that covers it.
    fn named(&self, name: &str) -> Option<&[Arc<Pair>]> {
        let wildcard = || {
            let (label, parent) = name.split_once('.')?;
            if label.is_empty() {
                None
            } else {
                self.by_name.get(&format!("*.{parent}"))
            }
        };
        self.by_name.get(name).or_else(wildcard).map(Vec::as_slice)
    }
}

/// A domain as certificates and clients write it.
pub(super) fn ascii(domain: &str) -> String {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_ascii_lowercase())
}

fn read_all(files: &[PairFiles]) -> Result<Vec<Pair>, CertificateError> {
    files.iter().map(PairFiles::read).collect()
}

fn no_keys(error: &rustls::Error) -> CertificateError {
    CertificateError::Making("session tickets".to_owned(), error.to_string())
}
