//! XEP-0054: vcard-temp. An account's visiting card, kept as it is; nothing in it is decoded here.

use std::sync::Arc;

use protocol::{Condition, Element, ns, stream::tree};
use router::{Account, Answer, Feature, Hooks, Request, To, Xep};

use crate::{LiveSettings, VcardAudience, refuse};

/// Keeps vCards and shows them.
pub(crate) struct Vcard {
    settings: LiveSettings,
}

impl Vcard {
    pub(crate) fn new(settings: &LiveSettings) -> Arc<Self> {
        Arc::new(Self {
            settings: settings.clone(),
        })
    }
}

impl Feature for Vcard {
    fn name(&self) -> &'static str {
        "vcard"
    }

    fn xeps(&self) -> &'static [Xep] {
        &[Xep {
            number: 54,
            version: "1.3.0",
        }]
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.answer(To::OwnAccount, "vCard", ns::VCARD, &self, own);
        hooks.answer(To::AnyAccount, "vCard", ns::VCARD, &self, others);
        hooks.disco().host_feature(ns::VCARD);
    }
}

async fn own(feature: Arc<Vcard>, request: Request) -> Answer {
    let account = refuse::owner(&request)?;
    if !request.is_set() {
        let card = stored(&request, account).await?;
        return Ok(Some(card.unwrap_or_else(|| Element::new("vCard", ns::VCARD))));
    }
    let max_bytes = feature.settings.load().vcard.max_bytes;
    let house = &request.house;
    let xml = request.payload.to_xml();
    house
        .storage()
        .vcards()
        .set(account.id, xml.as_bytes(), max_bytes)
        .await
        .map_err(|error| refuse::storage(house, "storing a vCard", &error, Condition::NotAcceptable))?;
    Ok(None)
}

/// XEP-0054 §3.3: no account, no vCard, and none for the eyes of who asks, are one answer.
async fn others(feature: Arc<Vcard>, request: Request) -> Answer {
    let Some(account) = &request.account else {
        return Err(refuse::stranger(&request));
    };
    let audience = feature.settings.load().vcard.audience;
    if request.is_set() || !shows(account, audience, &request) {
        return Err(refuse::stranger(&request));
    }
    match stored(&request, account).await? {
        Some(card) => Ok(Some(card)),
        None => Err(refuse::stranger(&request)),
    }
}

fn shows(account: &Account, audience: VcardAudience, request: &Request) -> bool {
    let is_contact = || {
        let contact = request.from().bare_str();
        account
            .loaded()
            .is_some_and(|profile| profile.contacts().get(contact).is_some_and(|item| item.listed))
            || account.share(contact).to
    };
    audience == VcardAudience::Everybody || is_contact()
}

async fn stored(request: &Request, account: &Account) -> Answer {
    if account.is_anonymous {
        return Ok(None);
    }
    let house = &request.house;
    let xml = house.storage().vcards().get(account.id).await;
    let xml = xml.map_err(|error| house.unavailable("reading a vCard", &error))?;
    Ok(xml.and_then(|xml| tree::parse(&xml, "").ok()))
}
