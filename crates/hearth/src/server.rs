//! The wiring: everything a server is made of, from what it remembers to where it listens.

use std::sync::Arc;

use ::cluster::{Caches, Cluster};
use ::console::Channel;
use anyhow::Context;
use arc_swap::ArcSwap;
use c2s::Begin;
use http::{Bounds, CHALLENGE_BOUNDS, Door, Machines, Metrics, Readiness};
use ops::{ClusterLive, History, Live, LiveHere, Setup, Vault};
use storage::{Host, Storage};
use tokio::sync::{Notify, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use transport::{Certificates, Gate, TlsServer};

use crate::{
    acme::{AcmeDesk, AcmeJob, ChallengeDesk, Shared},
    certificates::{self, CertificateDesk, Origins},
    cluster::{self, ClusterDesk, ClusterHost},
    config::{Configuration, Sources, warnings},
    console::{self, ServerHere},
    control::{ControlServer, Status},
    data_dir::{DataDir, Held},
    install::{Installation, Restart},
    life,
    listeners::{Addresses, Listeners},
    logs::Logs,
    outlook::Lookout,
    process,
    properties::{self, Watch},
    reload::Reload,
    secret_key::{self, KeyFile},
    systemd,
    vitals::Vitals,
    wiring,
};

/// A server that listens. What it does until its end is in `life`.
pub(crate) struct Server {
    pub(crate) addresses: Addresses,
    pub(crate) clients: Arc<c2s::Server>,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) storage: Storage,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) setup: Setup,
    pub(crate) reload: Reload,
    pub(crate) restart: Restart,
    /// Ends all that serves operators and machines.
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    /// The data directory is ours as long as this lives.
    pub(crate) _held: Held,
}

impl Server {
    /// Puts everything together, binds everything, and only then serves.
    pub(crate) async fn start(
        configuration: Configuration,
        sources: Sources,
        logs: Arc<Logs>,
        metrics: Metrics,
    ) -> anyhow::Result<Self> {
        let config = &configuration.config;
        warnings(&configuration)
            .iter()
            .for_each(|warning| tracing::warn!("{warning}"));
        process::raise_file_limit();

        // What is remembered.
        let data_dir = DataDir::new(&config.data_dir);
        data_dir.create()?;
        let held = data_dir.hold().await?;
        let options = storage::Options {
            // Commands for this data directory come through the control socket while it is held.
            keeps_logins: config.database.is_in(&config.data_dir),
            ..wiring::storage_options(config)
        };
        let storage = Storage::open(&options).await.context("the database cannot be opened")?;
        let hosts = storage.hosts().seed(&config.domains).await?;
        wiring::warn_of_other_hosts(&configuration, &hosts);
        let domains = wiring::served(&hosts);
        let key = KeyFile::new(config);
        let sealing = wiring::sealing(&storage, &key);
        let (properties, pins) = wiring::properties(&configuration, &storage, &sealing);
        let version = storage.properties().version().await?;
        let settings = properties::settings(&properties.held().await?);

        // Who may come in, and where what they say goes.
        let origins = Origins::of(&configuration);
        let certificates = Certificates::read(&origins.files(&domains)?)?;
        let certificate_desk = CertificateDesk::new(origins, domains, Some(&certificates));
        let tls = TlsServer::new(&certificates, certificates::trust(&config.tls)?, &settings.tls)?;
        let authenticator = wiring::authenticator(&storage, settings.auth).await?;
        let caches = Caches::new();
        cluster::share(&caches, &authenticator);
        let feature_settings = settings.features.live();
        let operators = features::Operators::default();
        let features = features::all(&feature_settings, &authenticator, &operators);
        let router = router::Router::new(storage.clone(), hosts, &features, settings.router);
        router.refresh_sharing().await.context("the groups cannot be read")?;
        let client_settings = Arc::new(ArcSwap::from_pointee(settings.c2s));
        let clients = c2s::Server::new(
            Arc::clone(&router),
            authenticator.clone(),
            tls.clone(),
            Arc::clone(&client_settings),
        );

        // Where they come in.
        let gate = Gate::new(settings.gate);
        let listeners = Listeners::bind(config, &settings.listener, &gate).await?;
        let addresses = listeners.addresses.clone();
        let control = ControlServer::bind(&data_dir.control_socket()).context("the control socket cannot be made")?;

        // Other servers.
        let (cluster_settings, followed) = watch::channel(settings.cluster);
        let host = ClusterHost::new(&router, followed.clone());
        let registry = storage.cluster().clone();
        let vitals = Vitals::new(&router, &host, &gate);
        let options = cluster::options(config, &data_dir)?;
        let history = History::new(storage.clone(), options.server_key.clone());
        let cluster = Cluster::start(
            options,
            followed,
            registry,
            cluster::above(&host, &router, &caches, &vitals, &logs, &certificate_desk, &key),
        );
        let cluster = Arc::new(cluster.await?);
        key.join(&cluster);
        storage.log().set_node(cluster.here().node.0);
        cluster::stand_apart(&router, cluster.fence()).await;

        // Each in a task of its own. Clients come in once this server may act for them.
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        for (begin, listeners) in [(Begin::StartTls, listeners.c2s), (Begin::DirectTls, listeners.c2s_tls)] {
            for listener in listeners {
                let (clients, fence, stop) = (Arc::clone(&clients), Arc::clone(cluster.fence()), stop.clone());
                tasks.spawn(async move {
                    if stop.run_until_cancelled(fence.opened()).await.is_some() {
                        clients.serve(listener, begin).await;
                    }
                });
            }
        }
        let readiness = Arc::new(Readiness::default());
        let pages = Machines {
            readiness: Arc::clone(&readiness),
            metrics: metrics.clone(),
        }
        .pages();
        tasks.spawn(
            stop.clone()
                .run_until_cancelled_owned(Arc::clone(&router).follow_sharing()),
        );
        let live: Arc<dyn Live> = Arc::new(LiveHere(Arc::clone(&router)));
        let acts: Arc<dyn ClusterLive> = Arc::new(ClusterDesk {
            cluster: Arc::clone(&cluster),
            host,
            caches,
        });
        let desk = wiring::desk(wiring::Parts {
            storage: &storage,
            properties: &properties,
            authenticator: &authenticator,
            live,
            cluster: acts,
            certificates: &certificate_desk,
            answers_challenges: !listeners.acme.is_empty(),
            sealing: &sealing,
            node: &config.node_name,
            status: Status::here(addresses.all()),
        });
        let keep = Arc::new(ArcSwap::from_pointee(settings.keep));
        tasks.spawn(life::forget_old_records(
            desk.audit.clone(),
            desk.clustering.clone(),
            config.node_name.clone(),
            Arc::clone(&keep),
            stop.clone(),
        ));
        let vault = Vault::new(storage.clone(), sealing.clone());
        let challenges = http::challenges(Arc::new(ChallengeDesk(desk.acme.clone())));
        for listener in listeners.acme {
            let door = Door { listener, tls: None };
            tasks.spawn(http::serve(door, challenges.clone(), CHALLENGE_BOUNDS, stop.clone()));
        }
        let shared = Shared {
            vault: vault.clone(),
            certificates: certificate_desk.clone(),
            changes: storage.cluster().changes(),
        };
        tasks.spawn(shared.run(stop.clone()));
        let job = AcmeJob {
            acme: desk.acme.clone(),
            vault,
            desk: AcmeDesk {
                certificates: certificate_desk.clone(),
                is_listening: !addresses.acme.is_empty(),
            },
            clustering: desk.clustering.clone(),
            fence: Arc::clone(cluster.fence()),
            node: config.node_name.clone(),
            changes: storage.cluster().changes(),
        };
        tasks.spawn(job.run(stop.clone()));
        tasks.spawn(life::warn_of_certificates(desk.certificates.clone(), stop.clone()));
        let console_settings = Arc::new(ArcSwap::from_pointee(settings.console));
        let lookout = Lookout::default();
        let here = ServerHere::new(&config.node_name, &addresses, &certificates, &readiness, &lookout);
        let restart = Restart::default();
        let installation = Installation::new(&configuration, &addresses, restart.clone());
        let acts = console::acts(
            &desk,
            &storage,
            &authenticator,
            &sealing,
            &console_settings,
            here,
            installation,
        );
        let databases = acts.databases.clone();
        databases.set(&settings.database);
        let setup = acts.setup.clone();
        operators.serve(console::operator_acts(&acts));
        let api = |reach| ::api::router(console::api_acts(&acts), reach);
        let in_the_clear = pages
            .merge(::console::pages(acts.clone(), Channel::Plain, &stop))
            .nest(::api::PREFIX, api(::api::Reach::ThisMachine));
        let encrypted =
            ::console::pages(acts.clone(), Channel::Tls, &stop).nest(::api::PREFIX, api(::api::Reach::Anywhere));
        let console_tls = console::tls(&certificates, &settings.tls)?;
        for (listeners, tls, pages) in [
            (listeners.admin, None, in_the_clear),
            (listeners.admin_tls, Some(console_tls), encrypted),
        ] {
            for listener in listeners {
                let tls = tls.clone();
                let door = Door { listener, tls };
                tasks.spawn(http::serve(door, pages.clone(), Bounds::default(), stop.clone()));
            }
        }
        let acme = desk.acme.clone();
        tasks.spawn(control.serve(desk, stop.clone()));
        let repinned = Arc::new(Notify::new());
        tasks.spawn(secret_key::look_for(key, sealing, Arc::clone(&repinned), stop.clone()));
        tasks.spawn(life::seal_old_secrets(
            properties.clone(),
            acts.second_factors.clone(),
            Arc::clone(cluster.fence()),
            stop.clone(),
        ));
        tasks.spawn(life::note_looks(
            storage.clone(),
            Arc::clone(cluster.fence()),
            stop.clone(),
        ));
        let watch = Watch {
            changes: storage.cluster().changes(),
            properties,
            hosts: storage.hosts().clone(),
            version,
            repinned: Arc::clone(&repinned),
        };
        let served = Arc::clone(&certificate_desk.domains);
        let look = lookout.run(configuration.clone(), Arc::clone(&certificate_desk.domains), acme);
        tasks.spawn(stop.clone().run_until_cancelled_owned(look));
        let push = move |settings: properties::Settings, hosts: Vec<Host>| {
            // Its certificate is made, or asked for, when the files are looked at the next time.
            served.store(Arc::new(wiring::served(&hosts)));
            // Before anybody logs in at one that was deleted and added again.
            authenticator.forget_hosts();
            router.replace_hosts(hosts);
            gate.set(settings.gate);
            authenticator.set_settings(settings.auth);
            client_settings.store(Arc::new(settings.c2s));
            feature_settings.store(Arc::new(settings.features));
            console_settings.store(Arc::new(settings.console));
            keep.store(Arc::new(settings.keep));
            databases.set(&settings.database);
            cluster_settings.send_if_modified(|before| {
                let is_new = *before != settings.cluster;
                before.clone_from(&settings.cluster);
                is_new
            });
        };
        tasks.spawn(watch.run(push, stop.clone()));
        tasks.spawn(life::look_after(
            storage.clone(),
            metrics,
            Arc::clone(&readiness),
            stop.clone(),
        ));
        tasks.spawn(vitals.run(history, stop.clone()));
        tasks.spawn(stop.clone().run_until_cancelled_owned(Arc::clone(&logs).switch_back()));
        tasks.spawn(life::watch_cluster(
            cluster.watch(),
            Arc::clone(&readiness),
            stop.clone(),
        ));
        tasks.spawn(systemd::feed_watchdog(stop.clone()));

        let reload = Reload {
            sources,
            running: configuration,
            domains: Arc::clone(&certificate_desk.domains),
            certificates,
            origins: Arc::clone(&certificate_desk.origins),
            tls,
            logs,
            pins,
            repinned,
        };
        Ok(Self {
            addresses,
            clients,
            cluster,
            storage,
            readiness,
            setup,
            reload,
            restart,
            stop,
            tasks,
            _held: held,
        })
    }
}
