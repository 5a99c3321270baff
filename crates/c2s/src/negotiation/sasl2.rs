//! XEP-0388: Extensible SASL Profile. Authentication, and with it whatever else the client wants at once: a resource
//! (XEP-0386), its earlier stream (XEP-0198), a token (XEP-0484), better keys (XEP-0480).

use auth::{Authenticated, IssuedToken, TokenRequest, TokenUse, Upgrade};
use protocol::{
    Element, ns,
    sasl::{Failure, Mechanism, payload},
    stream::Frame,
    xep::datetime,
};

use super::{Negotiation, Step, too_early};
use crate::{
    bound::Bound,
    connection::Gone,
    resume::{NotResumed, repeat},
};

/// Namespace of the payloads of `UPGR-SCRAM-…` (XEP-0480 §4).
const SCRAM_UPGRADE: &str = "urn:xmpp:scram-upgrade:0";

/// What a client asks for in its `<authenticate/>`.
struct Wishes<'a> {
    initial: Option<Vec<u8>>,
    client: Option<&'a str>,
    bind: Option<&'a Element>,
    resume: Option<&'a Element>,
    token: Option<&'a str>,
    fast: Option<&'a Element>,
    upgrades: Vec<Upgrade>,
}

/// Characters of a client's name that are kept.
const SOFTWARE_CHARS: usize = 80;

/// `<software/>` of a `<user-agent/>`: what people call the client.
fn software(authenticate: &Element) -> Option<Box<str>> {
    let agent = authenticate.find("user-agent", ns::SASL2)?;
    let text = agent.find("software", ns::SASL2)?.own_text();
    let text: String = text.trim().chars().take(SOFTWARE_CHARS).collect();
    (!text.is_empty()).then(|| text.into())
}

impl<'a> Wishes<'a> {
    fn parse(authenticate: &'a Element) -> Result<Self, Failure> {
        let initial = authenticate.find("initial-response", ns::SASL2);
        Ok(Self {
            initial: initial
                .map(|initial| payload::decode(&initial.own_text()))
                .transpose()?
                .flatten(),
            client: authenticate
                .find("user-agent", ns::SASL2)
                .and_then(|agent| agent.get("id")),
            bind: authenticate.find("bind", ns::BIND2),
            resume: authenticate.find("resume", ns::STREAM_MANAGEMENT),
            token: authenticate
                .find("request-token", ns::FAST)
                .and_then(|request| request.get("mechanism")),
            fast: authenticate.find("fast", ns::FAST),
            upgrades: authenticate
                .elements()
                .filter(|element| element.is("upgrade", ns::SASL_UPGRADE))
                .filter_map(|element| element.own_text().parse().ok())
                .collect(),
        })
    }

    fn token_use(&self) -> Option<TokenUse<'a>> {
        let counter = |fast: &Element| fast.get("count").and_then(|count| count.parse().ok());
        self.fast.map(|fast| TokenUse {
            client: self.client,
            counter: counter(fast),
        })
    }

    fn token_request(&self) -> TokenRequest<'a> {
        let is_true = |value| matches!(value, Some("true" | "1"));
        let invalidate = self.fast.is_some_and(|fast| is_true(fast.get("invalidate")));
        TokenRequest {
            client: self.client,
            mechanism: self.token,
            invalidate,
        }
    }
}

impl Negotiation {
    /// `<authentication/>` with everything that may be asked for inline.
    pub(super) fn sasl2_feature(&self, offered: &[Mechanism]) -> Element {
        let mechanism = |ns: &str, name: &str| Element::new("mechanism", ns).text(name);
        let inner = ["urn:xmpp:sm:3", "urn:xmpp:csi:0"].map(|var| Element::new("feature", ns::BIND2).attr("var", var));
        let bind = Element::new("bind", ns::BIND2).child(Element::new("inline", ns::BIND2).children_from(inner));
        let mut inline = Element::new("inline", ns::SASL2)
            .child(bind)
            .child(Element::new("sm", ns::STREAM_MANAGEMENT));
        let tokens = self.server.authenticator.offered_for_tokens(&self.binding());
        if !tokens.is_empty() {
            let names = tokens.iter().map(|token| mechanism(ns::FAST, token.as_str()));
            inline = inline.child(Element::new("fast", ns::FAST).children_from(names));
        }
        let upgrades = self.server.authenticator.offered_upgrades().iter();
        Element::new("authentication", ns::SASL2)
            .children_from(offered.iter().map(|offered| mechanism(ns::SASL2, offered.as_str())))
            .children_from(upgrades.map(|upgrade| Element::new("upgrade", ns::SASL_UPGRADE).text(upgrade.as_str())))
            .child(inline)
    }

    /// `<authenticate/>` and everything up to `<success/>` or `<failure/>`.
    pub(super) async fn sasl2(&mut self, authenticate: &Element) -> Result<Step, Gone> {
        let wishes = match Wishes::parse(authenticate) {
            Ok(wishes) => wishes,
            Err(failure) => return self.sasl2_failed(&failure),
        };
        self.software = software(authenticate);
        let binding = self.binding();
        let authenticator = self.server.authenticator.clone();
        let mechanism = authenticate.get("mechanism").unwrap_or_default();
        let initial = wishes.initial.as_deref();
        let begun = match wishes.token_use() {
            Some(token) => {
                authenticator
                    .start_with_token(&binding, mechanism, initial, token)
                    .await
            }
            None => authenticator.start(&binding, mechanism, initial).await,
        };
        let mut authenticated = match self.exchange(begun, ns::SASL2).await? {
            Ok(authenticated) => authenticated,
            Err(failure) => return self.sasl2_failed(&failure),
        };
        if let Err(failure) = self.upgrade(&mut authenticated, &wishes).await? {
            return self.sasl2_failed(&failure);
        }
        let token = match authenticator
            .settle_tokens(&authenticated, wishes.token_request())
            .await
        {
            Ok(token) => token,
            Err(failure) => return self.sasl2_failed(&failure),
        };
        self.succeed(authenticated, &wishes, token).await
    }

    fn sasl2_failed(&mut self, failure: &Failure) -> Result<Step, Gone> {
        self.connection().write_element(&failure.to_sasl2());
        self.count_failure()?;
        Ok(Step::Continue)
    }

    /// `<success/>`, and with it the resource or the earlier stream.
    async fn succeed(
        &mut self,
        authenticated: Authenticated,
        wishes: &Wishes<'_>,
        token: Option<IssuedToken>,
    ) -> Result<Step, Gone> {
        let mut success = Element::new("success", ns::SASL2);
        if let Some(data) = &authenticated.additional_data {
            success = success.child(Element::new("additional-data", ns::SASL2).text(payload::encode(data)));
        }
        let bare = authenticated.jid.clone();
        self.authenticated = Some(authenticated);
        let (inline, bound) = self.inline(wishes).await?;
        let identifier = bound.as_ref().map_or(&bare, |bound| &bound.session.jid);
        success = success
            .child(Element::new("authorization-identifier", ns::SASL2).text(identifier.as_str()))
            .children_from(inline)
            .children_from(token.map(token_element));
        self.connection().write_element(&success);
        let Some(bound) = bound else {
            self.write_features();
            return Ok(Step::Continue);
        };
        self.write_features_once_bound();
        for delivery in repeat(&bound) {
            self.connection().write_stanza(&delivery.stanza);
        }
        Ok(self.bound(bound))
    }

    /// Resumption where it is asked for and works, else a resource where one is asked for.
    async fn inline(&mut self, wishes: &Wishes<'_>) -> Result<(Vec<Element>, Option<Bound>), Gone> {
        let mut replies = Vec::new();
        if let (Some(request), Some(authenticated)) = (wishes.resume, &self.authenticated) {
            match self.take_over(authenticated, request).await {
                Ok(resumed) => {
                    replies.push(resumed.reply);
                    return Ok((replies, Some(resumed.bound)));
                }
                Err(NotResumed::Failed(failed)) => replies.push(failed),
                Err(NotResumed::Broken(error)) => return Err(error.into()),
            }
        }
        let Some(bind) = wishes.bind else {
            return Ok((replies, None));
        };
        let (reply, bound) = self.bind2(bind, wishes.client).await;
        replies.push(reply);
        Ok((replies, bound))
    }

    /// XEP-0480: the client brings the keys that its account lacks.
    async fn upgrade(
        &mut self,
        authenticated: &mut Authenticated,
        wishes: &Wishes<'_>,
    ) -> Result<Result<(), Failure>, Gone> {
        let due: Vec<_> = authenticated
            .upgrades
            .iter()
            .copied()
            .filter(|due| wishes.upgrades.contains(due))
            .collect();
        for upgrade in due {
            let mut proceed = Element::new("continue", ns::SASL2);
            if let Some(data) = authenticated.additional_data.take() {
                proceed = proceed.child(Element::new("additional-data", ns::SASL2).text(payload::encode(&data)));
            }
            let task = Element::new("task", ns::SASL2).text(upgrade.as_str());
            self.connection()
                .write_element(&proceed.child(Element::new("tasks", ns::SASL2).child(task)));
            let next = self.sasl2_word("next").await?;
            if next.get("task") != Some(upgrade.as_str()) {
                return Ok(Err(Failure::malformed("that is not the task you were given")));
            }
            let begun = self.server.authenticator.begin_upgrade(upgrade);
            let salt = Element::new("salt", SCRAM_UPGRADE)
                .attr("iterations", begun.iterations.to_string())
                .text(payload::encode(&begun.salt));
            self.connection()
                .write_element(&Element::new("task-data", ns::SASL2).child(salt));
            let data = self.sasl2_word("task-data").await?;
            let hash = data
                .find("hash", SCRAM_UPGRADE)
                .map(Element::own_text)
                .unwrap_or_default();
            let salted = match payload::decode(&hash) {
                Ok(salted) => salted.unwrap_or_default(),
                Err(failure) => return Ok(Err(failure)),
            };
            if let Err(failure) = self
                .server
                .authenticator
                .finish_upgrade(authenticated, begun, &salted)
                .await
            {
                return Ok(Err(failure));
            }
        }
        Ok(Ok(()))
    }

    async fn sasl2_word(&mut self, name: &str) -> Result<Element, Gone> {
        match self.connection().next_frame().await? {
            Frame::Element(element) if element.is(name, ns::SASL2) => Ok(element),
            _ => Err(too_early("the login has a task that is not done")),
        }
    }
}

fn token_element(issued: IssuedToken) -> Element {
    Element::new("token", ns::FAST)
        .attr("token", issued.token)
        .attr("expiry", datetime::format_micros(issued.expires_at))
}
