//! A hostile client: it walks its stream to some moment, misbehaves, and looks at what comes back.

use protocol::{
    Element, Jid, ns,
    sasl::{
        payload,
        scram::{Client as Scram, Hash},
    },
};
use testkit::{
    server::{HOST, PASSWORD},
    wire::{Seen, Wire, header},
};

use super::{Expect, Phase};

/// What no client may ever be told.
const SECRETS: [&str; 9] = [
    PASSWORD,
    "/tmp",
    "/home",
    ".rs:",
    "SELECT",
    "sqlite",
    "panicked",
    "127.0.0.1",
    "stored_key",
];

/// A hostile client.
pub(crate) struct Actor {
    /// The connection.
    pub(crate) wire: Wire,
    /// Its full JID, once it is bound.
    pub(crate) jid: Jid,
    phase: Phase,
}

/// What was seen up to the connection's end.
#[derive(Debug, Default)]
struct Ending {
    is_open: bool,
    is_closed: bool,
    elements: Vec<Element>,
}

impl Actor {
    /// Connected, and silent yet.
    pub(crate) fn new(wire: Wire, account: &Jid, number: u32) -> Self {
        Self {
            wire,
            jid: account.with_resource(&format!("r{number}")).unwrap(),
            phase: Phase::Connected,
        }
    }

    /// Goes on, as a good client does, until the stream is there.
    pub(crate) async fn advance(&mut self, phase: Phase) {
        while self.phase < phase {
            self.phase = match self.phase {
                Phase::Connected => {
                    Box::pin(self.wire.open(HOST)).await;
                    Phase::Open
                }
                Phase::Open => {
                    Box::pin(prove(&mut self.wire, self.jid.local().unwrap())).await;
                    self.wire.restart();
                    Phase::Proven
                }
                Phase::Proven => {
                    Box::pin(self.wire.open(HOST)).await;
                    Phase::Authenticated
                }
                Phase::Authenticated | Phase::Bound => {
                    let answer = Box::pin(self.bind()).await;
                    assert_eq!(answer.get("type"), Some("result"), "{answer:?}");
                    Phase::Bound
                }
            };
        }
    }

    async fn bind(&mut self) -> Element {
        let resource = self.jid.resource().unwrap();
        let bind = format!("<bind xmlns='{}'><resource>{resource}</resource></bind>", ns::BIND);
        self.wire.send(format!("<iq type='set' id='b'>{bind}</iq>")).await;
        self.wire.element().await
    }

    /// Sends bytes, in pieces where `chunk` is not 0.
    pub(crate) async fn send(&mut self, bytes: &[u8], chunk: usize) {
        let chunk = if chunk == 0 { bytes.len().max(1) } else { chunk };
        for piece in bytes.chunks(chunk) {
            self.wire.send(piece).await;
        }
    }

    /// What came of it is what was expected.
    pub(crate) async fn expects(&mut self, expect: &Expect, title: &str) {
        match expect {
            Expect::StreamError(allowed) => {
                let ending = Box::pin(self.ending()).await;
                assert!(ending.is_closed, "{title}: no closing tag: {ending:?}");
                let due = matches!(self.phase, Phase::Connected | Phase::Proven);
                assert!(ending.is_open || !due, "{title}: an error without a header: {ending:?}");
                let error = ending.elements.iter().find(|element| element.is("error", ns::STREAM));
                let error = error.unwrap_or_else(|| panic!("{title}: no stream error: {ending:?}"));
                has_condition(error, allowed, title);
            }
            Expect::Cut => {
                let seen = self.next().await;
                assert_eq!(seen, Seen::End, "{title}");
            }
            Expect::Closed => {
                let ending = Box::pin(self.ending()).await;
                assert!(ending.is_closed && ending.elements.is_empty(), "{title}: {ending:?}");
            }
            Expect::StanzaError(allowed) => {
                let answer = Box::pin(self.only_answer(title)).await;
                assert_eq!(answer.get("type"), Some("error"), "{title}: {answer:?}");
                let error = answer.find("error", ns::CLIENT).expect("an error stanza has its error");
                has_condition(error, allowed, title);
            }
            Expect::Failure(allowed) => {
                let answer = Box::pin(self.only_answer(title)).await;
                assert_eq!(answer.name, "failure", "{title}: {answer:?}");
                has_condition(&answer, allowed, title);
            }
            Expect::Answer(name, ns) => {
                let answer = Box::pin(self.only_answer(title)).await;
                assert!(answer.is(name, ns), "{title}: {answer:?}");
            }
            Expect::Silence | Expect::Delivers(_) => {
                let answers = Box::pin(self.answers(title)).await;
                assert!(answers.is_empty(), "{title}: {answers:?}");
            }
            Expect::Lives => {
                Box::pin(self.answers(title)).await;
            }
        }
    }

    async fn only_answer(&mut self, title: &str) -> Element {
        if self.phase < Phase::Bound {
            let Seen::Element(answer) = self.next().await else {
                panic!("{title}: no answer");
            };
            Box::pin(self.answers(title)).await;
            return answer;
        }
        let mut answers = Box::pin(self.answers(title)).await;
        assert_eq!(answers.len(), 1, "{title}: {answers:?}");
        answers.remove(0)
    }

    /// Everything that was said to a stream that lives: it goes on, up to a ping that is answered.
    pub(crate) async fn answers(&mut self, title: &str) -> Vec<Element> {
        if matches!(self.phase, Phase::Connected | Phase::Proven) {
            // The row sent the header.
            let seen = self.next().await;
            assert!(matches!(seen, Seen::Open(_)), "{title}: {seen:?}");
            let seen = self.next().await;
            assert!(
                matches!(&seen, Seen::Element(features) if features.name == "features"),
                "{title}: {seen:?}"
            );
            self.phase = match self.phase {
                Phase::Connected => Phase::Open,
                _ => Phase::Authenticated,
            };
        }
        Box::pin(self.advance(Phase::Bound)).await;
        let ping = format!(
            "<iq type='get' id='alive' to='{HOST}'><ping xmlns='{}'/></iq>",
            ns::PING
        );
        self.wire.send(ping).await;
        let mut answers = Vec::new();
        loop {
            match self.next().await {
                Seen::Element(element) if element.get("id") == Some("alive") => {
                    assert_eq!(element.get("type"), Some("result"), "{title}");
                    return answers;
                }
                Seen::Element(element) => answers.push(element),
                other => panic!("{title}: the stream does not live: {other:?} after {answers:?}"),
            }
        }
    }

    async fn ending(&mut self) -> Ending {
        let mut ending = Ending::default();
        loop {
            match self.next().await {
                Seen::Open(_) => ending.is_open = true,
                Seen::Close => ending.is_closed = true,
                Seen::ErrorWithoutId => {}
                Seen::Element(element) => ending.elements.push(element),
                Seen::End => return ending,
            }
        }
    }

    /// What the server says next, nothing of which may be secret.
    pub(crate) async fn next(&mut self) -> Seen {
        let seen = Box::pin(self.wire.next()).await;
        if let Seen::Element(element) = &seen {
            let xml = element.to_xml();
            for secret in SECRETS {
                assert!(!xml.contains(secret), "the server gives {secret:?} away: {xml}");
            }
        }
        seen
    }
}

/// Authenticates by SCRAM-SHA-256, whatever the connection.
pub(crate) async fn prove(wire: &mut Wire, local: &str) {
    let scram = Scram::new(Hash::Sha256, local, "rOprNGfwEbeRWgbNEkqO");
    let first = payload::encode(scram.first().as_bytes());
    let auth = format!("<auth xmlns='{}' mechanism='SCRAM-SHA-256'>{first}</auth>", ns::SASL);
    wire.send(auth).await;
    let challenge = wire.element().await;
    assert!(challenge.is("challenge", ns::SASL), "{challenge:?}");
    let challenge = payload::decode(&challenge.own_text()).unwrap().unwrap();
    let (response, _) = scram
        .answer(std::str::from_utf8(&challenge).unwrap(), PASSWORD)
        .unwrap();
    let response = payload::encode(response.as_bytes());
    wire.send(format!("<response xmlns='{}'>{response}</response>", ns::SASL))
        .await;
    let success = wire.element().await;
    assert!(success.is("success", ns::SASL), "{success:?}");
}

/// A header for this host, with these attributes besides.
pub(crate) fn header_with(host: &str, more: &str) -> String {
    header(host).replace(" version='1.0' xmlns", &format!(" {more} version='1.0' xmlns"))
}

fn has_condition(error: &Element, allowed: &[&str], title: &str) {
    let is_allowed = error.elements().any(|child| allowed.contains(&child.name.as_str()));
    assert!(is_allowed, "{title}: expected {allowed:?}, got {error:?}");
}
