//! XML becomes a tree.

use super::{
    Frame, Limits,
    builder::Builder,
    document::whole,
    scope::{Ns, Outer, Scope},
    tag::Attribute,
    text::{self, Place},
};
use crate::{Element, StreamError, element::Node};

/// The tree of one element that this server wrote, inside a parent of namespace `parent_ns`.
///
/// # Errors
/// Where the text is not one well-formed element.
pub fn parse(xml: &[u8], parent_ns: &str) -> Result<Element, StreamError> {
    parse_within(xml, parent_ns, Limits::own())
}

/// The tree of one element from anywhere, inside a parent of namespace `parent_ns`.
///
/// # Errors
/// Where the text is not one well-formed element, or goes beyond a limit.
pub fn parse_within(xml: &[u8], parent_ns: &str, limits: Limits) -> Result<Element, StreamError> {
    let outer = Outer {
        default: parent_ns.into(),
        prefixes: Vec::new(),
    };
    match whole(xml, Builder::of_tree(&outer, limits))? {
        Frame::Element(element) => Ok(element),
        _ => unreachable!("a builder of trees makes trees"),
    }
}

/// A tree that is being read.
#[derive(Default)]
pub(super) struct Grower {
    /// Open elements, outermost first; a complete one is the last node of its parent, the outermost stays.
    stack: Vec<Element>,
}

impl Grower {
    pub(super) fn start(
        &mut self,
        scope: &Scope,
        local: &[u8],
        ns: Ns,
        attributes: &[Attribute<'_>],
    ) -> Result<(), StreamError> {
        let mut element = Element::new(text::utf_8(local)?, text::utf_8(scope.uri(ns))?);
        for attribute in attributes {
            if attribute.declares().is_some() {
                continue;
            }
            let local = text::utf_8(attribute.name.local())?;
            let name = match attribute.ns {
                Ns::None => local.into(),
                Ns::Xml => compact_str::format_compact!("xml:{local}"),
                ns => compact_str::format_compact!("{{{}}}{local}", text::utf_8(scope.uri(ns))?),
            };
            element.attributes.push((name, attribute.value()?.into()));
        }
        self.stack.push(element);
        Ok(())
    }

    pub(super) fn text(&mut self, raw: &[u8], place: Place) -> Result<(), StreamError> {
        let text = text::decode(raw, place)?;
        let Some(element) = self.stack.last_mut() else {
            return Ok(());
        };
        match element.nodes.last_mut() {
            _ if text.is_empty() => {}
            Some(Node::Text(before)) => before.push_str(&text),
            _ => element.nodes.push(Node::Text(text.into())),
        }
        Ok(())
    }

    pub(super) fn end(&mut self) {
        if self.stack.len() > 1
            && let Some(element) = self.stack.pop()
            && let Some(parent) = self.stack.last_mut()
        {
            parent.nodes.push(Node::Element(element));
        }
    }

    pub(super) fn finish(&mut self) -> Element {
        self.stack.pop().expect("a complete element had a first tag")
    }
}
