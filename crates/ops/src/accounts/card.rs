//! An account's vCard (XEP-0054).

use protocol::{Element, ns, stream::tree};
use serde::{Deserialize, Serialize};

use super::Accounts;
use crate::{Actor, OpsError, audit::Deed};

/// What an operator sees and changes of a vCard. Empty: not said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// `FN`.
    pub full_name: String,
    /// `NICKNAME`.
    pub nickname: String,
    /// The first `EMAIL`.
    pub email: String,
    /// The first `TEL`.
    pub phone: String,
    /// `ORG/ORGNAME`.
    pub organisation: String,
    /// `TITLE`.
    pub title: String,
    /// `URL`.
    pub url: String,
    /// `BDAY`.
    pub birthday: String,
    /// `DESC`.
    pub description: String,
}

/// A vCard as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardInfo {
    /// What can be changed.
    pub card: Card,
    /// Whether there is a vCard.
    pub is_there: bool,
    /// The type of the photo, and its bytes as they are encoded; none: no photo.
    pub photo: Option<(String, u64)>,
    /// Names of the other parts, which stay as they are.
    pub others: Vec<String>,
    /// The bytes of all of it.
    pub bytes: u64,
}

/// Where each field is: the element, and the one in it.
const FIELDS: [(&str, &str); 9] = [
    ("FN", ""),
    ("NICKNAME", ""),
    ("EMAIL", "USERID"),
    ("TEL", "NUMBER"),
    ("ORG", "ORGNAME"),
    ("TITLE", ""),
    ("URL", ""),
    ("BDAY", ""),
    ("DESC", ""),
];

impl Accounts {
    /// An account's vCard.
    ///
    /// # Errors
    /// Where there is no such account, or the actor has no power there.
    pub async fn card(&self, actor: &Actor, address: &str) -> Result<CardInfo, OpsError> {
        let found = self.found(actor, address).await?;
        let xml = self.storage.vcards().get(found.account.id).await?;
        let stored = xml.as_deref().and_then(|xml| tree::parse(xml, "").ok());
        let mut info = stored.as_ref().map(CardInfo::of).unwrap_or_default();
        info.bytes = xml.map_or(0, |xml| xml.len() as u64);
        Ok(info)
    }

    /// Changes an account's vCard. Parts that no field names stay as they are.
    ///
    /// # Errors
    /// Where there is no such account, no server runs, or the vCard would be too large.
    pub async fn set_card(&self, actor: &Actor, address: &str, card: &Card) -> Result<(), OpsError> {
        let work = async {
            let found = self.changeable(actor, address).await?;
            let xml = self.storage.vcards().get(found.account.id).await?;
            let stored = xml.as_deref().and_then(|xml| tree::parse(xml, "").ok());
            let stored = stored.unwrap_or_else(|| Element::new("vCard", ns::VCARD));
            let changed = card.put_into(&stored);
            self.live.change(&found.jid, found.account.id, changed).await
        };
        self.audit
            .record(actor, Deed::new("account.vcard.set", address), work)
            .await
    }
}

impl Card {
    fn values(&self) -> [&String; 9] {
        [
            &self.full_name,
            &self.nickname,
            &self.email,
            &self.phone,
            &self.organisation,
            &self.title,
            &self.url,
            &self.birthday,
            &self.description,
        ]
    }

    fn read(card: &Element) -> Self {
        let mut values = FIELDS.map(|(name, inner)| {
            let part = card.find(name, ns::VCARD);
            let part = part.and_then(|part| {
                if inner.is_empty() {
                    Some(part)
                } else {
                    part.find(inner, ns::VCARD)
                }
            });
            part.map(Element::own_text).unwrap_or_default()
        });
        let mut next = values.iter_mut().map(std::mem::take);
        let mut take = || next.next().unwrap_or_default();
        Self {
            full_name: take(),
            nickname: take(),
            email: take(),
            phone: take(),
            organisation: take(),
            title: take(),
            url: take(),
            birthday: take(),
            description: take(),
        }
    }

    /// The vCard with these values. A part whose value stays stays whole: an EMAIL has more than an address.
    fn put_into(&self, card: &Element) -> Element {
        let before = Self::read(card);
        let mut parts: Vec<Element> = card.elements().cloned().collect();
        for (((name, inner), before), after) in FIELDS.into_iter().zip(before.values()).zip(self.values()) {
            if before == after {
                continue;
            }
            let part = match (after.as_str(), inner) {
                ("", _) => None,
                (text, "") => Some(Element::new(name, ns::VCARD).text(text)),
                (text, inner) => Some(Element::new(name, ns::VCARD).child(Element::new(inner, ns::VCARD).text(text))),
            };
            let place = parts.iter().position(|part| part.is(name, ns::VCARD));
            match (place, part) {
                (Some(place), Some(part)) => parts[place] = part,
                (Some(place), None) => _ = parts.remove(place),
                (None, Some(part)) => parts.push(part),
                (None, None) => {}
            }
        }
        Element::new("vCard", ns::VCARD).children_from(parts)
    }
}

impl CardInfo {
    fn of(card: &Element) -> Self {
        let photo = card.find("PHOTO", ns::VCARD).map(|photo| {
            let part = |name: &str| photo.find(name, ns::VCARD).map(Element::own_text).unwrap_or_default();
            (part("TYPE"), part("BINVAL").len() as u64)
        });
        let is_known = |name: &str| name == "PHOTO" || FIELDS.iter().any(|(known, _)| *known == name);
        let mut others: Vec<String> = card
            .elements()
            .map(|part| part.name.to_string())
            .filter(|name| !is_known(name))
            .collect();
        others.sort();
        others.dedup();
        Self {
            card: Card::read(card),
            is_there: true,
            photo,
            others,
            bytes: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const STORED: &str = "<vCard xmlns='vcard-temp'><FN>Juliet</FN><N><GIVEN>Juliet</GIVEN></N>\
                          <EMAIL><HOME/><USERID>j@x</USERID></EMAIL><EMAIL><USERID>k@x</USERID></EMAIL></vCard>";

    fn changed(change: impl FnOnce(&mut Card)) -> String {
        let stored = tree::parse(STORED.as_bytes(), "").unwrap();
        let mut card = Card::read(&stored);
        change(&mut card);
        card.put_into(&stored).to_xml().replace('"', "'")
    }

    #[test]
    fn what_no_field_changes_stays_as_it_was() {
        assert_eq!(changed(|_| {}), STORED);
        let renamed = changed(|card| card.full_name = "Juliet <Capulet>".to_owned());
        assert_eq!(renamed, STORED.replace("<FN>Juliet<", "<FN>Juliet &lt;Capulet&gt;<"));
    }

    #[test]
    fn an_emptied_field_goes_and_a_new_one_comes() {
        let without = changed(|card| card.email.clear());
        assert_eq!(
            without,
            STORED.replace("<EMAIL><HOME/><USERID>j@x</USERID></EMAIL>", "")
        );
        let with = changed(|card| card.organisation = "Capulet".to_owned());
        let added = "<ORG><ORGNAME>Capulet</ORGNAME></ORG></vCard>";
        assert_eq!(with, STORED.replace("</vCard>", added));
    }
}
