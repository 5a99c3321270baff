//! XEP-0049: Private XML Storage.

use std::sync::Arc;

use protocol::{Condition, Element, StanzaError, ns, stream::tree};
use router::{Account, Answer, Feature, Hooks, Request, To, Xep};

use crate::{LiveSettings, refuse};

/// Keeps XML that clients of one account share.
pub(crate) struct Private {
    settings: LiveSettings,
}

impl Private {
    pub(crate) fn new(settings: &LiveSettings) -> Arc<Self> {
        Arc::new(Self {
            settings: settings.clone(),
        })
    }
}

impl Feature for Private {
    fn name(&self) -> &'static str {
        "private"
    }

    fn xeps(&self) -> &'static [Xep] {
        &[Xep {
            number: 49,
            version: "1.2",
        }]
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.answer(To::OwnAccount, "query", ns::PRIVATE, &self, answer);
        hooks.disco().host_feature(ns::PRIVATE);
    }
}

async fn answer(feature: Arc<Private>, request: Request) -> Answer {
    let account = refuse::owner(&request)?;
    let kept: Vec<&Element> = request.payload.elements().collect();
    if kept.iter().any(|element| !has_own_namespace(element)) {
        return Err(StanzaError::with_text(
            Condition::NotAcceptable,
            "what is to be kept needs a namespace of its own",
        ));
    }
    match (request.is_set(), kept.as_slice()) {
        (false, [wanted]) => get(&request, account, wanted).await,
        (false, _) => Err(StanzaError::with_text(
            Condition::BadRequest,
            "one thing can be asked for at a time",
        )),
        (true, []) => Err(StanzaError::with_text(
            Condition::NotAcceptable,
            "there is nothing to keep",
        )),
        (true, elements) => set(&feature, &request, account, elements).await,
    }
}

async fn get(request: &Request, account: &Account, wanted: &Element) -> Answer {
    let house = &request.house;
    let xml = house
        .storage()
        .private()
        .get(account.id, &wanted.name, &wanted.ns)
        .await;
    let xml = xml.map_err(|error| house.unavailable("reading private XML", &error))?;
    let kept = xml
        .and_then(|xml| tree::parse(&xml, "").ok())
        .unwrap_or_else(|| Element::new(&wanted.name, &wanted.ns));
    Ok(Some(Element::new("query", ns::PRIVATE).child(kept)))
}

async fn set(feature: &Private, request: &Request, account: &Account, elements: &[&Element]) -> Answer {
    let house = &request.house;
    let max_bytes = feature.settings.load().private.max_bytes;
    for element in elements {
        let xml = element.to_xml();
        house
            .storage()
            .private()
            .set(account.id, &element.name, &element.ns, xml.as_bytes(), max_bytes)
            .await
            .map_err(|error| refuse::storage(house, "storing private XML", &error, Condition::ResourceConstraint))?;
    }
    Ok(None)
}

/// Not that of the stanza or of the request (§3: "a proper namespace").
fn has_own_namespace(element: &Element) -> bool {
    !matches!(element.ns.as_str(), "" | ns::CLIENT | ns::SERVER | ns::PRIVATE)
}
