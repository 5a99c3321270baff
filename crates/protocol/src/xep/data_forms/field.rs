//! The fields of forms.

use super::{children, kind, leaf, name, text_of, texts_of};
use crate::{Element, ns};

/// One question, or its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// Its name; absent for `fixed` text only.
    pub var: Option<String>,
    /// How to ask; absent where the reader knows.
    pub kind: Option<FieldKind>,
    /// The question for a person.
    pub label: Option<String>,
    /// More about it for a person.
    pub description: Option<String>,
    /// Whether an answer must be given.
    pub is_required: bool,
    /// The answer, or what is suggested.
    pub values: Vec<String>,
    /// What can be chosen from: label and value.
    pub options: Vec<(Option<String>, String)>,
}

/// How a question is asked (XEP-0004 §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the XEP's words, explained there")]
pub enum FieldKind {
    Boolean,
    Fixed,
    Hidden,
    JidMulti,
    JidSingle,
    ListMulti,
    ListSingle,
    TextMulti,
    TextPrivate,
    TextSingle,
}

const FIELD_KINDS: [(FieldKind, &str); 10] = [
    (FieldKind::Boolean, "boolean"),
    (FieldKind::Fixed, "fixed"),
    (FieldKind::Hidden, "hidden"),
    (FieldKind::JidMulti, "jid-multi"),
    (FieldKind::JidSingle, "jid-single"),
    (FieldKind::ListMulti, "list-multi"),
    (FieldKind::ListSingle, "list-single"),
    (FieldKind::TextMulti, "text-multi"),
    (FieldKind::TextPrivate, "text-private"),
    (FieldKind::TextSingle, "text-single"),
];

impl Field {
    /// A field without a value.
    #[must_use]
    pub fn new(var: &str, kind: FieldKind) -> Self {
        Self {
            var: Some(var.to_owned()),
            kind: Some(kind),
            ..Self::default()
        }
    }

    /// Words between other fields.
    #[must_use]
    pub fn fixed(text: &str) -> Self {
        Self {
            kind: Some(FieldKind::Fixed),
            values: vec![text.to_owned()],
            ..Self::default()
        }
    }

    /// The field with a question for a person.
    #[must_use]
    pub fn label(self, label: &str) -> Self {
        Self {
            label: Some(label.to_owned()),
            ..self
        }
    }

    /// The field with more about it for a person.
    #[must_use]
    pub fn description(self, text: &str) -> Self {
        Self {
            description: Some(text.to_owned()),
            ..self
        }
    }

    /// The field, to be answered.
    #[must_use]
    pub fn required(self) -> Self {
        Self {
            is_required: true,
            ..self
        }
    }

    /// The field with one more value.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.values.push(value.into());
        self
    }

    /// The field with more values.
    #[must_use]
    pub fn values_from(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.values.extend(values.into_iter().map(Into::into));
        self
    }

    /// The field with one more thing to choose.
    #[must_use]
    pub fn option(mut self, label: &str, value: &str) -> Self {
        self.options.push((Some(label.to_owned()), value.to_owned()));
        self
    }

    pub(super) fn to_element(&self) -> Element {
        let mut field = Element::new("field", ns::DATA_FORMS)
            .maybe_attr("var", self.var.as_ref())
            .maybe_attr("type", self.kind.map(|kind| name(&FIELD_KINDS, kind)))
            .maybe_attr("label", self.label.as_ref());
        field = field.children_from(self.description.iter().map(|text| leaf("desc", text)));
        if self.is_required {
            field = field.child(Element::new("required", ns::DATA_FORMS));
        }
        field
            .children_from(self.values.iter().map(|value| leaf("value", value)))
            .children_from(self.options.iter().map(|(label, value)| {
                Element::new("option", ns::DATA_FORMS)
                    .maybe_attr("label", label.as_ref())
                    .child(leaf("value", value))
            }))
    }

    pub(super) fn parse(element: &Element) -> Self {
        Self {
            var: element.get("var").map(str::to_owned),
            kind: element.get("type").and_then(|text| kind(&FIELD_KINDS, text)),
            label: element.get("label").map(str::to_owned),
            description: text_of(element, "desc"),
            is_required: element.find("required", ns::DATA_FORMS).is_some(),
            values: texts_of(element, "value"),
            options: children(element, "option")
                .filter_map(|option| Some((option.get("label").map(str::to_owned), text_of(option, "value")?)))
                .collect(),
        }
    }
}
