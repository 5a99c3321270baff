//! A client with stream management (XEP-0198): it counts, says what it has when the story wants it to, and comes back.

use std::collections::VecDeque;

use protocol::{Element, Jid, ns};

use crate::{
    client::{Client, Connect},
    server::{PASSWORD, Server},
    wire::{Seen, Wire},
};

/// A bound client whose stanzas are counted in both directions.
pub struct Managed {
    /// Full JID.
    pub jid: Jid,
    /// The connection.
    pub wire: Wire,
    id: Option<String>,
    sent: u32,
    received: u32,
    waiting: VecDeque<Element>,
    pings: u32,
}

/// What a client remembers of a stream whose connection is gone.
#[derive(Clone)]
pub struct Lost {
    /// By which the stream can be resumed.
    pub id: String,
    /// Stanzas that came.
    pub received: u32,
    /// Stanzas that were sent.
    pub sent: u32,
    /// Full JID.
    pub jid: Jid,
}

impl Managed {
    /// Switches stream management on; nothing is on its way to the client meanwhile.
    pub async fn enable(client: Client) -> Self {
        Self::enable_as(client, "<enable xmlns='urn:xmpp:sm:3' resume='true'/>").await
    }

    /// Switches it on in the story's own words.
    pub async fn enable_as(mut client: Client, enable: &str) -> Self {
        client.all().await;
        client.send(enable).await;
        let enabled = client.receive(|it| it.is("enabled", ns::STREAM_MANAGEMENT)).await;
        let id = enabled.get("id").map(str::to_owned);
        Self::new(client.jid, client.wire, id)
    }

    /// A stream on which it has just been switched on.
    pub fn new(jid: Jid, wire: Wire, id: Option<String>) -> Self {
        Self {
            jid,
            wire,
            id,
            sent: 0,
            received: 0,
            waiting: VecDeque::new(),
            pings: 0,
        }
    }

    /// A fresh account with an available client.
    pub async fn user(server: &Server, name: &str) -> Self {
        Self::enable(server.user(name).await).await
    }

    /// The id by which the stream can be resumed.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// How many stanzas have come.
    pub fn received(&self) -> u32 {
        self.received
    }

    /// Sends one stanza.
    pub async fn send(&mut self, stanza: &str) {
        self.sent += 1;
        self.wire.send(stanza).await;
    }

    /// Sends chat messages of these bodies.
    pub async fn say(&mut self, to: &Jid, bodies: impl IntoIterator<Item = u32>) {
        for body in bodies {
            self.send(&chat(to, body)).await;
        }
    }

    /// The next stanza.
    pub async fn stanza(&mut self) -> Element {
        loop {
            if let Some(stanza) = self.waiting.pop_front() {
                return stanza;
            }
            self.read().await;
        }
    }

    /// The stanzas that have been read and not been looked at.
    pub fn take_waiting(&mut self) -> Vec<Element> {
        self.waiting.drain(..).collect()
    }

    /// The bodies of the next so many messages.
    pub async fn bodies(&mut self, count: usize) -> Vec<u32> {
        let mut bodies = Vec::new();
        while bodies.len() < count {
            bodies.extend(body(&self.stanza().await));
        }
        bodies
    }

    /// Reads one element; an `<a/>` is handed out.
    async fn read(&mut self) -> Option<Element> {
        let element = self.wire.element().await;
        if is_stanza(&element) {
            self.received += 1;
            self.waiting.push_back(element);
            return None;
        }
        assert_eq!(element.ns, ns::STREAM_MANAGEMENT, "{}", element.to_xml());
        (element.name == "a").then_some(element)
    }

    /// Asks the server how much of what was sent it has; stanzas that come meanwhile wait for their turn.
    pub async fn ask_ack(&mut self) -> u32 {
        self.wire.send("<r xmlns='urn:xmpp:sm:3'/>").await;
        self.ack().await
    }

    /// The next acknowledgement.
    pub async fn ack(&mut self) -> u32 {
        loop {
            if let Some(ack) = self.read().await {
                return count(&ack);
            }
        }
    }

    /// Waits until the server has acknowledged everything.
    pub async fn settle(&mut self) {
        let mut acknowledged = self.ask_ack().await;
        while acknowledged != self.sent {
            acknowledged = self.ack().await;
        }
    }

    /// Says that everything which came is here.
    pub async fn acknowledge(&mut self) {
        self.acknowledge_count(self.received).await;
    }

    /// Says that so much has come.
    pub async fn acknowledge_count(&mut self, h: u32) {
        self.wire.send(format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>")).await;
    }

    /// Everything that has come so far, by way of a question whose answer comes behind it.
    pub async fn all(&mut self) -> Vec<Element> {
        self.pings += 1;
        let id = format!("all{}", self.pings);
        let host = self.jid.domain();
        let ping = format!("<iq type='get' id='{id}' to='{host}'><ping xmlns='urn:xmpp:ping'/></iq>");
        self.send(&ping).await;
        let mut before = Vec::new();
        loop {
            let stanza = self.stanza().await;
            if stanza.name == "iq" && stanza.get("id") == Some(&id) {
                return before;
            }
            before.push(stanza);
        }
    }

    /// Reads to the end of the stream; the error where there was one.
    pub async fn end(&mut self) -> Option<Element> {
        let mut error = None;
        loop {
            match self.wire.next().await {
                Seen::Element(element) if element.is("error", ns::STREAM) => error = Some(element),
                Seen::Element(element) if is_stanza(&element) => {
                    self.received += 1;
                    self.waiting.push_back(element);
                }
                Seen::Element(_) | Seen::ErrorWithoutId | Seen::Open(_) => {}
                Seen::Close | Seen::End => return error,
            }
        }
    }

    /// The connection goes away without a word.
    pub fn cut(self) -> Lost {
        Lost {
            id: self.id.expect("the stream can be resumed"),
            received: self.received,
            sent: self.sent,
            jid: self.jid,
        }
    }
}

impl Lost {
    /// Logs in and asks for the stream.
    pub async fn resume(self, server: &Server) -> Managed {
        let (reply, wire) = self.ask(server, &self.jid).await;
        assert!(reply.is("resumed", ns::STREAM_MANAGEMENT), "{}", reply.to_xml());
        assert_eq!(reply.get("previd"), Some(self.id.as_str()));
        assert_eq!(count(&reply), self.sent, "the server has everything");
        self.on(wire)
    }

    /// Logs in as somebody and asks for the stream: what the server says, on which connection.
    pub async fn ask(&self, server: &Server, who: &Jid) -> (Element, Wire) {
        let who = who.to_bare();
        let login = Connect::DirectTls(server.direct_tls).log_in(&who, PASSWORD);
        let mut wire = login.await.expect("the password is right").wire;
        let reply = self.ask_on(&mut wire).await;
        (reply, wire)
    }

    /// Asks for the stream on an authenticated connection.
    pub async fn ask_on(&self, wire: &mut Wire) -> Element {
        let Self { id, received, .. } = self;
        wire.send(format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='{received}'/>"))
            .await;
        wire.element().await
    }

    /// Goes on on the connection that has the stream now.
    pub fn on(self, wire: Wire) -> Managed {
        Managed {
            sent: self.sent,
            received: self.received,
            ..Managed::new(self.jid, wire, Some(self.id))
        }
    }
}

/// Makes contacts of two clients, which show their rosters (RFC 6121 §2.2: others are not told of subscriptions).
pub async fn befriend(server: &Server, one: &mut Client, other: &mut Client) {
    for client in [&mut *one, &mut *other] {
        let roster = client.ask("get", None, "<query xmlns='jabber:iq:roster'/>").await;
        assert_eq!(roster.get("type"), Some("result"));
    }
    server.befriend(one, other).await;
}

/// A chat message whose body is a number.
pub fn chat(to: &Jid, body: u32) -> String {
    format!("<message to='{to}' type='chat'><body>{body}</body></message>")
}

/// The number in a message's body.
pub fn body(stanza: &Element) -> Option<u32> {
    stanza.find("body", ns::CLIENT)?.own_text().parse().ok()
}

/// The numbers in the bodies of messages.
pub fn bodies<'a>(stanzas: impl IntoIterator<Item = &'a Element>) -> Vec<u32> {
    stanzas.into_iter().filter_map(body).collect()
}

/// The condition of `<failed/>`, `<error/>` or `<failure/>`.
pub fn condition(failed: &Element) -> &str {
    failed.elements().next().map_or("", |condition| condition.name.as_str())
}

fn is_stanza(element: &Element) -> bool {
    element.ns == ns::CLIENT && matches!(element.name.as_str(), "message" | "presence" | "iq")
}

fn count(element: &Element) -> u32 {
    let h = element.get("h").and_then(|h| h.parse().ok());
    h.unwrap_or_else(|| panic!("{} has no h", element.to_xml()))
}
