//! XEP-0030: Service Discovery. What an entity is and can do, and what belongs to it; with the hash of XEP-0115: Entity
//! Capabilities over the answer.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};

use super::data_forms::Form;
use crate::{Element, Jid, ns};

/// `<query/>` of `disco#info`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Info {
    /// Which part of the entity is meant.
    pub node: Option<String>,
    /// What it is.
    pub identities: Vec<Identity>,
    /// Namespaces of what it can do.
    pub features: Vec<String>,
    /// More about it (XEP-0128).
    pub forms: Vec<Form>,
}

/// What an entity is, in one of its roles.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// Such as `server` or `conference`.
    pub category: String,
    /// Such as `im` or `text`.
    pub kind: String,
    /// Language of the name.
    pub lang: Option<String>,
    /// For a person.
    pub name: Option<String>,
}

/// `<query/>` of `disco#items`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Items {
    /// Which part of the entity is meant.
    pub node: Option<String>,
    /// What belongs to it.
    pub items: Vec<Item>,
}

/// Something that belongs to an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its address.
    pub jid: Jid,
    /// Which part of the address is meant.
    pub node: Option<String>,
    /// For a person.
    pub name: Option<String>,
}

/// `<c/>` of XEP-0115.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caps {
    /// Name of the hash function; absent in the old form, which proves nothing.
    pub hash: Option<String>,
    /// URI of the software.
    pub node: String,
    /// The hash.
    pub ver: String,
}

impl Info {
    /// As it is written.
    #[must_use]
    pub fn to_element(&self) -> Element {
        let identities = self.identities.iter().map(|identity| {
            Element::new("identity", ns::DISCO_INFO)
                .attr("category", &identity.category)
                .attr("type", &identity.kind)
                .maybe_attr("xml:lang", identity.lang.as_ref())
                .maybe_attr("name", identity.name.as_ref())
        });
        let features = self.features.iter();
        Element::new("query", ns::DISCO_INFO)
            .maybe_attr("node", self.node.as_ref())
            .children_from(identities)
            .children_from(features.map(|var| Element::new("feature", ns::DISCO_INFO).attr("var", var)))
            .children_from(self.forms.iter().map(Form::to_element))
    }

    /// As it was written; `None` for any other element.
    #[must_use]
    pub fn parse(element: &Element) -> Option<Self> {
        if !element.is("query", ns::DISCO_INFO) {
            return None;
        }
        let named = |name: &'static str| element.elements().filter(move |child| child.is(name, ns::DISCO_INFO));
        Some(Self {
            node: owned(element, "node"),
            identities: named("identity").filter_map(Identity::parse).collect(),
            features: named("feature").filter_map(|feature| owned(feature, "var")).collect(),
            forms: element.elements().filter_map(Form::parse).collect(),
        })
    }

    /// The hash of XEP-0115 §5.1 by SHA-1; `None` where the answer is ill-formed by §5.4 and must not be believed:
    /// with an identity, a feature or a form twice, or a form whose type has several values.
    #[must_use]
    pub fn verification(&self) -> Option<String> {
        Some(STANDARD.encode(Sha1::digest(self.verified_text()?)))
    }

    fn verified_text(&self) -> Option<String> {
        let mut text = String::new();
        for identity in sorted(self.identities.iter().map(Identity::verified_text))? {
            append(&mut text, &identity);
        }
        for feature in sorted(self.features.iter().cloned())? {
            append(&mut text, &feature);
        }
        let mut forms = Vec::new();
        for form in self.forms.iter().filter(|form| form.form_type().is_some()) {
            forms.push((form.form_type()?, form_text(form)?));
        }
        forms.sort_unstable();
        if forms.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return None;
        }
        forms.iter().for_each(|(_, form)| text.push_str(form));
        Some(text)
    }
}

/// Sorted by bytes (RFC 4790 §9.3); `None` where one is there twice.
fn sorted(texts: impl Iterator<Item = String>) -> Option<Vec<String>> {
    let mut texts: Vec<_> = texts.collect();
    texts.sort_unstable();
    texts.windows(2).all(|pair| pair[0] != pair[1]).then_some(texts)
}

fn append(text: &mut String, part: &str) {
    text.push_str(part);
    text.push('<');
}

fn form_text(form: &Form) -> Option<String> {
    let types = form
        .fields
        .iter()
        .filter(|field| field.var.as_deref() == Some("FORM_TYPE"));
    if types.map(|field| field.values.len()).sum::<usize>() != 1 {
        return None;
    }
    let mut text = String::new();
    append(&mut text, form.form_type()?);
    let mut fields: Vec<_> = form
        .fields
        .iter()
        .filter_map(|field| field.var.as_ref().map(|var| (var, field.values.clone())))
        .filter(|(var, _)| *var != "FORM_TYPE")
        .collect();
    fields.sort_unstable();
    for (var, mut values) in fields {
        append(&mut text, var);
        values.sort_unstable();
        values.iter().for_each(|value| append(&mut text, value));
    }
    Some(text)
}

impl Identity {
    /// Without a language and with a name.
    #[must_use]
    pub fn new(category: &str, kind: &str, name: &str) -> Self {
        Self {
            category: category.to_owned(),
            kind: kind.to_owned(),
            lang: None,
            name: Some(name.to_owned()),
        }
    }

    fn parse(element: &Element) -> Option<Self> {
        Some(Self {
            category: owned(element, "category")?,
            kind: owned(element, "type")?,
            lang: owned(element, "xml:lang"),
            name: owned(element, "name"),
        })
    }

    fn verified_text(&self) -> String {
        let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
        let (lang, name) = (or_empty(&self.lang), or_empty(&self.name));
        format!("{}/{}/{lang}/{name}", self.category, self.kind)
    }
}

impl Items {
    /// As it is written.
    #[must_use]
    pub fn to_element(&self) -> Element {
        let items = self.items.iter().map(|item| {
            Element::new("item", ns::DISCO_ITEMS)
                .attr("jid", &item.jid)
                .maybe_attr("node", item.node.as_ref())
                .maybe_attr("name", item.name.as_ref())
        });
        Element::new("query", ns::DISCO_ITEMS)
            .maybe_attr("node", self.node.as_ref())
            .children_from(items)
    }

    /// As it was written; `None` for any other element. An item without an address is left out.
    #[must_use]
    pub fn parse(element: &Element) -> Option<Self> {
        if !element.is("query", ns::DISCO_ITEMS) {
            return None;
        }
        let items = element.elements().filter(|item| item.is("item", ns::DISCO_ITEMS));
        Some(Self {
            node: owned(element, "node"),
            items: items.filter_map(Item::parse).collect(),
        })
    }
}

impl Item {
    fn parse(element: &Element) -> Option<Self> {
        Some(Self {
            jid: element.get("jid")?.parse().ok()?,
            node: owned(element, "node"),
            name: owned(element, "name"),
        })
    }
}

impl Caps {
    /// As it is written.
    #[must_use]
    pub fn to_element(&self) -> Element {
        Element::new("c", ns::CAPS)
            .maybe_attr("hash", self.hash.as_ref())
            .attr("node", &self.node)
            .attr("ver", &self.ver)
    }

    /// As it was written; `None` for any other element, and where something is missing.
    #[must_use]
    pub fn parse(element: &Element) -> Option<Self> {
        if !element.is("c", ns::CAPS) {
            return None;
        }
        Some(Self {
            hash: owned(element, "hash"),
            node: owned(element, "node")?,
            ver: owned(element, "ver")?,
        })
    }
}

fn owned(element: &Element, name: &str) -> Option<String> {
    element.get(name).map(str::to_owned)
}

#[cfg(test)]
mod tests;
