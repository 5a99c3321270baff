//! XEP-0050: Ad-Hoc Commands. What an entity can do beside the rest of the protocol, asked for step by step in forms.

use super::data_forms::Form;
use crate::{Condition, Element, StanzaError, ns};

/// `<command/>` as somebody asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Which command.
    pub node: String,
    /// What is to be gone on with; none: it begins.
    pub session: Option<String>,
    /// What to do.
    pub action: Action,
    /// What was filled in.
    pub form: Option<Form>,
}

/// What to do with a command (XEP-0050 §3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Begin, or go on as the server thinks best.
    Execute,
    /// Never mind.
    Cancel,
    /// Back to the step before.
    Prev,
    /// On to the next step.
    Next,
    /// Do it.
    Complete,
}

/// `<command/>` as it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Which command.
    pub node: String,
    /// What to go on with.
    pub session: String,
    /// How it stands.
    pub status: Status,
    /// What happened, in words.
    pub notes: Vec<Note>,
    /// What is to be filled in, or what came of it.
    pub form: Option<Form>,
}

/// How a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It waits for a form.
    Executing {
        /// Whether there is a step before.
        has_prev: bool,
        /// Whether it is done after this step.
        is_last: bool,
    },
    /// It is done.
    Completed,
    /// It was given up.
    Canceled,
}

/// A sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Whether something went wrong.
    pub is_error: bool,
    /// The sentence.
    pub text: String,
}

impl Command {
    /// The payload of an IQ.
    ///
    /// # Errors
    /// `bad-request` where there is no node, or the action is none.
    pub fn parse(command: &Element) -> Result<Self, StanzaError> {
        let action = match command.get("action") {
            None | Some("execute") => Action::Execute,
            Some("cancel") => Action::Cancel,
            Some("prev") => Action::Prev,
            Some("next") => Action::Next,
            Some("complete") => Action::Complete,
            Some(_) => return Err(refusal("malformed-action")),
        };
        let node = command.get("node").filter(|node| !node.is_empty());
        Ok(Self {
            node: node.ok_or(Condition::BadRequest)?.to_owned(),
            session: command.get("sessionid").map(str::to_owned),
            action,
            form: Form::find_in(command),
        })
    }
}

impl Response {
    /// As it is written.
    #[must_use]
    pub fn to_element(&self) -> Element {
        let command = Element::new("command", ns::COMMANDS)
            .attr("node", &self.node)
            .attr("sessionid", &self.session)
            .attr("status", self.status.name());
        let notes = self.notes.iter().map(|note| {
            Element::new("note", ns::COMMANDS)
                .attr("type", if note.is_error { "error" } else { "info" })
                .text(&note.text)
        });
        command
            .children_from(self.status.actions())
            .children_from(notes)
            .children_from(self.form.iter().map(Form::to_element))
    }
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Executing { .. } => "executing",
            Self::Completed => "completed",
            Self::Canceled => "canceled",
        }
    }

    /// What may be done next; to cancel is always allowed, and never told.
    fn actions(self) -> Option<Element> {
        let Self::Executing { has_prev, is_last } = self else {
            return None;
        };
        let on = if is_last { "complete" } else { "next" };
        let names = ["prev"].into_iter().filter(|_| has_prev).chain([on]);
        let actions = Element::new("actions", ns::COMMANDS).attr("execute", on);
        Some(actions.children_from(names.map(|name| Element::new(name, ns::COMMANDS))))
    }
}

impl Note {
    /// That something was done.
    #[must_use]
    pub fn info(text: impl Into<String>) -> Self {
        Self {
            is_error: false,
            text: text.into(),
        }
    }

    /// That something was not.
    #[must_use]
    pub fn error(text: impl Into<String>) -> Self {
        Self {
            is_error: true,
            text: text.into(),
        }
    }
}

/// `bad-request` with one of the conditions of XEP-0050 §4: `bad-action`, `bad-payload`, `bad-sessionid`,
/// `malformed-action`.
#[must_use]
pub fn refusal(condition: &'static str) -> StanzaError {
    StanzaError::new(Condition::BadRequest).with_application(Element::new(condition, ns::COMMANDS))
}

/// The session was there, and has been left alone for too long.
#[must_use]
pub fn expired() -> StanzaError {
    StanzaError::new(Condition::NotAllowed).with_application(Element::new("session-expired", ns::COMMANDS))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::stream::tree;

    fn parse(xml: &str) -> Result<Command, StanzaError> {
        Command::parse(&tree::parse(xml.as_bytes(), ns::CLIENT).unwrap())
    }

    #[test]
    fn what_is_asked_for_is_read() {
        let begun = parse("<command xmlns='http://jabber.org/protocol/commands' node='n'/>").unwrap();
        assert_eq!(
            (begun.node.as_str(), begun.session, begun.action),
            ("n", None, Action::Execute)
        );
        let going_on = parse(
            "<command xmlns='http://jabber.org/protocol/commands' node='n' sessionid='s' action='prev'>\
             <x xmlns='jabber:x:data' type='submit'/></command>",
        )
        .unwrap();
        assert_eq!(
            (going_on.session.as_deref(), going_on.action),
            (Some("s"), Action::Prev)
        );
        assert!(going_on.form.is_some());
        for xml in [
            "<command xmlns='http://jabber.org/protocol/commands'/>",
            "<command xmlns='http://jabber.org/protocol/commands' node=''/>",
            "<command xmlns='http://jabber.org/protocol/commands' node='n' action='EXECUTE'/>",
        ] {
            assert_eq!(parse(xml).unwrap_err().condition, Condition::BadRequest, "{xml}");
        }
    }

    fn check(status: Status, expected: &str) {
        let response = Response {
            node: "n".to_owned(),
            session: "s".to_owned(),
            status,
            notes: Vec::new(),
            form: None,
        };
        let written = response.to_element().to_xml();
        assert!(written.contains(expected), "{written}");
    }

    #[test]
    fn a_step_says_where_it_leads() {
        let step = |has_prev, is_last| Status::Executing { has_prev, is_last };
        check(step(false, false), "execute='next'><next/></actions>");
        check(step(true, false), "execute='next'><prev/><next/></actions>");
        check(step(true, true), "execute='complete'><prev/><complete/></actions>");
        check(Status::Completed, "status='completed'/>");
        check(Status::Canceled, "status='canceled'/>");
    }
}
