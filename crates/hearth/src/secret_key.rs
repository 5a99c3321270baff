//! Where this server keeps the key that secrets in the database are encrypted with: the configuration, or a file of the
//! data directory, which is made when the key is.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use cluster::{Cluster, Task, Tasks, Whom};
use ops::{Asked, KeyKeeper, Sealing, SecretKey};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// The key of this server.
#[derive(Clone)]
pub(crate) struct KeyFile {
    configured: Option<SecretKey>,
    path: PathBuf,
    /// As it was read or written last.
    known: Arc<Mutex<Option<SecretKey>>>,
    /// The cluster that may have one.
    cluster: Arc<OnceLock<Weak<Cluster>>>,
}

/// What is the key for secrets?
#[derive(Serialize, Deserialize)]
struct AskKey;

impl Task for AskKey {
    const NAME: &'static str = "hearth.secret_key";
    /// Its digits; none where the server has none.
    type Answer = Option<String>;
}

/// Nobody waits longer for a key.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked whether one is needed: others may write secrets that this server has no key for yet.
const LOOK: Duration = Duration::from_secs(10);
/// How often one that is missing is looked for.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

impl KeyFile {
    pub(crate) fn new(config: &Config) -> Self {
        let in_data_dir = || config.data_dir.join("secret.key");
        Self {
            configured: config.secret.key.as_deref().and_then(SecretKey::parse),
            path: config.secret.file.clone().unwrap_or_else(in_data_dir),
            known: Arc::default(),
            cluster: Arc::default(),
        }
    }

    /// Answers other servers of the cluster: its links are encrypted, and both ends of them have shown who they are.
    pub(crate) fn register(&self, tasks: &Tasks) {
        let keeper = self.clone();
        tasks.register(move |_, _: AskKey| {
            let key = keeper.load();
            std::future::ready(key.map(|key| key.map(|key| key.reveal())))
        });
    }

    /// From now on others can be asked.
    pub(crate) fn join(&self, cluster: &Arc<Cluster>) {
        let _ = self.cluster.set(Arc::downgrade(cluster));
    }

    fn read(&self) -> Result<Option<SecretKey>, String> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{} cannot be read: {error}", self.path.display())),
        };
        match SecretKey::parse(&text) {
            Some(key) => Ok(Some(key)),
            None => Err(format!(
                "{} holds no key, which is 64 hexadecimal digits: copy it from a server that has it",
                self.path.display()
            )),
        }
    }

    fn write(&self, key: &SecretKey) -> io::Result<()> {
        let draft = self.path.with_extension("key.new");
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(format!("{}\n", key.reveal()).as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &self.path)
    }
}

impl KeyKeeper for KeyFile {
    fn load(&self) -> Result<Option<SecretKey>, String> {
        if let Some(key) = &self.configured {
            return Ok(Some(key.clone()));
        }
        let mut known = self.known.lock();
        if known.is_none() {
            *known = self.read()?;
        }
        Ok(known.clone())
    }

    fn keep(&self, key: Option<&SecretKey>) -> Result<(), String> {
        if self.configured.is_some() {
            return Err("the configuration says another key (secret_key)".to_owned());
        }
        let mut known = self.known.lock();
        let done = match key {
            Some(key) => self.write(key),
            None => fs::remove_file(&self.path),
        };
        done.map_err(|error| format!("{} cannot be written: {error}", self.path.display()))?;
        *known = key.cloned();
        Ok(())
    }

    fn ask(&self) -> Asked<'_, Option<SecretKey>> {
        Box::pin(async move {
            let cluster = self.cluster.get()?.upgrade()?;
            let answers = cluster.ask(Whom::All, &AskKey, Some(PATIENCE)).await;
            let mut keys = answers.into_iter().filter_map(|(_, answer)| answer.ok().flatten());
            keys.find_map(|text| SecretKey::parse(&text))
        })
    }

    fn place(&self) -> String {
        match self.configured {
            Some(_) => "secret_key of the configuration".to_owned(),
            None => self.path.display().to_string(),
        }
    }
}

/// Looks whether the key is here, as long as the server runs: where it is missing, a server of the cluster that this one
/// joins may have it, or an operator copies it. Says so to whoever waits for what it opens.
pub(crate) async fn look_for(key: KeyFile, sealing: Sealing, found: Arc<Notify>, stop: CancellationToken) {
    let is_here = || key.load().is_ok_and(|key| key.is_some());
    let (mut was_here, mut was_missing) = (is_here(), false);
    loop {
        let looked = sealing.find().await;
        // Whoever looked for it first: what it opens was not read before.
        if is_here() && (!was_here || was_missing && looked.is_ok()) {
            tracing::info!("the key for secrets is here now");
            was_here = true;
            found.notify_one();
        }
        match looked {
            Ok(_) => was_missing = false,
            Err(ops::OpsError::Sealed(why)) if !was_missing => {
                tracing::warn!("secrets in the database cannot be read: {why}");
                was_missing = true;
            }
            // Whether the database answers, others watch.
            Err(_) => {}
        }
        let pause = if is_here() && !was_missing { LOOK } else { LOOK_AGAIN };
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}
