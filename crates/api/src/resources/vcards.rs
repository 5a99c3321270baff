//! `/accounts/{jid}/vcard`: what a user says of themselves (XEP-0054).

use ops::{Card, CardInfo};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::{Json, Outcome},
    request::{Caller, Name, Sent},
};

/// A vCard.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Vcard {
    fields: VcardFields,
    /// Whether there is a vCard at all.
    exists: bool,
    /// The media type of the photo; none: no photo.
    photo_type: Option<String>,
    /// Names of the other parts, which stay as they are.
    others: Vec<String>,
    /// What all of it takes.
    bytes: u64,
}

/// What can be read and changed here. Empty: not said.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct VcardFields {
    full_name: String,
    nickname: String,
    email: String,
    phone: String,
    organisation: String,
    title: String,
    url: String,
    birthday: String,
    description: String,
}

/// An account's vCard.
#[utoipa::path(get, path = "/accounts/{jid}/vcard", params(("jid" = String, Path, description = "Bare JID.")),
    responses((status = 200, body = Vcard)))]
pub(crate) async fn show(caller: Caller, Name(jid): Name) -> Outcome<Json<Vcard>> {
    Ok(Json(caller.acts.accounts.card(&caller.actor, &jid).await?.into()))
}

/// Changes an account's vCard: fields that are left out are emptied, parts that are no field here stay as they are.
#[utoipa::path(put, path = "/accounts/{jid}/vcard", params(("jid" = String, Path, description = "Bare JID.")),
    request_body = VcardFields, responses((status = 200, body = Vcard)))]
pub(crate) async fn set(caller: Caller, Name(jid): Name, Sent(fields): Sent<VcardFields>) -> Outcome<Json<Vcard>> {
    let accounts = &caller.acts.accounts;
    accounts.set_card(&caller.actor, &jid, &fields.into()).await?;
    Ok(Json(accounts.card(&caller.actor, &jid).await?.into()))
}

impl From<VcardFields> for Card {
    fn from(fields: VcardFields) -> Self {
        Self {
            full_name: fields.full_name,
            nickname: fields.nickname,
            email: fields.email,
            phone: fields.phone,
            organisation: fields.organisation,
            title: fields.title,
            url: fields.url,
            birthday: fields.birthday,
            description: fields.description,
        }
    }
}

impl From<Card> for VcardFields {
    fn from(card: Card) -> Self {
        Self {
            full_name: card.full_name,
            nickname: card.nickname,
            email: card.email,
            phone: card.phone,
            organisation: card.organisation,
            title: card.title,
            url: card.url,
            birthday: card.birthday,
            description: card.description,
        }
    }
}

impl From<CardInfo> for Vcard {
    fn from(info: CardInfo) -> Self {
        Self {
            fields: info.card.into(),
            exists: info.is_there,
            photo_type: info.photo.map(|(kind, _)| kind),
            others: info.others,
            bytes: info.bytes,
        }
    }
}
