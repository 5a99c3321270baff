//! A person with a client: a real session over direct TLS, heard by a task of its own, so that everything has the time
//! at which it came.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use protocol::{Element, Jid, ns};
use testkit::{
    client::Connect,
    wire::{Seen, Wire},
};
use tests::support::process::DOMAIN;
use tokio::sync::mpsc;

use crate::PATIENCE;

/// Everybody's password.
pub(crate) const PASSWORD: &str = "star-crossed";
/// Batches that wait for the client's task.
const BATCHES: usize = 16;

/// A client whose resource is bound.
pub(crate) struct Person {
    pub(crate) jid: Jid,
    says: mpsc::Sender<String>,
    hears: mpsc::UnboundedReceiver<Heard>,
    history: Vec<Heard>,
    end: Option<String>,
}

/// Something that came.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) at: Instant,
    /// None: the stream's end.
    pub(crate) element: Option<Element>,
    is_taken: bool,
}

/// A place in what somebody has heard.
#[derive(Clone, Copy)]
pub(crate) struct Mark(usize);

impl Mark {
    /// Before everything.
    pub(crate) const START: Self = Self(0);
}

impl Person {
    /// Logs in, and is not available yet.
    pub(crate) async fn log_in(address: SocketAddr, name: &str, resource: &str) -> Result<Self> {
        let who = format!("{name}@{DOMAIN}/{resource}");
        let account = format!("{name}@{DOMAIN}").parse::<Jid>()?;
        let resource = resource.to_owned();
        // testkit's client takes whatever goes wrong for the end of the story; in a task it is an error.
        let login = tokio::spawn(async move {
            let unbound = Connect::DirectTls(address).log_in(&account, PASSWORD).await?;
            unbound.bind(&resource).await
        });
        let bound = login.await.map_err(|error| anyhow!("{who} cannot log in: {error}"))?;
        let client = bound.map_err(|refusal| anyhow!("{who} is refused: {}", refusal.to_xml()))?;
        Ok(Self::over(client.jid, client.wire))
    }

    /// Somebody who is bound on this connection.
    pub(crate) fn over(jid: Jid, wire: Wire) -> Self {
        let (says, said) = mpsc::channel(BATCHES);
        let (heard, hears) = mpsc::unbounded_channel();
        tokio::spawn(listen(wire, said, heard));
        Self {
            jid,
            says,
            hears,
            history: Vec::new(),
            end: None,
        }
    }

    /// Logs in, asks for the roster, as clients do, and is available.
    pub(crate) async fn arrive(address: SocketAddr, name: &str, resource: &str) -> Result<Self> {
        let mut person = Self::log_in(address, name, resource).await?;
        let id = unique();
        person
            .send(format!(
                "<iq type='get' id='{id}'><query xmlns='jabber:iq:roster'/></iq><presence/>"
            ))
            .await;
        let answer = |it: &Element| it.name == "iq" && it.get("id") == Some(&id);
        person.expect("the roster", PATIENCE, answer).await?;
        let own = person.jid.clone();
        person.expect("the own presence", PATIENCE, is_available(&own)).await?;
        Ok(person)
    }

    /// Sends XML as it is.
    pub(crate) async fn send(&mut self, xml: impl Into<String>) {
        // Where the stream has ended, what comes next says so.
        let _ = self.says.send(xml.into()).await;
    }

    /// Waits for the first element of which this is true, among what came and was not taken, or what comes.
    pub(crate) async fn expect(
        &mut self,
        what: &str,
        within: Duration,
        matches: impl Fn(&Element) -> bool,
    ) -> Result<Heard> {
        let is_wanted = |heard: &Heard| !heard.is_taken && heard.element.as_ref().is_some_and(&matches);
        let deadline = tokio::time::Instant::now() + within;
        let mut place = self.history.iter().position(is_wanted);
        while place.is_none() {
            if let Some(end) = &self.end {
                bail!("{} waits for {what}, and the stream ends: {end}", self.jid);
            }
            let Ok(heard) = tokio::time::timeout_at(deadline, self.hears.recv()).await else {
                bail!("{} waits {within:?} in vain for {what}; {}", self.jid, self.recent());
            };
            let heard = heard.context("the client's task says how it ends")?;
            let is_it = is_wanted(&heard);
            self.keep(heard);
            place = is_it.then(|| self.history.len() - 1);
        }
        let heard = &mut self.history[place.expect("the loop ends with it")];
        heard.is_taken = true;
        Ok(heard.clone())
    }

    /// Waits until what came last about a session is that it is available, which is what a client shows.
    pub(crate) async fn see(&mut self, other: &Jid) -> Result<()> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let about = |it: &Element| is_available(other)(it) || is_unavailable(other)(it);
            let last = self.since(Mark::START).filter(|it| about(it)).last();
            if last.is_some_and(is_available(other)) {
                return Ok(());
            }
            ensure!(self.end.is_none(), "{} was disconnected: {:?}", self.jid, self.end);
            let Ok(Some(heard)) = tokio::time::timeout_at(deadline, self.hears.recv()).await else {
                bail!("{} does not see {other}; {}", self.jid, self.recent());
            };
            self.keep(heard);
        }
    }

    /// Waits for the stream's end; what the server said about it.
    pub(crate) async fn expect_end(&mut self, within: Duration) -> Result<String> {
        let deadline = tokio::time::Instant::now() + within;
        loop {
            if let Some(end) = &self.end {
                return Ok(end.clone());
            }
            let Ok(Some(heard)) = tokio::time::timeout_at(deadline, self.hears.recv()).await else {
                bail!("{} is still connected after {within:?}", self.jid);
            };
            self.keep(heard);
        }
    }

    /// The stream is open and the server answers; whatever it said before has been heard.
    pub(crate) async fn is_here(&mut self) -> Result<()> {
        let id = unique();
        self.send(format!(
            "<iq type='get' id='{id}' to='{DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>"
        ))
        .await;
        let answer = |it: &Element| it.name == "iq" && it.get("id") == Some(&id);
        self.expect("the answer to a ping", PATIENCE, answer).await?;
        Ok(())
    }

    /// Whether the stream has ended, by what has been heard so far.
    pub(crate) fn has_ended(&mut self) -> bool {
        while let Ok(heard) = self.hears.try_recv() {
            self.keep(heard);
        }
        self.end.is_some()
    }

    /// Says something to somebody, who hears it; how long that took. What this person's node sent to them before has come
    /// by then, too.
    pub(crate) async fn tell(&mut self, other: &mut Self) -> Result<Duration> {
        let body = unique();
        let began = Instant::now();
        self.send(chat(&other.jid, &body)).await;
        let heard = other
            .expect(&format!("a message from {}", self.jid), PATIENCE, |it| {
                self::body(it).as_deref() == Some(&body)
            })
            .await?;
        Ok(heard.at.saturating_duration_since(began))
    }

    /// Nothing of what came so far is waited for.
    pub(crate) fn take_all(&mut self) {
        self.has_ended();
        for heard in &mut self.history {
            heard.is_taken = true;
        }
    }

    /// Where we are.
    pub(crate) fn mark(&mut self) -> Mark {
        self.has_ended();
        Mark(self.history.len())
    }

    /// The elements that came since, taken or not.
    pub(crate) fn since(&mut self, mark: Mark) -> impl Iterator<Item = &Element> {
        self.has_ended();
        self.history[mark.0..].iter().filter_map(|heard| heard.element.as_ref())
    }

    /// From now on nothing of this account gets here.
    pub(crate) async fn block(&mut self, name: &str) -> Result<()> {
        let id = unique();
        self.send(format!(
            "<iq type='set' id='{id}'><block xmlns='urn:xmpp:blocking'><item jid='{name}@{DOMAIN}'/></block></iq>"
        ))
        .await;
        let answer = self
            .expect("an answer", PATIENCE, |it| it.get("id") == Some(&id))
            .await?;
        let kind = answer.element.as_ref().and_then(|it| it.get("type"));
        ensure!(kind == Some("result"), "{} cannot block {name}", self.jid);
        Ok(())
    }

    /// A message to the other comes back, and does not get there.
    pub(crate) async fn is_refused_by(&mut self, other: &Self) -> Result<()> {
        self.send(chat(&other.jid, &unique())).await;
        let from = other.jid.to_string();
        let is_refusal = |it: &Element| it.get("type") == Some("error") && it.get("from") == Some(&from);
        self.expect("a refusal", PATIENCE, is_refusal).await?;
        Ok(())
    }

    /// How often this one was told since then that this session is unavailable.
    pub(crate) fn losses(&mut self, mark: Mark, of: &Jid) -> usize {
        self.since(mark).filter(|it| is_unavailable(of)(it)).count()
    }

    /// Leaves, and nobody is connected any more.
    pub(crate) async fn leave(mut self) -> Result<()> {
        self.send("</stream:stream>").await;
        self.expect_end(PATIENCE).await?;
        Ok(())
    }

    fn keep(&mut self, heard: Heard) {
        match &heard.element {
            Some(element) if element.is("error", ns::STREAM) => self.end = Some(element.to_xml()),
            Some(_) => {}
            None => _ = self.end.get_or_insert_with(|| "without a word".to_owned()),
        }
        self.history.push(heard);
    }

    fn recent(&self) -> String {
        let untaken = self.history.iter().rev().filter(|heard| !heard.is_taken);
        let elements: Vec<_> = untaken.filter_map(|heard| heard.element.as_ref()).take(10).collect();
        let lines: Vec<_> = elements.iter().rev().map(|element| element.to_xml()).collect();
        format!("of what came, these were not expected:\n{}", lines.join("\n"))
    }
}

/// The client's task: it writes what is said, hears what comes, and says how much that was where it is asked (XEP-0198),
/// until the stream or the person has ended.
async fn listen(mut wire: Wire, mut said: mpsc::Receiver<String>, heard: mpsc::UnboundedSender<Heard>) {
    let mut count = 0_u32;
    loop {
        let seen = tokio::select! {
            seen = wire.read() => seen,
            batch = said.recv() => match batch {
                Some(batch) => {
                    wire.send(batch).await;
                    continue;
                }
                None => return,
            },
        };
        let element = match seen {
            Seen::Element(element) => Some(element),
            Seen::Close | Seen::End => None,
            Seen::Open(_) | Seen::ErrorWithoutId => continue,
        };
        match &element {
            Some(it) if it.is("enabled", ns::STREAM_MANAGEMENT) => count = 0,
            Some(it) if it.is("r", ns::STREAM_MANAGEMENT) => {
                wire.send(format!("<a xmlns='{}' h='{count}'/>", ns::STREAM_MANAGEMENT))
                    .await;
            }
            Some(it) if ["message", "presence", "iq"].contains(&it.name.as_ref()) => count += 1,
            _ => {}
        }
        let is_over = element.is_none();
        let heard_now = Heard {
            at: Instant::now(),
            element,
            is_taken: false,
        };
        if heard.send(heard_now).is_err() || is_over {
            return;
        }
    }
}

/// A chat message.
pub(crate) fn chat(to: &Jid, body: &str) -> String {
    format!("<message to='{to}' type='chat'><body>{body}</body></message>")
}

/// A message's body; not that of a message that comes back.
pub(crate) fn body(stanza: &Element) -> Option<String> {
    if stanza.name != "message" || stanza.get("type") == Some("error") {
        return None;
    }
    stanza.find("body", ns::CLIENT).map(Element::own_text)
}

/// This session is available.
pub(crate) fn is_available(jid: &Jid) -> impl Fn(&Element) -> bool {
    let from = jid.to_string();
    move |it| it.name == "presence" && it.get("type").is_none() && it.get("from") == Some(&from)
}

/// This session is unavailable.
pub(crate) fn is_unavailable(jid: &Jid) -> impl Fn(&Element) -> bool {
    let from = jid.to_string();
    move |it| it.name == "presence" && it.get("type") == Some("unavailable") && it.get("from") == Some(&from)
}

/// Makes contacts of everybody and everybody else; they are at one node, and leave it.
pub(crate) async fn befriend(address: SocketAddr, names: &[&str]) -> Result<()> {
    let mut people = Vec::new();
    for name in names {
        people.push(Person::arrive(address, name, "early").await?);
    }
    for asking in 0..people.len() {
        for asked in (0..people.len()).filter(|asked| *asked != asking) {
            let (from, to) = (people[asking].jid.to_bare(), people[asked].jid.to_bare());
            let request = format!("<presence to='{to}' type='subscribe'/>");
            people[asking].send(request).await;
            people[asked]
                .expect("a request", PATIENCE, is_presence("subscribe", &from))
                .await?;
            let answer = format!("<presence to='{from}' type='subscribed'/>");
            people[asked].send(answer).await;
            people[asking]
                .expect("the answer", PATIENCE, is_presence("subscribed", &to))
                .await?;
        }
    }
    for person in people {
        person.leave().await?;
    }
    Ok(())
}

fn is_presence(kind: &'static str, from: &Jid) -> impl Fn(&Element) -> bool {
    let from = from.to_string();
    move |it| it.name == "presence" && it.get("type") == Some(kind) && it.get("from") == Some(&from)
}

/// Everybody tells everybody else something; the longest that it took.
pub(crate) async fn all_talk(people: &mut [Person]) -> Result<Duration> {
    let mut longest = Duration::ZERO;
    for speaking in 0..people.len() {
        for listening in (0..people.len()).filter(|it| *it != speaking) {
            let [one, other] = people
                .get_disjoint_mut([speaking, listening])
                .context("nobody talks to themselves")?;
            longest = longest.max(one.tell(other).await?);
        }
    }
    Ok(longest)
}

/// Everybody comes to see these sessions as available, but for their own.
pub(crate) async fn all_see(people: &mut [Person], others: &[Jid]) -> Result<()> {
    for person in people {
        let own = person.jid.clone();
        for other in others.iter().filter(|other| **other != own) {
            person.see(other).await?;
        }
    }
    Ok(())
}

/// Everybody is told that these sessions are unavailable; how long after this moment the last one was.
pub(crate) async fn all_miss(people: &mut [Person], lost: &[Jid], since: Instant) -> Result<Duration> {
    let mut longest = Duration::ZERO;
    for person in people {
        for jid in lost {
            let what = format!("the loss of {jid}");
            let heard = person.expect(&what, PATIENCE, is_unavailable(jid)).await?;
            longest = longest.max(heard.at.saturating_duration_since(since));
        }
    }
    Ok(longest)
}

/// Everybody is connected, and has heard of no loss but these since then, and of each of these once.
pub(crate) async fn only_lost(people: &mut [Person], marks: &[Mark], lost: &[Jid], all: &[Jid]) -> Result<()> {
    for (person, mark) in people.iter_mut().zip(marks) {
        person.is_here().await?;
        for jid in all {
            let (expected, times) = (usize::from(lost.contains(jid)), person.losses(*mark, jid));
            ensure!(
                times == expected,
                "{} was told {times} times that {jid} is unavailable, instead of {expected}",
                person.jid
            );
        }
    }
    Ok(())
}

/// Nobody else has said this.
pub(crate) fn unique() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    format!("u{}", COUNTER.fetch_add(1, Ordering::Relaxed))
}
