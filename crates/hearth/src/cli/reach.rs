//! How a command reaches what it is about: through the server that runs here, or on the database.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use nix::unistd::Uid;
use ops::{Actor, NoCluster, NobodyLive};
use storage::Storage;

use crate::{
    certificates::{CertificateDesk, Origins},
    config::Configuration,
    control::{Answer, Client, ClientError, Desk, Reply, Request, Status, local},
    data_dir::{DataDir, Held},
    properties,
    secret_key::KeyFile,
    wiring,
};

/// The way to the answers.
pub(crate) enum Reach {
    /// Through the control socket.
    Running(Client),
    /// On the database; no server starts here meanwhile.
    Database {
        desk: Box<Desk>,
        storage: Storage,
        actor: Actor,
        _held: Held,
    },
}

/// How long a server that holds the data directory may take to listen.
const PATIENCE: Duration = Duration::from_secs(15);
const STEP: Duration = Duration::from_millis(50);

impl Reach {
    /// Finds out whether a server runs here, and how to do without.
    pub(crate) async fn find(configuration: &Configuration) -> anyhow::Result<Self> {
        let data_dir = DataDir::new(&configuration.config.data_dir);
        data_dir.create()?;
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(held) = data_dir.share()? {
                return Self::database(configuration, held).await;
            }
            if let Some(client) = Client::connect(&data_dir.control_socket()).await {
                return Ok(Self::Running(client));
            }
            if tokio::time::Instant::now() >= deadline {
                let holder = data_dir.holder().unwrap_or_default();
                bail!("a server holds the data directory, but does not answer: {holder}");
            }
            tokio::time::sleep(STEP).await;
        }
    }

    async fn database(configuration: &Configuration, held: Held) -> anyhow::Result<Self> {
        let config = &configuration.config;
        if let Some(path) = config.database.missing_file() {
            // Whoever stands in the wrong directory should know.
            eprintln!(
                "hearth: no server runs here yet; the database {} is made",
                path.display()
            );
        }
        let storage = Storage::open(&wiring::storage_options(config))
            .await
            .context("the database cannot be opened")?;
        let hosts = storage.hosts().seed(&config.domains).await?;
        let domains = wiring::served(&hosts);
        let status = Status::here(Vec::new());
        let sealing = wiring::sealing(&storage, &KeyFile::new(config));
        let (properties, _) = wiring::properties(configuration, &storage, &sealing);
        let settings = properties::settings(&properties.held().await?);
        let authenticator = wiring::authenticator(&storage, settings.auth).await?;
        let desk = wiring::desk(wiring::Parts {
            storage: &storage,
            properties: &properties,
            authenticator: &authenticator,
            live: Arc::new(NobodyLive),
            cluster: Arc::new(NoCluster),
            certificates: &CertificateDesk::new(Origins::of(configuration), domains, None),
            answers_challenges: !configuration.config.acme.listen.is_empty(),
            sealing: &sealing,
            node: &config.node_name,
            status,
        });
        Ok(Self::Database {
            desk: Box::new(desk),
            storage,
            actor: local(Uid::effective()),
            _held: held,
        })
    }

    /// Asks for an act.
    pub(crate) async fn ask(&mut self, request: Request) -> Result<Answer, ClientError> {
        match self {
            Self::Running(client) => client.ask(&request).await,
            Self::Database { desk, actor, .. } => match desk.answer(actor, request).await {
                Reply::Done(answer) => Ok(answer),
                Reply::Failed(why) => Err(ClientError::Failed(why)),
            },
        }
    }

    /// Lets go; what was done is on disk then.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Running(_) => Ok(()),
            Self::Database { storage, .. } => storage.close().await.context("the database did not close cleanly"),
        }
    }
}
