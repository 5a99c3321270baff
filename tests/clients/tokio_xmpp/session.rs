//! One person at one client: a tokio-xmpp session whose stanzas can be waited for.

use std::future::Future;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::StreamExt as _;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_xmpp::connect::DnsConfig;
use tokio_xmpp::jid::{BareJid, Jid};
use tokio_xmpp::parsers::ibr::LegacyQuery;
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::message::{Lang, Message};
use tokio_xmpp::parsers::presence::{Presence, Type};
use tokio_xmpp::parsers::roster::{Ask, Group, Item, Roster, Subscription};
use tokio_xmpp::parsers::stanza::Stanza;
use tokio_xmpp::xmlstream::Timeouts;
use tokio_xmpp::{Client, Event, IqRequest, IqResponse};

use crate::wire;

/// How long one expected thing may take before the step has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A logged-in client, with a runtime of its own: the library goes on trying to log in for as long as
/// its runtime lives.
pub(crate) struct Session {
    runtime: Runtime,
    client: Client,
    address: BareJid,
    kept: Vec<Stanza>,
}

impl Session {
    fn connect(name: &str, password: &str) -> Result<Self> {
        let variable = |name| std::env::var(name).with_context(|| format!("{name} is not set"));
        let address = BareJid::new(&format!("{name}@{}", variable("XMPP_DOMAIN")?))?;
        let server = DnsConfig::addr(&format!("{}:{}", variable("XMPP_HOST")?, variable("XMPP_PORT")?));
        // COMPAT(tokio-xmpp, 6.0.0): with more than one thread, a stanza that arrives while another is
        // being sent is not noticed until the next one.
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let security = variable("XMPP_SECURITY")?;
        let client = runtime.block_on(async {
            match security.as_str() {
                "direct" => Client::new_direct_tls_with_config(address.clone(), password, server, Timeouts::tight()),
                _ => Client::new_starttls(address.clone(), password, server, Timeouts::tight()),
            }
        });
        Ok(Self {
            runtime,
            client,
            address,
            kept: Vec::new(),
        })
    }

    /// Logs in, insists on TLS of the asked kind and on SCRAM, fetches the roster and says so to everybody.
    pub(crate) fn go_online(name: &str, password: &str) -> Result<Self> {
        let mark = wire::mark();
        let mut session = Self::connect(name, password)?;
        match within(&session.runtime, session.client.next())? {
            Some(Event::Online { .. }) => {}
            other => bail!("{name} did not come online: {other:?}"),
        }
        let direct = std::env::var("XMPP_SECURITY")? == "direct";
        ensure!(
            wire::find(mark, "<starttls").is_none() == direct,
            "connected by the other kind of TLS"
        );
        let auth = wire::find(mark, "<auth ").context("no authentication was seen")?;
        ensure!(auth.contains("SCRAM-"), "authenticated otherwise than by SCRAM: {auth}");
        println!("{}", auth.split('>').next().unwrap_or_default());
        session.roster()?;
        session.send(Presence::available())?;
        Ok(session)
    }

    /// Tries a password that is wrong: the server must say `not-authorized`.
    pub(crate) fn is_refused(name: &str, password: &str) -> Result<()> {
        let mark = wire::mark();
        let session = Self::connect(name, password)?;
        // The library reports a refusal to its log only.
        let refusal = within(&session.runtime, wire::wait_for(mark, "Failed to connect"))?;
        ensure!(
            refusal.contains("NotAuthorized"),
            "a wrong password was answered by: {refusal}"
        );
        Ok(())
    }

    pub(crate) fn address(&self) -> BareJid {
        self.address.clone()
    }

    /// Closes the stream.
    pub(crate) fn log_out(self) -> Result<()> {
        within(&self.runtime, self.client.send_end())??;
        Ok(())
    }

    pub(crate) fn send(&mut self, stanza: impl Into<Stanza>) -> Result<()> {
        let stanza = stanza.into();
        within(&self.runtime, self.client.send_stanza(stanza))??;
        Ok(())
    }

    pub(crate) fn say(&mut self, to: Jid, body: &str) -> Result<()> {
        self.send(Message::chat(to).with_body(Lang::new(), body.to_owned()))
    }

    pub(crate) fn roster(&mut self) -> Result<Vec<Item>> {
        let query = Roster {
            ver: None,
            items: Vec::new(),
        };
        let answer = self
            .request(IqRequest::Get(query.into()))?
            .context("a roster request is answered by a roster")?;
        Ok(Roster::try_from(answer)?.items)
    }

    pub(crate) fn add_to_roster(&mut self, contact: &Self, name: &str, group: &str) -> Result<()> {
        let item = Item {
            jid: contact.address(),
            name: Some(name.to_owned()),
            subscription: Subscription::None,
            ask: Ask::None,
            groups: vec![Group(group.to_owned())],
            approved: None,
        };
        self.request(IqRequest::Set(
            Roster {
                ver: None,
                items: vec![item],
            }
            .into(),
        ))?;
        Ok(())
    }

    /// XEP-0077 §3.3.
    pub(crate) fn change_password(&mut self, password: &str) -> Result<()> {
        let username = self.address.node().map(|node| node.as_str().to_owned());
        let form = LegacyQuery {
            username,
            password: Some(password.to_owned()),
            ..LegacyQuery::default()
        };
        self.request(IqRequest::Set(form.into()))?;
        Ok(())
    }

    /// Presence of this type from a contact.
    pub(crate) fn expect_presence(
        &mut self,
        contact: &Self,
        kind: &Type,
        wanted: impl Fn(&Presence) -> bool,
    ) -> Result<Presence> {
        self.expect_presence_of(&contact.address, kind, wanted)
    }

    /// The same, of somebody who has left already.
    pub(crate) fn expect_presence_of(
        &mut self,
        contact: &BareJid,
        kind: &Type,
        wanted: impl Fn(&Presence) -> bool,
    ) -> Result<Presence> {
        self.expect(&format!("presence {kind:?} from {contact}"), |stanza| match stanza {
            Stanza::Presence(presence)
                if presence.type_ == *kind
                    && presence.from.as_ref().is_some_and(|from| from.to_bare() == *contact)
                    && wanted(presence) =>
            {
                Some(presence.clone())
            }
            _ => None,
        })
    }

    /// The message with this body.
    pub(crate) fn expect_message(&mut self, body: &str) -> Result<Message> {
        self.expect(&format!("the message {body:?}"), |stanza| match stanza {
            Stanza::Message(message) if message.bodies.values().any(|known| known == body) => Some(message.clone()),
            _ => None,
        })
    }

    /// The first stanza that is wanted; it is taken out of what was kept.
    fn expect<T>(&mut self, what: &str, wanted: impl Fn(&Stanza) -> Option<T>) -> Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self
                .kept
                .iter()
                .enumerate()
                .find_map(|(index, stanza)| Some((index, wanted(stanza)?)));
            if let Some((index, found)) = found {
                self.kept.remove(index);
                return Ok(found);
            }
            let event = self
                .runtime
                .block_on(async { timeout_at(deadline, self.client.next()).await });
            match event {
                Ok(Some(Event::Stanza(stanza))) => self.receive(stanza)?,
                other => bail!(
                    "{} waited for {what}, got {other:?}; kept: {:?}",
                    self.address,
                    self.kept
                ),
            }
        }
    }

    /// Answers a roster push (RFC 6121 §2.1.6) and keeps everything else.
    fn receive(&mut self, stanza: Stanza) -> Result<()> {
        match stanza {
            Stanza::Iq(Iq::Set { id, .. }) => self.send(Iq::Result {
                from: None,
                to: None,
                id,
                payload: None,
            }),
            other => {
                self.kept.push(other);
                Ok(())
            }
        }
    }

    fn request(&mut self, request: IqRequest) -> Result<Option<tokio_xmpp::minidom::Element>> {
        let answer = within(&self.runtime, async { self.client.send_iq(None, request).await.await })??;
        match answer {
            IqResponse::Result(payload) => Ok(payload),
            IqResponse::Error(error) => bail!("the request was answered by {error:?}"),
        }
    }
}

fn within<F: Future>(runtime: &Runtime, future: F) -> Result<F::Output> {
    runtime
        .block_on(async { timeout(PATIENCE, future).await })
        .context("the server took too long")
}
