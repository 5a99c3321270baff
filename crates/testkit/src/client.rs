//! A client in a story: logs in, says things, and waits for things, each within a deadline.

use std::net::SocketAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use protocol::{
    Element, Jid, ns,
    sasl::{
        ChannelBinding,
        scram::{Client as Scram, Hash},
    },
};

use crate::wire::{Seen, Wire};

/// How a client connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connect {
    /// In the clear, then STARTTLS.
    StartTls(SocketAddr),
    /// TLS from the first byte.
    DirectTls(SocketAddr),
    /// In the clear throughout, where the server allows it.
    Plain(SocketAddr),
}

/// A client whose resource is bound.
pub struct Client {
    /// Full JID.
    pub jid: Jid,
    /// The connection.
    pub wire: Wire,
    /// What came and was not asked for yet.
    waiting: Vec<Element>,
    next_id: u32,
}

/// An authenticated stream on which no resource is bound.
pub struct Unbound {
    /// The connection.
    pub wire: Wire,
    /// Features after authentication.
    pub features: Element,
    bare: Jid,
}

impl Connect {
    /// A connection with its stream open, encrypted as asked.
    pub async fn open(self, host: &str) -> (Wire, Element) {
        let mut wire = match self {
            Self::StartTls(address) | Self::Plain(address) => Wire::plain(address).await,
            Self::DirectTls(address) => Wire::tls(address, host).await,
        }
        .expect("the server listens");
        let features = wire.open(host).await;
        if !matches!(self, Self::StartTls(_)) {
            return (wire, features);
        }
        wire.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").await;
        assert!(wire.element().await.is("proceed", ns::TLS), "STARTTLS goes on");
        wire.encrypt(host).await.expect("the handshake succeeds");
        let features = wire.open(host).await;
        (wire, features)
    }

    /// Logs in with SCRAM-SHA-256, bound to the channel where there is one.
    ///
    /// # Errors
    /// The server's `<failure/>`.
    pub async fn log_in(self, jid: &Jid, password: &str) -> Result<Unbound, Element> {
        let host = jid.domain();
        let (mut wire, _) = self.open(host).await;
        let local = jid.local().expect("users have names");
        let mut scram = Scram::new(Hash::Sha256, local, "rOprNGfwEbeRWgbNEkqO");
        let mut mechanism = "SCRAM-SHA-256";
        if let Some(exporter) = wire.tls_exporter() {
            scram = scram.bound(ChannelBinding::TlsExporter, &exporter);
            mechanism = "SCRAM-SHA-256-PLUS";
        }
        let first = STANDARD.encode(scram.first());
        wire.send(format!(
            "<auth xmlns='{}' mechanism='{mechanism}'>{first}</auth>",
            ns::SASL
        ))
        .await;
        let challenge = expect(&mut wire, "challenge").await?;
        let (response, verifier) = scram.answer(&challenge, password).expect("the challenge is one");
        let response = STANDARD.encode(response);
        wire.send(format!("<response xmlns='{}'>{response}</response>", ns::SASL))
            .await;
        let proof = expect(&mut wire, "success").await?;
        assert_eq!(proof, verifier, "the server proves that it knows the password");
        let features = wire.open(host).await;
        Ok(Unbound {
            wire,
            features,
            bare: jid.to_bare(),
        })
    }
}

async fn expect(wire: &mut Wire, name: &str) -> Result<String, Element> {
    let element = wire.element().await;
    if !element.is(name, ns::SASL) {
        return Err(element);
    }
    let bytes = STANDARD.decode(element.own_text()).expect("SASL speaks base64");
    Ok(String::from_utf8(bytes).expect("SCRAM speaks UTF-8"))
}

impl Unbound {
    /// Binds a resource.
    ///
    /// # Errors
    /// The server's `<error/>`.
    pub async fn bind(mut self, resource: &str) -> Result<Client, Element> {
        self.wire
            .send(format!(
                "<iq type='set' id='bind'><bind xmlns='{}'><resource>{resource}</resource></bind></iq>",
                ns::BIND
            ))
            .await;
        let answer = self.wire.element().await;
        match answer
            .find("bind", ns::BIND)
            .and_then(|bind| bind.find("jid", ns::BIND))
        {
            Some(jid) => Ok(Client {
                jid: jid.own_text().parse().expect("the server knows what a JID is"),
                wire: self.wire,
                waiting: Vec::new(),
                next_id: 0,
            }),
            None => Err(answer),
        }
    }

    /// The account's bare JID.
    #[must_use]
    pub fn bare(&self) -> &Jid {
        &self.bare
    }
}

impl Client {
    /// Sends XML as it is.
    pub async fn send(&mut self, xml: impl AsRef<[u8]>) {
        self.wire.send(xml).await;
    }

    /// The first element, come or coming, of which this is true; others wait for their turn.
    pub async fn receive(&mut self, what: impl Fn(&Element) -> bool) -> Element {
        if let Some(place) = self.waiting.iter().position(&what) {
            return self.waiting.remove(place);
        }
        loop {
            match self.wire.next().await {
                Seen::Element(element) if what(&element) => return element,
                Seen::Element(element) => self.waiting.push(element),
                other => panic!(
                    "{} waits for a stanza and gets {other:?}; before it came {:?}",
                    self.jid, self.waiting
                ),
            }
        }
    }

    /// The next message.
    pub async fn message(&mut self) -> Element {
        self.receive(|element| element.name == "message").await
    }

    /// The next presence.
    pub async fn presence(&mut self) -> Element {
        self.receive(|element| element.name == "presence").await
    }

    /// Sends an IQ with this payload and returns the answer.
    pub async fn ask(&mut self, kind: &str, to: Option<&str>, payload: &str) -> Element {
        self.next_id += 1;
        let id = format!("ask{}", self.next_id);
        let to = to.map(|to| format!(" to='{to}'")).unwrap_or_default();
        self.send(format!("<iq type='{kind}' id='{id}'{to}>{payload}</iq>"))
            .await;
        self.receive(|element| element.name == "iq" && element.get("id") == Some(&id))
            .await
    }

    /// Becomes available, and has heard of it itself.
    pub async fn available(&mut self) {
        self.send("<presence/>").await;
        let own = self.jid.to_string();
        self.receive(|element| element.name == "presence" && element.get("from") == Some(&own))
            .await;
    }

    /// Everything that has come so far: nothing that was sent to this client before can come later, because the
    /// server answers in order.
    pub async fn all(&mut self) -> Vec<Element> {
        self.ask(
            "get",
            Some(self.jid.to_bare().domain().to_owned().as_str()),
            "<ping xmlns='urn:xmpp:ping'/>",
        )
        .await;
        std::mem::take(&mut self.waiting)
    }

    /// What came and was not asked for.
    #[must_use]
    pub fn waiting(&self) -> &[Element] {
        &self.waiting
    }

    /// Waits for the end of the stream; the stream error where there was one.
    pub async fn end(&mut self) -> Option<Element> {
        let mut error = None;
        loop {
            match self.wire.next().await {
                Seen::Element(element) if element.is("error", ns::STREAM) => error = Some(element),
                Seen::Element(element) => self.waiting.push(element),
                Seen::ErrorWithoutId | Seen::Open(_) => {}
                Seen::Close | Seen::End => return error,
            }
        }
    }
}
