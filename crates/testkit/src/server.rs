//! A whole server in the test's own process, on free loopback ports, over a database of its own.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use auth::{Authenticator, SystemRandom};
use c2s::Begin;
use protocol::Jid;
use router::Router;
use storage::{Storage, SystemClock};
use tempfile::TempDir;
use transport::{
    CertificateFolder, Certificates, Gate, GateSettings, Listener, ListenerSettings, TlsServer, TlsSettings,
    TrustAnchors,
};

use crate::{
    client::{Client, Connect},
    databases::{self, Fresh, Kind},
};

/// The host of every story, unless it says otherwise.
pub const HOST: &str = "hearth.test";
/// Everybody's password.
pub const PASSWORD: &str = "Vom Eise befreit";

/// What a story wants to be different.
#[derive(Default)]
pub struct Setup {
    /// Client streams.
    pub c2s: c2s::Settings,
    /// Routing.
    pub router: router::Settings,
    /// Logging in. Keys are stretched as little as is allowed: what is tested here is not their price.
    pub auth: auth::Settings,
    /// Features.
    pub features: features::Settings,
    /// Hosts besides [`HOST`].
    pub more_hosts: Vec<String>,
    /// The database.
    pub database: Option<Kind>,
}

/// A running server.
pub struct Server {
    /// With STARTTLS.
    pub starttls: SocketAddr,
    /// With direct TLS.
    pub direct_tls: SocketAddr,
    /// Its inside.
    pub router: Arc<Router>,
    /// Logging in.
    pub authenticator: Authenticator,
    /// Client streams.
    pub clients: Arc<c2s::Server>,
    /// Settings of client streams, for new connections.
    pub c2s_settings: Arc<ArcSwap<c2s::Settings>>,
    users: AtomicU32,
    _files: TempDir,
    _database: Arc<Fresh>,
}

impl Server {
    /// A server with everything at its default.
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// A server with other settings.
    ///
    /// # Panics
    /// Where it does not start; the test can not go on.
    pub async fn with(setup: Setup) -> Self {
        let database = databases::fresh(setup.database.unwrap_or_else(chosen))
            .await
            .expect("a fresh database");
        Self::open(&Arc::new(database), 0, setup, true).await
    }

    /// A server whose database others use too; `node` tells its message ids from theirs.
    pub(crate) async fn over(database: &Arc<Fresh>, node: u16, setup: Setup) -> Self {
        Self::open(database, node, setup, false).await
    }

    async fn open(database: &Arc<Fresh>, node: u16, setup: Setup, keeps_logins: bool) -> Self {
        let files = TempDir::new().expect("a temporary directory");
        let options = storage::Options {
            node,
            keeps_logins,
            ..storage::Options::new(database.url())
        };
        let storage = Storage::open(&options).await.expect("the database opens");
        let mut domains = vec![HOST.to_owned()];
        domains.extend(setup.more_hosts);
        let hosts = storage.hosts().seed(&domains).await.expect("hosts are seeded");

        let cheap = auth::Settings {
            iterations: 4096,
            ..setup.auth
        };
        let authenticator = Authenticator::new(
            storage.clone(),
            cheap,
            b"",
            Arc::new(SystemClock),
            Arc::new(SystemRandom),
        )
        .await
        .expect("secrets are made");
        let features = features::all(
            &Arc::new(ArcSwap::from_pointee(setup.features)),
            &authenticator,
            &features::Operators::default(),
        );
        let router = Router::new(storage, hosts, &features, setup.router);
        router.refresh_sharing().await.expect("groups are read");
        tokio::spawn(router.clone().follow_sharing());
        let c2s_settings = Arc::new(ArcSwap::from_pointee(setup.c2s));
        let clients = c2s::Server::new(
            router.clone(),
            authenticator.clone(),
            tls(&files, &domains),
            c2s_settings.clone(),
        );

        let gate = Gate::new(GateSettings::default());
        let starttls = serve(&clients, &gate, Begin::StartTls);
        let direct_tls = serve(&clients, &gate, Begin::DirectTls);
        Self {
            starttls,
            direct_tls,
            router,
            authenticator,
            clients,
            c2s_settings,
            // Names are the database's, which may be shared.
            users: AtomicU32::new(u32::from(node) * 1000),
            _files: files,
            _database: Arc::clone(database),
        }
    }

    /// A fresh account whose name begins with `name`, so that stories do not meet.
    ///
    /// # Panics
    /// Where the account can not be made.
    pub async fn account(&self, name: &str) -> Jid {
        let number = self.users.fetch_add(1, Ordering::Relaxed);
        self.account_named(&format!("{name}{number}")).await
    }

    /// An account of exactly this name.
    ///
    /// # Panics
    /// Where the account can not be made.
    pub async fn account_named(&self, local: &str) -> Jid {
        let jid = Jid::from_parts(Some(local), HOST, None).expect("a valid name");
        let credentials = self
            .authenticator
            .make_credentials(PASSWORD)
            .await
            .expect("a valid password");
        let host = self.router.hosts().id(HOST).expect("seeded");
        let storage = self.router.storage();
        let local = jid.local().expect("just made");
        storage
            .accounts()
            .create(host, local, &credentials)
            .await
            .expect("the database works")
            .expect("a fresh name");
        jid
    }

    /// A client of this account, bound to `resource`.
    ///
    /// # Panics
    /// Where it can not log in.
    pub async fn client(&self, account: &Jid, resource: &str) -> Client {
        let unbound = Connect::DirectTls(self.direct_tls)
            .log_in(account, PASSWORD)
            .await
            .expect("the password is right");
        unbound.bind(resource).await.expect("the resource is free")
    }

    /// A fresh account with one available client.
    pub async fn user(&self, name: &str) -> Client {
        let account = self.account(name).await;
        let mut client = self.client(&account, "sofa").await;
        client.available().await;
        client
    }

    /// Makes two users each other's contacts (RFC 6121 §3), and has both of them up to date.
    pub async fn befriend(&self, one: &mut Client, other: &mut Client) {
        for _ in 0..2 {
            let to = other.jid.to_bare();
            one.send(format!("<presence to='{to}' type='subscribe'/>")).await;
            other
                .receive(|it| it.name == "presence" && it.get("type") == Some("subscribe"))
                .await;
            other
                .send(format!("<presence to='{}' type='subscribed'/>", one.jid.to_bare()))
                .await;
            one.receive(|it| it.name == "presence" && it.get("type") == Some("subscribed"))
                .await;
            let full = other.jid.to_string();
            one.receive(|it| it.name == "presence" && it.get("type").is_none() && it.get("from") == Some(&full))
                .await;
            std::mem::swap(&mut *one, &mut *other);
        }
        one.all().await;
        other.all().await;
    }

    /// Stops as on SIGTERM.
    pub async fn stop(&self) {
        self.clients.stop(Duration::from_secs(10)).await;
    }
}

/// The database that stories run over: SQLite, or the one that `HEARTH_STORY_DATABASE` names.
pub(crate) fn chosen() -> Kind {
    match std::env::var("HEARTH_STORY_DATABASE").as_deref() {
        Ok("postgres") => Kind::Postgres,
        Ok("mysql") => Kind::Mysql,
        _ => Kind::Sqlite,
    }
}

fn tls(files: &TempDir, domains: &[String]) -> TlsServer {
    let pairs: Vec<_> = domains
        .iter()
        .map(|domain| {
            CertificateFolder::new(files.path())
                .ensure(domain)
                .expect("a certificate is made")
        })
        .collect();
    let certificates = Certificates::read(&pairs).expect("what was just made");
    TlsServer::new(&certificates, TrustAnchors::default(), &TlsSettings::default()).expect("TLS is set up")
}

fn serve(clients: &Arc<c2s::Server>, gate: &Arc<Gate>, begin: Begin) -> SocketAddr {
    let listener = Listener::bind(
        (Ipv4Addr::LOCALHOST, 0).into(),
        ListenerSettings::default(),
        gate.clone(),
    )
    .expect("a free port");
    let address = listener.local_addr();
    let clients = clients.clone();
    tokio::spawn(async move { clients.serve(listener, begin).await });
    address
}
