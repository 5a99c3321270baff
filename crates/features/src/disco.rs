//! XEP-0030: Service Discovery. What the server and its accounts are and can do, as the table of features says.

use std::sync::Arc;

use protocol::{
    Condition, Jid, StanzaError, ns,
    xep::disco::{Info, Items},
};
use router::{Account, Answer, Feature, Hooks, Later, Request, To, Xep};

use crate::{
    contact::audience::may_see,
    host_info::{NODE, host_info, identity, sorted},
    refuse,
};

/// Answers disco#info and disco#items.
pub(crate) struct Disco;

impl Feature for Disco {
    fn name(&self) -> &'static str {
        "disco"
    }

    fn xeps(&self) -> &'static [Xep] {
        &[
            Xep {
                number: 30,
                version: "2.5.0",
            },
            Xep {
                number: 128,
                version: "1.0.1",
            },
        ]
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.answer(To::Host, "query", ns::DISCO_INFO, &self, host);
        hooks.answer(To::Host, "query", ns::DISCO_ITEMS, &self, host_items);
        for to in [To::OwnAccount, To::AnyAccount] {
            hooks.answer(to, "query", ns::DISCO_INFO, &self, account);
            hooks.answer(to, "query", ns::DISCO_ITEMS, &self, account_items);
        }
    }
}

async fn host(_disco: Arc<Disco>, request: Request) -> Answer {
    check_is_question(&request)?;
    if let Some(answer) = of_node(&request) {
        return answer.await;
    }
    let host = request.stanza.to.as_ref().map(Jid::domain).unwrap_or_default();
    let mut info = host_info(request.house.hooks().announced(), host);
    info.node = node_of(&request, &info)?;
    Ok(Some(info.to_element()))
}

/// A node that another feature knows.
fn of_node(request: &Request) -> Option<Later<Answer>> {
    request.house.hooks().of_node(request.payload.get("node")?, request)
}

/// Only the node of our own capabilities is one (XEP-0115 §6.2).
fn node_of(request: &Request, info: &Info) -> Result<Option<String>, StanzaError> {
    let Some(node) = request.payload.get("node") else {
        return Ok(None);
    };
    match (node.strip_prefix(NODE), info.verification()) {
        (Some(rest), Some(ver)) if rest.strip_prefix('#') == Some(&ver) => Ok(Some(node.to_owned())),
        _ => Err(Condition::ItemNotFound.into()),
    }
}

async fn host_items(disco: Arc<Disco>, request: Request) -> Answer {
    check_is_question(&request)?;
    match of_node(&request) {
        Some(answer) => answer.await,
        None => no_items(disco, request).await,
    }
}

async fn no_items(_disco: Arc<Disco>, request: Request) -> Answer {
    check_is_question(&request)?;
    check_no_node(&request)?;
    Ok(Some(Items::default().to_element()))
}

async fn account(_disco: Arc<Disco>, request: Request) -> Answer {
    let account = acquainted(&request)?;
    check_no_node(&request)?;
    let kind = if account.is_anonymous {
        "anonymous"
    } else {
        "registered"
    };
    let info = Info {
        identities: vec![identity("account", kind)],
        features: sorted(&request.house.hooks().announced().account_features),
        ..Info::default()
    };
    Ok(Some(info.to_element()))
}

async fn account_items(disco: Arc<Disco>, request: Request) -> Answer {
    acquainted(&request)?;
    no_items(disco, request).await
}

/// XEP-0030 §8: only who may see the account's presence learns that it exists.
fn acquainted(request: &Request) -> Result<&Account, StanzaError> {
    match &request.account {
        Some(account) if may_see(account, request.from()) => {
            check_is_question(request)?;
            Ok(account)
        }
        _ => Err(refuse::stranger(request)),
    }
}

fn check_is_question(request: &Request) -> Result<(), StanzaError> {
    if request.is_set() {
        return Err(refuse::wrong_type());
    }
    Ok(())
}

fn check_no_node(request: &Request) -> Result<(), StanzaError> {
    match request.payload.get("node") {
        Some(_) => Err(Condition::ItemNotFound.into()),
        None => Ok(()),
    }
}
