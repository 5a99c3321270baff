//! XEP-0004: Data Forms. Questions, answers and tables, told in fields.

use crate::{Element, ns};

mod field;

pub use field::{Field, FieldKind};

/// `<x/>` of `jabber:x:data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// What it is for.
    pub kind: FormKind,
    /// Its heading.
    pub title: Option<String>,
    /// What to do with it, in words.
    pub instructions: Vec<String>,
    /// Questions or answers.
    pub fields: Vec<Field>,
    /// Columns of the table in a result.
    pub reported: Vec<Field>,
    /// Rows of the table in a result.
    pub items: Vec<Vec<Field>>,
}

/// What a form is for (XEP-0004 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the XEP's words, explained there")]
pub enum FormKind {
    Form,
    Submit,
    Cancel,
    Result,
}

const FORM_KINDS: [(FormKind, &str); 4] = [
    (FormKind::Form, "form"),
    (FormKind::Submit, "submit"),
    (FormKind::Cancel, "cancel"),
    (FormKind::Result, "result"),
];

impl Form {
    /// An empty one.
    #[must_use]
    pub fn new(kind: FormKind) -> Self {
        Self {
            kind,
            title: None,
            instructions: Vec::new(),
            fields: Vec::new(),
            reported: Vec::new(),
            items: Vec::new(),
        }
    }

    /// One whose fields mean what `form_type` registered (XEP-0068).
    #[must_use]
    pub fn of_type(kind: FormKind, form_type: &str) -> Self {
        Self::new(kind).field(Field::new("FORM_TYPE", FieldKind::Hidden).value(form_type))
    }

    /// The form with a heading.
    #[must_use]
    pub fn title(self, title: &str) -> Self {
        Self {
            title: Some(title.to_owned()),
            ..self
        }
    }

    /// The form with more words about it.
    #[must_use]
    pub fn instruction(mut self, text: &str) -> Self {
        self.instructions.push(text.to_owned());
        self
    }

    /// The form with one more field.
    #[must_use]
    pub fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// What the fields' names mean (XEP-0068 §3): only a hidden field says so, but submitted forms may leave the type
    /// out.
    #[must_use]
    pub fn form_type(&self) -> Option<&str> {
        let field = self.find("FORM_TYPE")?;
        let says_so = field.kind == Some(FieldKind::Hidden) || self.kind == FormKind::Submit;
        field.values.first().filter(|_| says_so).map(String::as_str)
    }

    /// The field of this name.
    #[must_use]
    pub fn find(&self, var: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.var.as_deref() == Some(var))
    }

    /// The first value of the field of this name.
    #[must_use]
    pub fn get(&self, var: &str) -> Option<&str> {
        self.find(var)?.values.first().map(String::as_str)
    }

    /// All values of the field of this name.
    #[must_use]
    pub fn values(&self, var: &str) -> &[String] {
        self.find(var).map_or(&[], |field| &field.values)
    }

    /// The truth of a boolean field; `None` where it is missing or neither true nor false.
    #[must_use]
    pub fn get_bool(&self, var: &str) -> Option<bool> {
        match self.get(var)? {
            "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        }
    }

    /// As it is written.
    #[must_use]
    pub fn to_element(&self) -> Element {
        let mut form = Element::new("x", ns::DATA_FORMS).attr("type", name(&FORM_KINDS, self.kind));
        form = form.children_from(self.title.iter().map(|title| leaf("title", title)));
        form = form.children_from(self.instructions.iter().map(|text| leaf("instructions", text)));
        if !self.reported.is_empty() {
            form = form.child(row("reported", &self.reported));
        }
        form.children_from(self.items.iter().map(|item| row("item", item)))
            .children_from(self.fields.iter().map(Field::to_element))
    }

    /// As it was written; `None` for any other element, and where its type is unknown.
    #[must_use]
    pub fn parse(element: &Element) -> Option<Self> {
        if !element.is("x", ns::DATA_FORMS) {
            return None;
        }
        Some(Self {
            kind: kind(&FORM_KINDS, element.get("type")?)?,
            title: text_of(element, "title"),
            instructions: texts_of(element, "instructions"),
            fields: fields_of(element),
            reported: element
                .find("reported", ns::DATA_FORMS)
                .map(fields_of)
                .unwrap_or_default(),
            items: children(element, "item").map(fields_of).collect(),
        })
    }

    /// The form among the children of a payload.
    #[must_use]
    pub fn find_in(payload: &Element) -> Option<Self> {
        payload.elements().find_map(Self::parse)
    }
}

fn leaf(name: &str, text: &str) -> Element {
    Element::new(name, ns::DATA_FORMS).text(text)
}

fn row(name: &str, fields: &[Field]) -> Element {
    Element::new(name, ns::DATA_FORMS).children_from(fields.iter().map(Field::to_element))
}

fn children<'a>(element: &'a Element, name: &'a str) -> impl Iterator<Item = &'a Element> {
    element.elements().filter(move |child| child.is(name, ns::DATA_FORMS))
}

fn fields_of(element: &Element) -> Vec<Field> {
    children(element, "field").map(Field::parse).collect()
}

fn text_of(element: &Element, name: &str) -> Option<String> {
    element.find(name, ns::DATA_FORMS).map(Element::own_text)
}

fn texts_of(element: &Element, name: &str) -> Vec<String> {
    children(element, name).map(Element::own_text).collect()
}

fn name<K: Copy + PartialEq>(table: &[(K, &'static str)], kind: K) -> &'static str {
    table
        .iter()
        .find(|(known, _)| *known == kind)
        .map_or("", |(_, name)| name)
}

fn kind<K: Copy>(table: &[(K, &'static str)], name: &str) -> Option<K> {
    table.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::stream::tree;

    fn parse(xml: &str) -> Option<Form> {
        Form::parse(&tree::parse(xml.as_bytes(), ns::CLIENT).unwrap())
    }

    #[test]
    fn forms_survive_being_written_and_read() {
        let question = Form::of_type(FormKind::Form, "urn:example")
            .title("Your bot")
            .instruction("Fill in.")
            .field(Field::fixed("About you"))
            .field(Field::new("name", FieldKind::TextSingle).label("Name?").required())
            .field(
                Field::new("public", FieldKind::Boolean)
                    .value("1")
                    .description("May all see it?"),
            )
            .field(
                Field::new("features", FieldKind::ListMulti)
                    .option("News", "news")
                    .option("<&>", "x")
                    .value("news"),
            );
        let table = Form {
            reported: vec![Field::new("jid", FieldKind::JidSingle)],
            items: vec![vec![Field::default().value("a@b")], vec![Field::default().value("c@d")]],
            ..Form::new(FormKind::Result)
        };
        for form in [question, table, Form::new(FormKind::Cancel)] {
            assert_eq!(parse(&form.to_element().to_xml()), Some(form));
        }
    }

    #[test]
    fn answers_are_found_by_name() {
        let form = parse(
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:example</value></field>\
             <field var='a'><value>1</value><value>2</value></field><field var='b'/>\
             <field var='t'><value>true</value></field><field var='f' type='boolean'><value>0</value></field></x>",
        )
        .unwrap();
        assert_eq!(form.form_type(), Some("urn:example"));
        assert_eq!((form.get("a"), form.get("b"), form.get("c")), (Some("1"), None, None));
        assert_eq!(form.values("a"), ["1", "2"]);
        assert_eq!(
            (
                form.get_bool("t"),
                form.get_bool("f"),
                form.get_bool("b"),
                form.values("c").len()
            ),
            (Some(true), Some(false), None, 0)
        );
    }

    #[test]
    fn what_is_no_form_is_none() {
        for xml in [
            "<x xmlns='jabber:x:data'/>",
            "<x xmlns='jabber:x:data' type='?'/>",
            "<x xmlns='urn:x' type='form'/>",
        ] {
            assert_eq!(parse(xml), None, "{xml}");
        }
        let visible = "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE'><value>urn:x</value></field></x>";
        assert_eq!(parse(visible).unwrap().form_type(), None);
    }
}
