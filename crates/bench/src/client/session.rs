//! One client session: the way from the stream header to being available.

use super::target::{Security, Target};
use crate::scan;
use crate::scram::Hash;
use crate::scram::client::{Exchange, KeyCache};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write;
use std::time::{Duration, Instant};

/// How far a session shall go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Create the account (XEP-0077), or find that it exists.
    Register,
    /// Authenticate and bind a resource.
    Bind,
    /// Bind, fetch the roster, become available; with stream management where asked for.
    Available {
        /// XEP-0198 counts on both sides.
        stream_management: bool,
    },
}

/// What is waited for.
#[derive(Debug)]
enum Stage {
    Connection,
    Features,
    Proceed,
    Handshake,
    Registered,
    Challenge(Exchange),
    Success(String),
    Bound,
    Enabled,
    Roster,
    Ready,
}

/// What a stanza led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Not there yet.
    Wait,
    /// TLS begins.
    Secure,
    /// The goal is reached.
    Reached,
    /// It will never be reached.
    Failed(String),
}

/// A session under way.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) account: usize,
    goal: Goal,
    stage: Stage,
    is_secure: bool,
    is_authenticated: bool,
    bind_began: Option<Instant>,
    /// From asking for a resource to having it; there for who takes it.
    pub(super) bind_took: Option<Duration>,
    /// It has said good-bye.
    pub(super) leaves: bool,
}

impl Session {
    pub(super) fn new(account: usize, goal: Goal) -> Self {
        Self {
            account,
            goal,
            stage: Stage::Connection,
            is_secure: false,
            is_authenticated: false,
            bind_began: None,
            bind_took: None,
            leaves: false,
        }
    }

    /// Whether the goal was reached.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Ready)
    }

    /// What it waits for, in words.
    pub(super) fn whereabouts(&self) -> String {
        format!("{:?}", self.stage)
    }

    /// The connection is there.
    pub(super) fn connected(&mut self, target: &Target, outbox: &mut Vec<u8>) -> Step {
        if target.security == Security::Direct {
            self.stage = Stage::Handshake;
            return Step::Secure;
        }
        self.open(target, outbox);
        Step::Wait
    }

    /// The TLS handshake is done.
    pub(super) fn secured(&mut self, target: &Target, outbox: &mut Vec<u8>) {
        self.is_secure = true;
        self.open(target, outbox);
    }

    fn open(&mut self, target: &Target, outbox: &mut Vec<u8>) {
        self.stage = Stage::Features;
        say(
            outbox,
            format_args!(
                "<?xml version='1.0'?><stream:stream to='{}' version='1.0' xmlns='jabber:client' \
                 xmlns:stream='http://etherx.jabber.org/streams'>",
                target.domain
            ),
        );
    }

    /// Takes one item of the stream.
    pub(super) fn item(&mut self, item: &[u8], target: &Target, keys: &mut KeyCache, outbox: &mut Vec<u8>) -> Step {
        if item.starts_with(b"<stream:error") {
            return self.fail(item);
        }
        match std::mem::replace(&mut self.stage, Stage::Ready) {
            Stage::Features if item.starts_with(b"<stream:features") => self.features(item, target, outbox),
            Stage::Proceed if item.starts_with(b"<proceed") => {
                self.stage = Stage::Handshake;
                Step::Secure
            }
            Stage::Registered if item.starts_with(b"<iq") => self.registered(item),
            Stage::Challenge(exchange) if item.starts_with(b"<challenge") => {
                self.challenged(&exchange, item, target, keys, outbox)
            }
            Stage::Success(expected) if item.starts_with(b"<success") => {
                self.succeeded(&expected, item, target, outbox)
            }
            Stage::Bound if is_answer(item, b"bind") => self.bound(item, outbox),
            Stage::Enabled if item.starts_with(b"<enabled") => self.appear(outbox),
            Stage::Roster if is_answer(item, b"roster") => Step::Reached,
            stage => {
                self.stage = stage;
                if item.starts_with(b"<fail") {
                    return self.fail(item);
                }
                Step::Wait
            }
        }
    }

    fn fail(&self, item: &[u8]) -> Step {
        let said = String::from_utf8_lossy(item);
        Step::Failed(format!("the server said to account {}: {said}", self.account))
    }

    fn features(&mut self, features: &[u8], target: &Target, outbox: &mut Vec<u8>) -> Step {
        self.stage = Stage::Features;
        if self.is_authenticated {
            self.stage = Stage::Bound;
            self.bind_began = Some(Instant::now());
            say(
                outbox,
                format_args!(
                    "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
                     <resource>{}</resource></bind></iq>",
                    target.accounts.resource
                ),
            );
            return Step::Wait;
        }
        if target.security == Security::Starttls && !self.is_secure {
            if !scan::contains(features, b"<starttls") {
                return self.fail(features);
            }
            self.stage = Stage::Proceed;
            outbox.extend_from_slice(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
            return Step::Wait;
        }
        if self.goal == Goal::Register {
            self.register(target, outbox);
            return Step::Wait;
        }
        self.authenticate(features, target, outbox)
    }

    fn register(&mut self, target: &Target, outbox: &mut Vec<u8>) {
        self.stage = Stage::Registered;
        say(
            outbox,
            format_args!(
                "<iq type='set' id='register'><query xmlns='jabber:iq:register'>\
                 <username>{}</username><password>{}</password></query></iq>",
                target.accounts.user(self.account),
                target.accounts.password(self.account)
            ),
        );
    }

    fn registered(&mut self, iq: &[u8]) -> Step {
        let exists = scan::contains(iq, b"<conflict");
        if exists || scan::attribute(iq, b"type") == Some(b"result") {
            return Step::Reached;
        }
        self.stage = Stage::Registered;
        self.fail(iq)
    }

    fn authenticate(&mut self, features: &[u8], target: &Target, outbox: &mut Vec<u8>) -> Step {
        let offered = |hash: &Hash| {
            let name = format!(">{}<", hash.mechanism());
            scan::contains(features, name.as_bytes())
        };
        let Some(hash) = Hash::ALL.into_iter().find(offered) else {
            return self.fail(features);
        };
        let exchange = Exchange::new(hash, &target.accounts.user(self.account), &nonce());
        say(
            outbox,
            format_args!(
                "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='{}'>{}</auth>",
                hash.mechanism(),
                STANDARD.encode(exchange.first())
            ),
        );
        self.stage = Stage::Challenge(exchange);
        Step::Wait
    }

    fn challenged(
        &mut self,
        exchange: &Exchange,
        challenge: &[u8],
        target: &Target,
        keys: &mut KeyCache,
        outbox: &mut Vec<u8>,
    ) -> Step {
        let password = target.accounts.password(self.account);
        let answer =
            sasl_text(challenge, b"challenge").and_then(|challenge| exchange.answer(&challenge, &password, keys));
        let Some(answer) = answer else {
            return self.fail(challenge);
        };
        say(
            outbox,
            format_args!(
                "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{}</response>",
                STANDARD.encode(answer.message)
            ),
        );
        self.stage = Stage::Success(answer.expected);
        Step::Wait
    }

    fn succeeded(&mut self, expected: &str, success: &[u8], target: &Target, outbox: &mut Vec<u8>) -> Step {
        if sasl_text(success, b"success").as_deref() != Some(expected) {
            return self.fail(success);
        }
        self.is_authenticated = true;
        self.open(target, outbox);
        Step::Wait
    }

    fn bound(&mut self, iq: &[u8], outbox: &mut Vec<u8>) -> Step {
        if scan::attribute(iq, b"type") != Some(b"result") {
            self.stage = Stage::Bound;
            return self.fail(iq);
        }
        self.bind_took = self.bind_began.map(|began| began.elapsed());
        match self.goal {
            Goal::Available {
                stream_management: true,
            } => {
                self.stage = Stage::Enabled;
                outbox.extend_from_slice(b"<enable xmlns='urn:xmpp:sm:3'/>");
                Step::Wait
            }
            Goal::Available { .. } => self.appear(outbox),
            Goal::Bind | Goal::Register => Step::Reached,
        }
    }

    /// The answer to the roster request shows that the presence before it was handled.
    fn appear(&mut self, outbox: &mut Vec<u8>) -> Step {
        self.stage = Stage::Roster;
        outbox.extend_from_slice(b"<presence/><iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
        Step::Wait
    }
}

fn is_answer(item: &[u8], id: &[u8]) -> bool {
    item.starts_with(b"<iq") && scan::attribute(item, b"id") == Some(id)
}

/// What a SASL element carries, decoded.
fn sasl_text(element: &[u8], name: &[u8]) -> Option<String> {
    String::from_utf8(STANDARD.decode(scan::text(element, name)?).ok()?).ok()
}

fn nonce() -> String {
    let mut random = [0; 18];
    getrandom::fill(&mut random).expect("the system has randomness");
    STANDARD.encode(random)
}

/// Writes formatted text to an outbox.
fn say(outbox: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    outbox.write_fmt(text).expect("writing to a vector does not fail");
}
