//! The stage: a server, a hostile client at some moment of its stream, two people who chat meanwhile, and a watch on what
//! is left behind.
//!
//! After every row: the hostile client heard what it should and nothing secret; the two people got each other's messages in
//! order, and nothing from the hostile client that they should not; and what was refused was counted. After every table: no task of the server panicked,
//! and as many tasks and sessions are there as before.

mod actor;
mod counters;
mod row;

use std::{
    panic,
    sync::{
        Once,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use protocol::{Element, Jid, element::Node, ns};
use testkit::{
    client::Client,
    server::{HOST, Server, Setup},
    wire::{DEADLINE, Wire},
};
use tokio::runtime::Handle;

pub(crate) use actor::{Actor, header_with, prove};
pub(crate) use row::on_every_way;
pub(crate) use row::{Expect, Phase, Row, Way, row};

/// Another domain of the same server.
pub(crate) const OTHER_HOST: &str = "other.test";

/// Panics outside the tests' own code.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// A server with two people on it.
pub(crate) struct Stage {
    /// The server.
    pub(crate) server: Server,
    /// An account whose owner means no good.
    pub(crate) mallory: Jid,
    way: Way,
    /// One of the two people.
    pub(crate) romeo: Client,
    /// The other, who is the victim.
    pub(crate) juliet: Client,
    said: u32,
    entered: u32,
    tasks: usize,
}

/// Plays the rows of a table that concern this way of connecting.
pub(crate) async fn check(way: Way, rows: Vec<Row>) {
    let mut stage = Stage::set(way).await;
    for row in rows.iter().filter(|row| row.ways.contains(&way)) {
        // On the heap: without optimisation, what is awaited in place takes the stack of a test's thread many times over.
        Box::pin(stage.play(row)).await;
    }
    stage.is_clear().await;
}

impl Stage {
    /// A server that lets clients in whichever way they come, and does not tire of wrong passwords.
    pub(crate) async fn set(way: Way) -> Self {
        Box::pin(Self::with(way, |_| {})).await
    }

    /// The same with other settings.
    pub(crate) async fn with(way: Way, change: impl FnOnce(&mut Setup)) -> Self {
        count_panics();
        counters::count();
        let mut setup = Setup::default();
        setup.c2s.is_tls_required = false;
        setup.auth.failures_per_address = 1_000_000;
        setup.auth.failures_per_account = 1_000_000;
        setup.more_hosts = vec![OTHER_HOST.to_owned()];
        change(&mut setup);
        let server = Box::pin(Server::with(setup)).await;
        let mallory = server.account("mallory").await;
        let romeo = Box::pin(server.user("romeo")).await;
        let juliet = Box::pin(server.user("juliet")).await;
        Self {
            mallory,
            way,
            romeo,
            juliet,
            said: 0,
            entered: 0,
            tasks: tasks(),
            server,
        }
    }

    /// A connection on which a stream header is due.
    pub(crate) async fn connect(&self) -> Wire {
        match self.way {
            Way::Clear => Box::pin(Wire::plain(self.server.starttls)).await.unwrap(),
            Way::DirectTls => Box::pin(Wire::tls(self.server.direct_tls, HOST)).await.unwrap(),
            Way::StartTls => {
                let mut wire = Wire::plain(self.server.starttls).await.unwrap();
                Box::pin(wire.open(HOST)).await;
                wire.send(format!("<starttls xmlns='{}'/>", ns::TLS)).await;
                assert!(wire.element().await.is("proceed", ns::TLS));
                Box::pin(wire.encrypt(HOST)).await.unwrap();
                wire
            }
        }
    }

    /// Mallory's client at this moment of its stream, with a resource of its own where it has one.
    pub(crate) async fn enter(&mut self, phase: Phase) -> Actor {
        self.entered += 1;
        let mut actor = Actor::new(self.connect().await, &self.mallory, self.entered);
        actor.advance(phase).await;
        actor
    }

    /// Plays one row.
    pub(crate) async fn play(&mut self, row: &Row) {
        let title = format!(
            "item {} over {:?}, {:?}: {}",
            row.item,
            self.way,
            row.phase,
            String::from_utf8_lossy(&row.send[..row.send.len().min(200)])
        );
        let mut actor = Box::pin(self.enter(row.phase)).await;
        let before = self.romeo_speaks().await;
        let bytes = self.fill_in(&row.send, &actor.jid);
        let refusals = counters::refusals();
        actor.send(&bytes, row.chunk).await;
        Box::pin(actor.expects(&row.expect, &title)).await;
        assert!(
            !row.expect.is_refusal() || counters::refusals() > refusals,
            "{title}: nothing was counted"
        );
        let strange = self.juliet_hears(before, &title).await;
        match (&row.expect, strange.as_slice()) {
            (Expect::Delivers(inside), [message]) => {
                assert_eq!(message.get("from"), Some(actor.jid.as_str()), "{title}");
                assert_eq!(children(message), *inside, "{title}");
            }
            (Expect::Delivers(_), other) => panic!("{title}: juliet got {other:?}"),
            (_, []) => {}
            (_, other) => panic!("{title}: juliet got {other:?}"),
        }
    }

    /// Romeo and Juliet still hear each other, and nobody else.
    pub(crate) async fn chat_goes_on(&mut self, title: &str) {
        let before = self.romeo_speaks().await;
        let strange = self.juliet_hears(before, title).await;
        assert!(strange.is_empty(), "{title}: juliet got {strange:?}");
    }

    /// Juliet's address, which rows write as `{victim}`.
    pub(crate) fn victim(&self) -> &Jid {
        &self.juliet.jid
    }

    async fn romeo_speaks(&mut self) -> String {
        self.said += 1;
        let text = format!("canary {}", self.said);
        let to = &self.juliet.jid;
        let message = format!("<message to='{to}' type='chat'><body>{text}</body></message>");
        self.romeo.send(message).await;
        text
    }

    /// What Juliet got besides Romeo's messages, which both must be there.
    async fn juliet_hears(&mut self, before: String, title: &str) -> Vec<Element> {
        let after = self.romeo_speaks().await;
        let says = |message: &Element, text: &str| {
            message
                .find("body", ns::CLIENT)
                .is_some_and(|body| body.own_text() == text)
        };
        self.juliet.receive(|message| says(message, &after)).await;
        let mut heard = self.juliet.all().await;
        let count = heard.len();
        heard.retain(|message| !says(message, &before));
        assert_eq!(
            heard.len() + 1,
            count,
            "{title}: romeo's message came once, and before his next"
        );
        let disturbed = self.romeo.all().await;
        assert!(disturbed.is_empty(), "{title}: romeo got {disturbed:?}");
        heard
    }

    fn fill_in(&self, bytes: &[u8], me: &Jid) -> Vec<u8> {
        let victim = &self.juliet.jid;
        let mut bytes = bytes.to_vec();
        for (name, value) in [
            ("{victim}", victim.as_str()),
            ("{victim_bare}", victim.bare_str()),
            ("{victim_local}", victim.local().unwrap_or_default()),
            ("{me}", me.as_str()),
            ("{me_bare}", me.bare_str()),
            ("{host}", HOST),
        ] {
            bytes = replace(&bytes, name.as_bytes(), value.as_bytes());
        }
        bytes
    }

    /// Nothing panicked, and nothing is left of the hostile clients.
    pub(crate) async fn is_clear(&self) {
        let sessions = || self.server.router.directory().len();
        let is_clear = tokio::time::timeout(DEADLINE, when(|| tasks() <= self.tasks && sessions() == 2));
        assert!(
            is_clear.await.is_ok(),
            "{} tasks instead of {}, {} sessions instead of 2",
            tasks(),
            self.tasks,
            sessions()
        );
        assert_eq!(PANICS.load(Ordering::Relaxed), 0, "the server panicked");
    }
}

/// Waits until this is so.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    tokio::time::timeout(DEADLINE, when(is_so))
        .await
        .expect("it is so in time");
}

async fn when(is_so: impl Fn() -> bool) {
    // What ends makes no noise; it has to be looked for.
    let mut look = tokio::time::interval(Duration::from_millis(20));
    while !is_so() {
        look.tick().await;
    }
}

/// Tasks of this test: each test has a runtime of its own.
pub(crate) fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

fn children(element: &Element) -> String {
    let mut out = Vec::new();
    for node in &element.nodes {
        if let Node::Element(child) = node {
            child.write(&mut out, ns::CLIENT);
        }
    }
    String::from_utf8(out).unwrap()
}

fn replace(bytes: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        match rest.strip_prefix(what) {
            Some(after) => {
                out.extend_from_slice(with);
                rest = after;
            }
            None => {
                out.push(*first);
                rest = &rest[1..];
            }
        }
    }
    out
}

/// A task that panics ends quietly; a hook is the only witness.
fn count_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let file = info.location().map_or("", |location| location.file());
            if !file.contains("tests/hostile") && !file.contains("testkit") {
                PANICS.fetch_add(1, Ordering::Relaxed);
            }
            usual(info);
        }));
    });
}
