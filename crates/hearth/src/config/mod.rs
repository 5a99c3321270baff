//! The configuration: what this process must know before it has its database. Everything else is a
//! system property (see `properties`).
//!
//! | to find | look in |
//! |---|---|
//! | the keys | `keys` |
//! | where values come from, and which wins | `layers`, over `file`, `environment`, `flags` |
//! | what is said about mistakes | `problem` |
//! | `hearth config sample`, `hearth config show` | `sample`, `show` |

mod environment;
mod file;
mod flags;
mod keys;
mod layers;
mod ports;
mod problem;
mod sample;
mod show;
#[cfg(test)]
mod tests;
mod warnings;

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use protocol::Jid;

pub(crate) use environment::CONFIG_VARIABLE;
pub(crate) use file::{DEFAULT_FILE, is_readable};
pub(crate) use flags::{add_flags, flags_of};
pub(crate) use keys::mask_url;
pub(crate) use layers::{Configuration, Origin, Pin, Sources, written};
pub(crate) use ports::Ports;
pub(crate) use problem::{Problem, Problems, Wrong};
pub(crate) use sample::sample;
pub(crate) use show::{ShownKey, show};
pub(crate) use warnings::warnings;

/// The effective configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) domains: Vec<String>,
    pub(crate) data_dir: PathBuf,
    pub(crate) node_name: String,
    pub(crate) secret: SecretKey,
    pub(crate) database: Database,
    pub(crate) tls: Tls,
    pub(crate) c2s: C2s,
    pub(crate) admin: Admin,
    pub(crate) acme: Acme,
    pub(crate) cluster: Cluster,
    pub(crate) log: Log,
}

/// The key for secrets in the database.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct SecretKey {
    /// 64 hexadecimal digits.
    pub(crate) key: Option<String>,
    /// Where it is otherwise, instead of the data directory.
    pub(crate) file: Option<PathBuf>,
}

/// `[database]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Database {
    pub(crate) url: String,
    pub(crate) max_connections: u32,
}

/// `[tls]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tls {
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) trust: Vec<PathBuf>,
}

/// `[c2s]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct C2s {
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) tls_listen: Vec<SocketAddr>,
}

/// `[admin]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Admin {
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) tls_listen: Vec<SocketAddr>,
}

/// `[acme]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Acme {
    pub(crate) listen: Vec<SocketAddr>,
}

/// `[cluster]`
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Cluster {
    pub(crate) ports: Ports,
    /// Empty: everywhere.
    pub(crate) interfaces: Vec<String>,
    /// `host:port`
    pub(crate) advertise: Option<String>,
    pub(crate) secret: Option<String>,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) format: String,
    pub(crate) level: String,
}

impl Database {
    /// The file of the embedded database, where it is not there yet.
    pub(crate) fn missing_file(&self) -> Option<&Path> {
        self.file().filter(|path| !path.exists())
    }

    /// Whether it is a file in this directory, however many links lead there.
    pub(crate) fn is_in(&self, directory: &Path) -> bool {
        let real = |path: &Path| path.canonicalize().ok();
        let place = self.file().and_then(|path| real(path).or_else(|| real(path.parent()?)));
        place
            .zip(real(directory))
            .is_some_and(|(place, directory)| place.starts_with(directory))
    }

    /// The file of the embedded database.
    fn file(&self) -> Option<&Path> {
        let path = self.url.strip_prefix("sqlite:")?;
        let path = Path::new(path.strip_prefix("//").unwrap_or(path));
        (path != Path::new(":memory:")).then_some(path)
    }
}

impl Database {
    /// Host and port of a database on a network; none where it is a file, or reached by a socket of this machine.
    pub(crate) fn place(&self) -> Option<String> {
        let (scheme, rest) = self.url.split_once("://")?;
        let default_port = match scheme {
            "postgres" | "postgresql" => 5432,
            "mysql" | "mariadb" => 3306,
            _ => return None,
        };
        if rest.contains("host=") || rest.contains("socket=") {
            return None;
        }
        let credentials_end = rest.rfind('@').map_or(0, |at| at + 1);
        let rest = &rest[credentials_end..];
        let host = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
        if host.is_empty() || host.contains('%') {
            return None;
        }
        let has_port = host
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        Some(if has_port {
            host.to_owned()
        } else {
            format!("{host}:{default_port}")
        })
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey")
            .field("has_key", &self.key.is_some())
            .field("file", &self.file)
            .finish()
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("ports", &self.ports)
            .field("interfaces", &self.interfaces)
            .field("advertise", &self.advertise)
            .field("has_secret", &self.secret.is_some())
            .finish()
    }
}

impl Default for Config {
    /// What holds where nothing is configured: everything on loopback.
    fn default() -> Self {
        let loopback = |port| vec![SocketAddr::from(([127, 0, 0, 1], port))];
        Self {
            domains: vec!["localhost".into()],
            data_dir: "data".into(),
            node_name: host_name(),
            secret: SecretKey::default(),
            // Completed from `data_dir` once that is known.
            database: Database {
                url: String::new(),
                max_connections: 10,
            },
            tls: Tls::default(),
            c2s: C2s {
                listen: loopback(5222),
                tls_listen: loopback(5223),
            },
            admin: Admin {
                listen: loopback(9090),
                tls_listen: loopback(9091),
            },
            acme: Acme::default(),
            cluster: Cluster::default(),
            log: Log {
                format: "human".into(),
                level: "info".into(),
            },
        }
    }
}

impl Config {
    /// Fills in what depends on other keys.
    fn complete(&mut self) {
        self.domains = prepared(&self.domains);
        if self.database.url.is_empty() {
            self.database.url = format!("sqlite:{}", self.data_dir.join("hearth.db").display());
        }
    }
}

/// Domains as addresses have them (RFC 7622), each once.
fn prepared(domains: &[String]) -> Vec<String> {
    let mut prepared: Vec<String> = Vec::new();
    for domain in domains
        .iter()
        .filter_map(|domain| Jid::from_parts(None, domain, None).ok())
    {
        if !prepared.iter().any(|other| other == domain.domain()) {
            prepared.push(domain.domain().to_owned());
        }
    }
    prepared
}

fn host_name() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".into())
}
