//! Letters: messages of which the writer is told that they arrived (XEP-0198), and which must not be lost after that.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use protocol::{Element, Jid, ns};

use crate::{
    PATIENCE,
    fleet::Fleet,
    person::{Mark, Person, body, chat, unique},
};

/// How they begin.
const LETTER: &str = "letter";

/// A person who counts what the server has acknowledged, and acknowledges what comes.
pub(crate) struct Writer {
    pub(crate) person: Person,
    /// To whom, and what; also what was no letter, without a text.
    sent: Vec<Letter>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Letter {
    from: String,
    to: String,
    text: String,
}

impl Writer {
    /// Logs in, is available, and counts from here on.
    pub(crate) async fn arrive(address: SocketAddr, who: &str, resource: &str) -> Result<Self> {
        let mut person = Person::arrive(address, who, resource).await?;
        person
            .send(format!("<enable xmlns='{}'/>", ns::STREAM_MANAGEMENT))
            .await;
        let is_enabled = |it: &Element| it.is("enabled", ns::STREAM_MANAGEMENT);
        person.expect("stream management", PATIENCE, is_enabled).await?;
        Ok(Self {
            person,
            sent: Vec::new(),
        })
    }

    /// Writes a letter, and asks whether it has come.
    pub(crate) async fn write(&mut self, to: &Jid) {
        let letter = Letter {
            from: self.person.jid.to_string(),
            to: to.to_bare().to_string(),
            text: format!("{LETTER} {}", unique()),
        };
        let request = format!("<r xmlns='{}'/>", ns::STREAM_MANAGEMENT);
        self.person.send(chat(to, &letter.text) + &request).await;
        self.sent.push(letter);
    }

    /// How many letters are acknowledged.
    pub(crate) fn acknowledged(&mut self) -> usize {
        let last = self.person.since(Mark::START).filter_map(acknowledges).last();
        last.unwrap_or(0)
    }

    /// Waits until all that was written is acknowledged.
    pub(crate) async fn expect_acknowledged(&mut self, within: Duration) -> Result<()> {
        let all = self.sent.len();
        if self.acknowledged() < all {
            let is_last = |it: &Element| acknowledges(it) == Some(all);
            self.person.expect("the acknowledgement", within, is_last).await?;
        }
        Ok(())
    }
}

fn acknowledges(element: &Element) -> Option<usize> {
    let is_acknowledgement = element.is("a", ns::STREAM_MANAGEMENT);
    is_acknowledgement.then(|| element.get("h")?.parse().ok()).flatten()
}

/// The letters of which somebody was told that they arrived, and those that somebody read.
#[derive(Default)]
pub(crate) struct Post {
    promised: BTreeSet<Letter>,
    read: Vec<(String, String)>,
}

impl Post {
    /// Adds what the server has acknowledged to a client, whose stream may have ended.
    pub(crate) fn promise(&mut self, writer: &mut Writer) {
        let acknowledged = writer.acknowledged();
        self.promised.extend(writer.sent.iter().take(acknowledged).cloned());
    }

    /// Adds all that somebody has read, who reads no more.
    pub(crate) fn read(&mut self, person: &mut Person) {
        let reader = person.jid.to_bare().to_string();
        let texts = person.since(Mark::START).filter_map(body);
        self.read.extend(texts.map(|text| (reader.clone(), text)));
    }

    /// Every addressee comes once more and reads what was kept for them: every letter of which somebody was told that it
    /// arrived is there. How many, and how many came twice.
    pub(crate) async fn check(&mut self, fleet: &Fleet, at: usize) -> Result<(usize, usize)> {
        let addressees: BTreeSet<_> = self.promised.iter().map(|letter| letter.to.clone()).collect();
        for addressee in addressees {
            let jid: Jid = addressee.parse()?;
            let name = jid.local().context("people have names")?;
            let mut reader = Writer::arrive(fleet.address(at)?, name, "late").await?.person;
            for letter in self.unread(&addressee) {
                let is_it = |it: &Element| body(it).as_ref() == Some(&letter.text);
                let read = reader.expect("a letter", PATIENCE, is_it).await;
                read.with_context(|| format!("{letter:?} was acknowledged"))?;
            }
            self.read(&mut reader);
            reader.leave().await?;
        }
        let letters = self.read.iter().filter(|(_, text)| text.starts_with(LETTER));
        let (count, different) = letters.fold((0, BTreeSet::new()), |(count, mut different), letter| {
            different.insert(letter);
            (count + 1, different)
        });
        Ok((self.promised.len(), count - different.len()))
    }

    fn unread(&self, addressee: &str) -> Vec<Letter> {
        let theirs = self.promised.iter().filter(|letter| letter.to == addressee);
        let is_read = |letter: &Letter| {
            let mut texts = self.read.iter().filter(|(reader, _)| reader == addressee);
            texts.any(|(_, text)| *text == letter.text)
        };
        theirs.filter(|letter| !is_read(letter)).cloned().collect()
    }
}
