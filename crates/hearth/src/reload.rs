//! SIGHUP, and files that change: certificates, trust, log level and pins are read again under
//! running connections. What else the file says waits for the next start, and the log says so.

use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use ops::Pins;
use tokio::sync::Notify;
use transport::{Certificates, TlsServer};

use crate::{
    certificates::{self, Origins},
    config::{Config, Configuration, DEFAULT_FILE, Sources, warnings},
    logs::Logs,
    properties,
};

/// How often the files are looked at.
pub(crate) const POLL: Duration = Duration::from_secs(2);

/// What a reload reads from, and what it reaches.
pub(crate) struct Reload {
    pub(crate) sources: Sources,
    pub(crate) running: Configuration,
    /// Those that are served: a host may be added meanwhile.
    pub(crate) domains: Arc<ArcSwap<Vec<String>>>,
    pub(crate) certificates: Arc<Certificates>,
    /// Where they come from.
    pub(crate) origins: Arc<ArcSwap<Origins>>,
    pub(crate) tls: TlsServer,
    pub(crate) logs: Arc<Logs>,
    pub(crate) pins: Arc<ArcSwap<Pins>>,
    /// Told when pins have changed.
    pub(crate) repinned: Arc<Notify>,
}

/// What a file looked like; a file that is written anew, or replaced, looks different.
type Look = (PathBuf, Option<(SystemTime, u64, u64)>);

impl Reload {
    /// How the watched files look now.
    pub(crate) fn look(&self) -> Vec<Look> {
        let config = &self.running.config;
        let pairs = self.origins.load().files(&self.domains.load()).unwrap_or_default();
        let file = self.running.file.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
        std::iter::once(file)
            .chain(certificates::watched(&pairs, &config.tls))
            .map(look)
            .collect()
    }

    /// Reads everything again. Where that fails, all stays as it was.
    pub(crate) fn reload(&mut self) {
        match self.sources.load(&properties::catalogue()) {
            Ok(configuration) => self.take(configuration),
            Err(problems) => {
                for problem in problems.0 {
                    tracing::error!("the configuration was not reloaded: {problem}");
                }
            }
        }
    }

    fn take(&mut self, new: Configuration) {
        for warning in warnings(&new) {
            tracing::warn!("{warning}");
        }
        self.logs.set_level(&new.config.log.level);
        self.pins.store(Arc::new(properties::pins(&new)));
        self.repinned.notify_one();
        self.origins.store(Arc::new(Origins::of(&new)));
        self.take_certificates(&new.config);
        if needs_restart(&self.running.config) != needs_restart(&new.config) {
            tracing::warn!("parts of the configuration have changed that take effect at the next start only");
        }
        self.running = new;
        tracing::info!("reloaded");
    }

    fn take_certificates(&self, config: &Config) {
        let files = self.origins.load().files(&self.domains.load());
        if let Err(error) = files.and_then(|files| self.certificates.reload(&files)) {
            tracing::error!(%error, "the certificates were not reloaded; those in force stay");
        }
        match certificates::trust(&config.tls) {
            Ok(anchors) => self.tls.trust(anchors),
            Err(error) => tracing::error!(%error, "the trusted authorities were not reloaded; those in force stay"),
        }
    }
}

/// The configuration without what a reload reaches.
fn needs_restart(config: &Config) -> Config {
    let mut rest = config.clone();
    rest.tls = crate::config::Tls::default();
    rest.log.level.clear();
    rest
}

fn look(path: &Path) -> Look {
    let metadata = std::fs::metadata(path).ok();
    let look = metadata.and_then(|metadata| Some((metadata.modified().ok()?, metadata.len(), metadata.ino())));
    (path.to_owned(), look)
}
