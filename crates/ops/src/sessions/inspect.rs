//! The stanza inspector: an owner looks at what passes one session, for some minutes. Who did so, when and for how long
//! is in the record; what people write is hidden unless it was expressly asked for; and it ends by itself.

use std::{sync::Arc, time::Duration};

use protocol::{Element, Jid, Stanza, element::Node, ns};
use router::{Router, Session, Way};
use serde::{Deserialize, Serialize};

use super::{Sessions, full_jid};
use crate::{Actor, OpsError, audit::Deed};

/// Minutes that a session may be looked into at most, before somebody has to say so again.
pub const INSPECTION_MINUTES_MAX: u32 = 30;
/// Stanzas in one answer.
const STANZAS_MAX: usize = 64;
/// Bytes of one stanza that are shown.
const SHOWN_BYTES_MAX: usize = 8 * 1024;
/// What stands for an attribute that nobody should read.
const MASK: &str = "********";

/// What is wanted of a session. Written to links: append, never reorder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// Its full JID.
    pub jid: String,
    /// What is wanted.
    pub wish: Wish,
}

/// What is wanted of a session. Written to links: append, never reorder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wish {
    /// To look into it from now on.
    Open {
        /// For how long.
        secs: u32,
        /// Whether what people write is to be read, too.
        shows_text: bool,
    },
    /// What has passed behind this number.
    Read {
        /// The number of the last stanza that was seen.
        after: u64,
    },
    /// That nobody looks into it any more.
    Close,
}

/// What the server says that has the session. Written to links: append, never reorder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspected {
    /// Seconds until nobody looks into it any more; none where nobody does.
    pub left_secs: Option<u64>,
    /// Whether what people write is shown.
    pub shows_text: bool,
    /// What has passed, the oldest first.
    pub stanzas: Vec<InspectedStanza>,
}

/// A stanza that was seen. Written to links: append, never reorder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectedStanza {
    /// Counts from 1 since the inspection began.
    pub number: u64,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Whether it came from the client.
    pub is_in: bool,
    /// The stanza.
    pub xml: String,
}

impl Sessions {
    /// Looks into a session from now on, wherever it is.
    ///
    /// # Errors
    /// Where the actor is no owner, there is no such session, or its server does not answer.
    pub async fn inspect(&self, actor: &Actor, jid: &str, minutes: u32, shows_text: bool) -> Result<(), OpsError> {
        let text = if shows_text { "with text" } else { "text hidden" };
        let deed = Deed {
            after: Some(format!("for {minutes} minutes, {text}")),
            ..Deed::new("session.inspect", jid)
        };
        let work = async {
            actor.require_owner()?;
            if minutes == 0 || minutes > INSPECTION_MINUTES_MAX {
                return Err(OpsError::Unusable {
                    what: "the time",
                    why: format!("is a number of minutes from 1 to {INSPECTION_MINUTES_MAX}"),
                });
            }
            let secs = minutes * 60;
            self.ask_about(jid, Wish::Open { secs, shows_text }).await.map(drop)
        };
        self.audit.record(actor, deed, work).await
    }

    /// Ends that, before its time.
    ///
    /// # Errors
    /// Where the actor is no owner, there is no such session, or its server does not answer.
    pub async fn end_inspection(&self, actor: &Actor, jid: &str) -> Result<(), OpsError> {
        let work = async {
            actor.require_owner()?;
            self.ask_about(jid, Wish::Close).await.map(drop)
        };
        self.audit
            .record(actor, Deed::new("session.inspect.end", jid), work)
            .await
    }

    /// What has passed a session behind this number, since somebody looks into it.
    ///
    /// # Errors
    /// Where the actor is no owner, there is no such session, or its server does not answer.
    pub async fn inspected(&self, actor: &Actor, jid: &str, after: u64) -> Result<Inspected, OpsError> {
        actor.require_owner()?;
        self.ask_about(jid, Wish::Read { after }).await
    }

    async fn ask_about(&self, jid: &str, wish: Wish) -> Result<Inspected, OpsError> {
        let full = full_jid(jid)?;
        let inspection = Inspection {
            jid: full.to_string(),
            wish,
        };
        let mut silent = None;
        for (node, said) in self.cluster.inspect(inspection).await {
            match said {
                Ok(Some(inspected)) => return Ok(inspected),
                Ok(None) => {}
                Err(why) => silent = Some(OpsError::NoAnswer { node, why }),
            }
        }
        // It may be where nobody answers.
        Err(silent.unwrap_or(OpsError::NoSession(full)))
    }
}

/// What this server says of a session that is looked into; none where it does not have it.
#[must_use]
pub fn inspect_here(router: &Router, inspection: &Inspection) -> Option<Inspected> {
    let full = inspection.jid.parse::<Jid>().ok()?;
    let session = router.directory().find(&full)?;
    match inspection.wish {
        Wish::Open { secs, shows_text } => {
            let time =
                Duration::from_secs(secs.into()).min(Duration::from_secs(60 * u64::from(INSPECTION_MINUTES_MAX)));
            session.tap.open(time, shows_text);
            tokio::spawn(close_after(Arc::downgrade(&session), time));
            Some(read(&session, 0))
        }
        Wish::Read { after } => Some(read(&session, after)),
        Wish::Close => {
            session.tap.close();
            Some(Inspected::default())
        }
    }
}

/// What was seen is not kept for a client that says nothing more.
async fn close_after(session: std::sync::Weak<Session>, time: Duration) {
    tokio::time::sleep(time + Duration::from_secs(1)).await;
    if let Some(session) = session.upgrade() {
        session.tap.close_if_over();
    }
}

fn read(session: &Session, after: u64) -> Inspected {
    let Some(drawn) = session.tap.read(after) else {
        return Inspected::default();
    };
    let stanzas = drawn.stanzas.iter().take(STANZAS_MAX).map(|tapped| InspectedStanza {
        number: tapped.number,
        at: tapped.at_micros,
        is_in: tapped.way == Way::In,
        xml: shown(&tapped.stanza, drawn.shows_text),
    });
    Inspected {
        left_secs: Some(drawn.left.as_secs()),
        shows_text: drawn.shows_text,
        stanzas: stanzas.collect(),
    }
}

/// A stanza as an operator may read it.
fn shown(stanza: &Stanza, shows_text: bool) -> String {
    let mut element = stanza.to_element();
    for child in &mut element.nodes {
        if let Node::Element(child) = child {
            hide(child, shows_text);
        }
    }
    let mut xml = element.to_xml();
    if xml.len() > SHOWN_BYTES_MAX {
        let more = xml.len() - SHOWN_BYTES_MAX;
        let end = (0..=SHOWN_BYTES_MAX).rev().find(|at| xml.is_char_boundary(*at));
        xml.truncate(end.unwrap_or(0));
        xml.push_str(&format!(" … {more} bytes more"));
    }
    xml
}

/// Secrets are never shown, and what people write only where that is allowed.
fn hide(element: &mut Element, shows_text: bool) {
    let is_secret = element.ns == ns::REGISTER && element.name == "password";
    for (name, value) in &mut element.attributes {
        if matches!(name.as_str(), "password" | "token") {
            *value = MASK.into();
        }
    }
    for node in &mut element.nodes {
        match node {
            Node::Element(child) => hide(child, shows_text),
            Node::Text(text) if text.trim().is_empty() => {}
            Node::Text(text) if is_secret => *text = MASK.into(),
            Node::Text(text) if !shows_text => *text = format!("[{} characters]", text.chars().count()).into(),
            Node::Text(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[track_caller]
    fn check(xml: &str, shows_text: bool, has: &[&str], has_not: &[&str]) {
        let stanza = Stanza::parse(xml.as_bytes()).unwrap();
        let shown = shown(&stanza, shows_text);
        for words in has {
            assert!(shown.contains(words), "{words} is not in {shown}");
        }
        for words in has_not {
            assert!(!shown.contains(words), "{words} is in {shown}");
        }
    }

    #[test]
    fn what_people_write_is_hidden_unless_it_was_asked_for() {
        let message = "<message xmlns='jabber:client' type='chat' id='1'><body>my heart</body>\
                       <html xmlns='http://jabber.org/protocol/xhtml-im'><p xmlns='http://www.w3.org/1999/xhtml'>my heart\
                       </p></html><active xmlns='http://jabber.org/protocol/chatstates'/></message>";
        check(message, false, &["[8 characters]", "<active", "id='1'"], &["heart"]);
        check(message, true, &["<body>my heart</body>", "<active"], &["characters]"]);
    }

    #[test]
    fn secrets_are_never_shown() {
        let password = "<iq xmlns='jabber:client' type='set' id='1'><query xmlns='jabber:iq:register'>\
                        <username>romeo</username><password>sesame</password></query></iq>";
        check(password, true, &["romeo", MASK], &["sesame"]);
        let bookmark = "<iq xmlns='jabber:client' type='set' id='1'><query xmlns='jabber:iq:private'>\
                        <x xmlns='y' password='sesame' token='t0k'/></query></iq>";
        check(bookmark, true, &[MASK], &["sesame", "t0k"]);
    }

    #[test]
    fn a_long_stanza_is_cut() {
        let message = format!(
            "<message xmlns='jabber:client'><body>{}</body></message>",
            "ü".repeat(SHOWN_BYTES_MAX)
        );
        check(&message, true, &["bytes more"], &["</message>"]);
    }
}
