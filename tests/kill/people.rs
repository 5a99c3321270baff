//! Who talks to whom: a sender that knows what was acknowledged, a recipient that knows what it got.

use std::{
    collections::{BTreeSet, VecDeque},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use anyhow::{Result, ensure};
use protocol::{Element, ns};
use testkit::{
    client::Connect,
    wire::{Seen, Wire},
};
use tests::support::process::DOMAIN;
use tokio::sync::Semaphore;

use crate::{PASSWORD, Progress, random::Random};

/// So many log in at a time.
const AT_ONCE: usize = 16;
/// Messages that a sender leaves unacknowledged.
const WINDOW: usize = 16;
/// Those who become deaf hear at most so much.
const DEAF_AFTER: usize = 20;
/// A server that has said nothing for so long has nothing to say.
const SILENCE: Duration = Duration::from_secs(15);

pub(crate) fn sender(number: usize) -> String {
    format!("sender{number}")
}

pub(crate) fn recipient(number: usize) -> String {
    format!("recipient{number}")
}

/// Does this for each, a few at a time; the results in the same order.
pub(crate) async fn each<T, R, F>(all: Vec<T>, work: impl Fn(T) -> F) -> Result<Vec<R>>
where
    F: Future<Output = Result<R>> + Send + 'static,
    R: Send + 'static,
{
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let tasks: Vec<_> = all
        .into_iter()
        .map(|one| {
            let (places, work) = (places.clone(), work(one));
            tokio::spawn(async move {
                let _place = places.acquire_owned().await?;
                work.await
            })
        })
        .collect();
    let mut results = Vec::with_capacity(tasks.len());
    for task in tasks {
        results.push(task.await??);
    }
    Ok(results)
}

/// A bound stream with stream management on.
pub(crate) struct Stream {
    wire: Wire,
    /// Stanzas that came.
    received: u32,
    /// How many of them were acknowledged.
    acknowledged: u32,
}

/// Logs in and switches stream management on.
pub(crate) async fn log_in(address: SocketAddr, name: &str) -> Stream {
    let account = format!("{name}@{DOMAIN}").parse().expect("a name that is one");
    let login = Connect::DirectTls(address).log_in(&account, PASSWORD).await;
    let bound = login.expect("the password is right").bind("load").await;
    let mut client = bound.expect("the resource is free");
    client.send("<enable xmlns='urn:xmpp:sm:3'/>").await;
    client.receive(|it| it.is("enabled", ns::STREAM_MANAGEMENT)).await;
    Stream {
        wire: client.wire,
        received: 0,
        acknowledged: 0,
    }
}

impl Stream {
    /// What comes next; `None` when the stream has ended.
    async fn next(&mut self) -> Option<Element> {
        match self.wire.next().await {
            Seen::Element(element) => {
                let is_stanza = matches!(element.name.as_str(), "message" | "presence" | "iq");
                self.received += u32::from(is_stanza);
                Some(element)
            }
            _ => None,
        }
    }

    /// Acknowledges everything that came but so much.
    async fn acknowledge(&mut self, but: u32) {
        let h = self.received - but;
        self.acknowledged = h;
        self.wire.send(format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>")).await;
    }
}

/// Somebody who sends numbered messages to the recipient of the same number.
pub(crate) struct Sender {
    pub(crate) number: usize,
    /// Messages sent, in all lives of the server; the next one has this number.
    pub(crate) said: u32,
    /// What the server has acknowledged.
    pub(crate) acknowledged: BTreeSet<u32>,
}

impl Sender {
    pub(crate) fn new(number: usize) -> Self {
        Self {
            number,
            said: 0,
            acknowledged: BTreeSet::new(),
        }
    }

    /// Sends as fast as the server acknowledges, until it is gone.
    pub(crate) async fn speak(mut self, mut stream: Stream, progress: Arc<Progress>, mut random: Random) -> Self {
        let mut unacknowledged = VecDeque::new();
        let mut last = 0u32;
        loop {
            if unacknowledged.len() < WINDOW / 2 {
                let batch = 1 + random.below(WINDOW - unacknowledged.len());
                stream.wire.send(self.batch(batch, &mut unacknowledged)).await;
            }
            let Some(element) = stream.next().await else {
                return self;
            };
            if !element.is("a", ns::STREAM_MANAGEMENT) {
                continue;
            }
            let h: u32 = element
                .get("h")
                .and_then(|h| h.parse().ok())
                .expect("an acknowledgement has h");
            let new = usize::try_from(h - last).expect("the server counts upwards");
            last = h;
            self.acknowledged.extend(unacknowledged.drain(..new));
            progress.add(new);
        }
    }

    /// The next messages and a request for their acknowledgement.
    fn batch(&mut self, count: usize, unacknowledged: &mut VecDeque<u32>) -> String {
        let to = recipient(self.number);
        let mut batch = String::new();
        for _ in 0..count {
            let body = self.said;
            batch += &format!("<message to='{to}@{DOMAIN}' type='chat'><body>{body}</body></message>");
            unacknowledged.push_back(body);
            self.said += 1;
        }
        batch + "<r xmlns='urn:xmpp:sm:3'/>"
    }
}

/// Somebody who gets numbered messages.
pub(crate) struct Recipient {
    number: usize,
    /// What came, in all lives of the server.
    pub(crate) obtained: BTreeSet<u32>,
    /// How many came more than once.
    pub(crate) again: usize,
}

impl Recipient {
    pub(crate) fn new(number: usize) -> Self {
        Self {
            number,
            obtained: BTreeSet::new(),
            again: 0,
        }
    }

    /// Logs in and waits for everything that it is owed and has not obtained.
    pub(crate) async fn collect(mut self, address: SocketAddr, owed: &BTreeSet<u32>) -> Result<(Self, Stream)> {
        let mut stream = log_in(address, &recipient(self.number)).await;
        stream.wire.send("<presence/>").await;
        while !owed.is_subset(&self.obtained) {
            let next = tokio::time::timeout(SILENCE, stream.next()).await;
            let Ok(Some(element)) = next else {
                let missing: Vec<_> = owed.difference(&self.obtained).collect();
                ensure!(
                    missing.is_empty(),
                    "{} of {} acknowledged messages of pair {} are missing: {missing:?}",
                    missing.len(),
                    owed.len(),
                    self.number
                );
                break;
            };
            self.take(&element);
            if element.is("r", ns::STREAM_MANAGEMENT) {
                stream.acknowledge(0).await;
            }
        }
        Ok((self, stream))
    }

    /// Takes what comes, and acknowledges some of it, until the server is gone. Some leave at once, and some hear nothing
    /// any more after a while, although they stay: their stream is given back unread.
    pub(crate) async fn listen(mut self, mut stream: Stream, mut random: Random) -> Result<(Self, Option<Stream>)> {
        let mut patience = match random.below(3) {
            0 => return Ok((self, None)),
            1 => random.below(DEAF_AFTER),
            _ => usize::MAX,
        };
        while patience > 0 {
            let Some(element) = stream.next().await else { break };
            patience -= 1;
            self.take(&element);
            if element.is("r", ns::STREAM_MANAGEMENT) {
                // Less than last time would be an error.
                let owing = usize::try_from(stream.received - stream.acknowledged)?;
                stream.acknowledge(u32::try_from(random.below(owing + 1))?).await;
            }
        }
        Ok((self, Some(stream)))
    }

    fn take(&mut self, element: &Element) {
        let body = element.find("body", ns::CLIENT).map(Element::own_text);
        if let Some(number) = body.and_then(|body| body.parse().ok()) {
            let is_new = self.obtained.insert(number);
            self.again += usize::from(!is_new);
        }
    }
}
