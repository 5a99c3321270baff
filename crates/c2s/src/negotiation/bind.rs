//! Resource binding (RFC 6120 §7), or resumption of an earlier stream (XEP-0198 §5).

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use auth::Authenticated;
use protocol::{Condition, Element, IqType, Jid, Kind, Stanza, StanzaError, ns};
use router::{Facts, Session};

use super::{Negotiation, Step, not_authorized};
use crate::{
    bound::Bound,
    connection::Gone,
    resume::{NotResumed, Resumed, repeat, take_over},
    token,
};

impl Negotiation {
    /// The first stanza of an authenticated client: it binds a resource.
    pub(super) async fn bind(&mut self, request: &Stanza) -> Result<Step, Gone> {
        let bind = request
            .find("bind", ns::BIND)
            .filter(|_| request.kind == Kind::Iq(IqType::Set));
        let Some(bind) = bind else { return Err(not_authorized()) };
        let resource = bind.to_element().find("resource", ns::BIND).map(Element::own_text);
        match self.bind_resource(resource.as_deref()).await {
            Ok(session) => {
                let jid = Element::new("jid", ns::BIND).text(session.jid.as_str());
                let answer = request.result(Some(&Element::new("bind", ns::BIND).child(jid)));
                self.connection().write_stanza(&answer);
                Ok(self.bound(Bound::new(session)))
            }
            Err(error) => {
                self.connection().refuse(request, &error);
                Ok(Step::Continue)
            }
        }
    }

    /// Binds the resource that was asked for, or one that we choose.
    pub(super) async fn bind_resource(&self, resource: Option<&str>) -> Result<Arc<Session>, StanzaError> {
        let authenticated = self.authenticated.as_ref().ok_or(Condition::NotAuthorized)?;
        let account = self.account(authenticated);
        let resource = match resource {
            Some("") | None => token(),
            Some(resource) => resource.to_owned(),
        };
        let full = full_jid(&account.jid, &resource)?;
        let facts = self.facts(authenticated);
        self.server
            .house
            .bind(&account, full, facts, self.settings.conflict_policy)
            .await
    }

    fn facts(&self, authenticated: &Authenticated) -> Facts {
        Facts {
            address: self.peer.address,
            is_encrypted: self.peer.tls.is_some(),
            tls: self.peer.tls.as_ref().map(|tls| router::TlsFacts {
                version: tls.version.name(),
                cipher: tls.cipher,
            }),
            mechanism: authenticated.mechanism.as_str(),
            software: self.software.clone(),
            bound_at_micros: now_micros(),
        }
    }

    /// The stream that `<resume/>` names, on this connection.
    pub(super) async fn take_over(
        &self,
        authenticated: &Authenticated,
        request: &Element,
    ) -> Result<Resumed, NotResumed> {
        let account = self.account(authenticated);
        take_over(&self.server, &account, self.facts(authenticated), request).await
    }

    /// `<resume/>` instead of a bind.
    pub(super) async fn resume(&mut self, request: &Element) -> Result<Step, Gone> {
        let Some(authenticated) = &self.authenticated else {
            return Err(not_authorized());
        };
        match self.take_over(authenticated, request).await {
            Ok(resumed) => {
                self.connection().write_element(&resumed.reply);
                for delivery in repeat(&resumed.bound) {
                    self.connection().write_stanza(&delivery.stanza);
                }
                Ok(self.bound(resumed.bound))
            }
            Err(NotResumed::Failed(failed)) => {
                self.connection().write_element(&failed);
                Ok(Step::Continue)
            }
            Err(NotResumed::Broken(error)) => Err(error.into()),
        }
    }

    /// The stream is a session from here on.
    pub(super) fn bound(&mut self, bound: Bound) -> Step {
        let limits = self.settings.limits;
        self.connection().set_limits(limits);
        Step::Bound(Box::new(bound))
    }
}

fn full_jid(bare: &Jid, resource: &str) -> Result<Jid, StanzaError> {
    bare.with_resource(resource)
        .map_err(|error| StanzaError::with_text(Condition::BadRequest, error.to_string()))
}

fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
