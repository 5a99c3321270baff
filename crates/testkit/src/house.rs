//! A house without doors: the switchboard with all features over a database of its own, and clients that are bound
//! sessions whose inbox the test reads. No sockets and no sleeps: when a client has sent a stanza, whatever follows from
//! it has happened.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use auth::{Authenticator, SystemRandom};
use features::{LiveSettings, Operators, Settings};
use protocol::{Element, Jid, Stanza, StreamError, element::Node, ns, stream::tree};
use router::{Account, ConflictPolicy, Delivery, Facts, Found, Router, Session};
use storage::{Credentials, Options, Storage, SystemClock};
use tempfile::TempDir;

/// The domains that the house answers for.
pub const DOMAINS: [&str; 2] = ["localhost", "example.net"];

/// A switchboard with all features.
pub struct House {
    /// The switchboard itself.
    pub router: Arc<Router>,
    /// What the features look at; may be changed at any time.
    pub settings: LiveSettings,
    _dir: Option<TempDir>,
}

/// A client's session, seen from both ends.
pub struct Client {
    house: Arc<Router>,
    /// The session.
    pub session: Arc<Session>,
    /// Not looked at yet.
    arrived: VecDeque<Delivery>,
    /// Looked at, and not acknowledged.
    received: Vec<Delivery>,
    close: Option<StreamError>,
    /// Stanzas sent on a stream with acknowledgements.
    sent: Option<u32>,
}

impl House {
    /// With default settings.
    pub async fn open() -> Self {
        Self::with(Settings::default()).await
    }

    /// With other settings.
    pub async fn with(settings: Settings) -> Self {
        Self::bounded(settings, router::Settings::default()).await
    }

    /// With other settings of the switchboard too.
    pub async fn bounded(settings: Settings, bounds: router::Settings) -> Self {
        let dir = tempfile::tempdir().expect("there is a place for temporary files");
        let url = format!("sqlite:{}", dir.path().join("hearth.db").display());
        Self::over(Options::new(url), settings, bounds, Some(dir)).await
    }

    /// With default settings, over a database that others use too; `node` tells its message ids from theirs.
    pub async fn at(url: &str, node: u16) -> Self {
        let options = Options {
            node,
            ..Options::new(url)
        };
        Self::over(options, Settings::default(), router::Settings::default(), None).await
    }

    async fn over(options: Options, settings: Settings, bounds: router::Settings, dir: Option<TempDir>) -> Self {
        let storage = Storage::open(&options).await.expect("the database opens");
        let hosts = storage.hosts().seed(&DOMAINS).await.expect("the database takes hosts");
        let cheap = auth::Settings {
            iterations: *auth::Settings::ITERATIONS.start(),
            ..auth::Settings::default()
        };
        let authenticator = Authenticator::new(
            storage.clone(),
            cheap,
            b"",
            Arc::new(SystemClock),
            Arc::new(SystemRandom),
        )
        .await
        .expect("the database takes secrets");
        let settings = settings.live();
        let features = features::all(&settings, &authenticator, &Operators::default());
        Self {
            router: Router::new(storage, hosts, &features, bounds),
            settings,
            _dir: dir,
        }
    }

    /// The account of a bare JID, made where there is none.
    pub async fn account(&self, bare: &str) -> Arc<Account> {
        let jid = jid(bare);
        if let Some(account) = self.router.accounts().find(&jid).await.expect("the database answers") {
            return account;
        }
        let host = self.router.hosts().id(jid.domain()).expect("the domain is one of ours");
        let id = self
            .router
            .storage()
            .accounts()
            .create(
                host,
                jid.local().expect("an account has a name"),
                &Credentials::default(),
            )
            .await
            .expect("the database answers")
            .expect("there is no such account yet");
        self.router.accounts().enter(id, &jid)
    }

    /// A client of this full JID has bound its resource, and said nothing yet. The account is made where there is none.
    pub async fn client(&self, full: &str) -> Client {
        let account = self.account(jid(full).bare_str()).await;
        self.bind(&account, full).await
    }

    /// A client that has asked for its roster, and is available.
    pub async fn online(&self, full: &str) -> Client {
        let mut client = self.client(full).await;
        client
            .sends("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>")
            .await;
        client.sends("<presence/>").await;
        client.skips();
        client
    }

    /// A client without an account.
    pub async fn guest(&self, full: &str) -> Client {
        let account = Arc::new(Account::anonymous(jid(full).to_bare()));
        self.bind(&account, full).await
    }

    async fn bind(&self, account: &Arc<Account>, full: &str) -> Client {
        let facts = Facts {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 5222)),
            is_encrypted: true,
            tls: None,
            mechanism: "SCRAM-SHA-256",
            software: None,
            bound_at_micros: 0,
        };
        let session = self
            .router
            .bind(account, jid(full), facts, ConflictPolicy::Refuse)
            .await
            .expect("the resource is free");
        Client {
            house: self.router.clone(),
            session,
            arrived: VecDeque::new(),
            received: Vec::new(),
            close: None,
            sent: None,
        }
    }

    /// Lets two accounts see each other, as if both had asked and agreed.
    pub async fn befriend(&self, one: &str, other: &str) {
        let mut clients = [
            self.client(&format!("{one}/befriending")).await,
            self.client(&format!("{other}/befriending")).await,
        ];
        let jids = [jid(one), jid(other)];
        for (from, to) in [(0, 1), (1, 0)] {
            let (asked, asking) = (&jids[to], &jids[from]);
            clients[from]
                .sends(&format!("<presence type='subscribe' to='{asked}'/>"))
                .await;
            clients[to]
                .sends(&format!("<presence type='subscribed' to='{asking}'/>"))
                .await;
        }
        for client in clients {
            client.leaves().await;
        }
    }

    /// A stanza arrives from elsewhere: from another server, or from a part of this one.
    pub async fn arrives(&self, xml: &str) {
        self.router.route(stanza(xml)).await;
    }
}

impl Client {
    /// The same client on a stream with acknowledgements (XEP-0198).
    #[must_use]
    pub fn with_acknowledgements(mut self) -> Self {
        self.sent = Some(0);
        self
    }

    /// The client sends a stanza. What follows from it has happened when this returns.
    pub async fn sends(&mut self, xml: &str) {
        let stanza = stanza(xml).from(self.session.jid.clone());
        if let Some(sent) = &mut self.sent {
            *sent += 1;
        }
        self.house.accept(&self.session, stanza, self.sent).await;
    }

    /// The next stanza is this one. `*` stands for any value of an attribute, and for any content of an element.
    ///
    /// # Panics
    /// Where it is another one, or none.
    #[track_caller]
    pub fn receives(&mut self, xml: &str) {
        match self.hears() {
            Some(stanza) => assert!(
                is_alike(&stanza.to_element(), &element(xml)),
                "{} expected\n  {xml}\nand received\n  {}",
                self.session.jid,
                stanza.to_xml()
            ),
            None => panic!("{} expected\n  {xml}\nand received nothing", self.session.jid),
        }
    }

    /// The next stanzas are these, in any order.
    ///
    /// # Panics
    /// Where one of them is missing, or another one is there.
    #[track_caller]
    pub fn receives_in_any_order(&mut self, xmls: &[&str]) {
        let mut expected: Vec<&str> = xmls.to_vec();
        for _ in xmls {
            let Some(stanza) = self.hears() else {
                panic!(
                    "{} received nothing more, and expected\n  {expected:#?}",
                    self.session.jid
                );
            };
            let found = expected
                .iter()
                .position(|xml| is_alike(&stanza.to_element(), &element(xml)));
            match found {
                Some(at) => expected.remove(at),
                None => panic!(
                    "{} received\n  {}\nand expected\n  {expected:#?}",
                    self.session.jid,
                    stanza.to_xml()
                ),
            };
        }
    }

    /// Nothing is there for the client.
    ///
    /// # Panics
    /// Where something is.
    #[track_caller]
    pub fn receives_nothing(&mut self) {
        if let Some(stanza) = self.hears() {
            panic!(
                "{} expected nothing and received\n  {}",
                self.session.jid,
                stanza.to_xml()
            );
        }
    }

    /// The client sends a question and gets this answer, next of all.
    ///
    /// # Panics
    /// Where it gets another answer, or none.
    pub async fn asks(&mut self, question: &str, answer: &str) {
        self.sends(question).await;
        self.receives(answer);
    }

    /// Whatever is there for the client is of no interest.
    pub fn skips(&mut self) {
        while self.hears().is_some() {}
    }

    /// The next stanza, whatever it is.
    pub fn hears(&mut self) -> Option<Stanza> {
        self.look();
        let delivery = self.arrived.pop_front()?;
        let stanza = delivery.stanza.as_ref().clone();
        self.received.push(delivery);
        Some(stanza)
    }

    /// Whether the server has asked the client's stream to close, and with which error.
    pub fn is_closed(&mut self) -> Option<StreamError> {
        self.look();
        self.close.clone()
    }

    fn look(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        let mut found = VecDeque::new();
        while let Poll::Ready(news) = self.session.inbox.poll(&mut cx, &mut found) {
            self.arrived.append(&mut found);
            match news {
                Found::Stanzas => {}
                Found::Rows => self.house.read_overflow(&self.session),
                Found::Close(error) => self.close = Some(error),
            }
        }
    }

    /// How many of the client's stanzas the server may acknowledge.
    #[must_use]
    pub fn handled(&self) -> u32 {
        self.session.handled.count(self.sent.unwrap_or_default())
    }

    /// The client has what it received, and says so.
    pub fn acknowledges(&mut self) {
        let account = &self.session.account;
        for delivery in self.received.drain(..) {
            if let Some(row) = delivery.log_id {
                self.house.storage().log().acknowledge(account.id, [row]);
                account.set_landed(row);
            }
        }
    }

    /// The client closes its stream. It has what it received.
    pub async fn leaves(mut self) {
        self.look();
        self.acknowledges();
        self.house.end(&self.session, self.arrived).await;
    }

    /// The client is lost: whether it has what it received, nobody knows.
    pub async fn is_lost(mut self) {
        self.look();
        let undelivered = self.received.into_iter().chain(self.arrived).collect();
        self.house.end(&self.session, undelivered).await;
    }
}

/// A JID that a test names.
#[must_use]
pub fn jid(text: &str) -> Jid {
    text.parse().expect("tests name addresses that are some")
}

fn stanza(xml: &str) -> Stanza {
    Stanza::parse(xml.as_bytes()).unwrap_or_else(|error| panic!("{xml}: {error:?}"))
}

fn element(xml: &str) -> Element {
    tree::parse(xml.as_bytes(), ns::CLIENT).unwrap_or_else(|error| panic!("{xml}: {error:?}"))
}

/// Whether an element is as it was expected, whatever stands for `*`.
fn is_alike(actual: &Element, expected: &Element) -> bool {
    let has = |name: &str, value: &str| actual.get(name).is_some_and(|actual| value == "*" || actual == value);
    let is_any = matches!(expected.nodes.as_slice(), [Node::Text(text)] if text == "*");
    actual.is(&expected.name, &expected.ns)
        && actual.attributes.len() == expected.attributes.len()
        && expected.attributes.iter().all(|(name, value)| has(name, value))
        && (is_any || are_alike(&actual.nodes, &expected.nodes))
}

fn are_alike(actual: &[Node], expected: &[Node]) -> bool {
    actual.len() == expected.len()
        && actual.iter().zip(expected).all(|pair| match pair {
            (Node::Text(actual), Node::Text(expected)) => actual == expected,
            (Node::Element(actual), Node::Element(expected)) => is_alike(actual, expected),
            _ => false,
        })
}
