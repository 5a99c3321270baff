//! XEP-0077: In-Band Registration. An account is made, gets another password, or goes.

use super::data_forms::Form;
use crate::{Condition, Element, StanzaError, ns};

/// What is asked of `jabber:iq:register`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Register {
    /// What there is to be filled in.
    Ask,
    /// What was filled in: a new account, or a new password.
    Fill(Filled),
    /// The account is to go.
    Remove,
}

/// A registration form, filled in. Neither field is empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Filled {
    /// The localpart that is wished for, not prepared.
    pub username: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Filled {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Filled")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

impl Register {
    /// The payload of an IQ of type get or set.
    ///
    /// # Errors
    /// `bad-request` where `<remove/>` is not alone or nothing is said, `not-acceptable` where a field is missing.
    pub fn parse(query: &Element, is_set: bool) -> Result<Self, StanzaError> {
        if !is_set {
            return Ok(Self::Ask);
        }
        if query.find("remove", ns::REGISTER).is_some() {
            return match query.elements().count() {
                1 => Ok(Self::Remove),
                _ => Err(Condition::BadRequest.into()),
            };
        }
        if query.elements().next().is_none() {
            return Err(Condition::BadRequest.into());
        }
        let form = Form::find_in(query);
        // §4: a form takes precedence over the fields beside it.
        let field = |name: &str| match &form {
            Some(form) => form.get(name).map(str::to_owned),
            None => query.find(name, ns::REGISTER).map(Element::own_text),
        };
        match (field("username"), field("password")) {
            (Some(username), Some(password)) if !username.is_empty() && !password.is_empty() => {
                Ok(Self::Fill(Filled { username, password }))
            }
            _ => Err(StanzaError::with_text(
                Condition::NotAcceptable,
                "a username and a password are needed",
            )),
        }
    }
}

/// What there is to be filled in; for `registered`, the name of an account that asks, so that it can change its
/// password.
#[must_use]
pub fn questions(instructions: &str, registered: Option<&str>) -> Element {
    let named = |name: &str| Element::new(name, ns::REGISTER);
    let mut query = Element::new("query", ns::REGISTER);
    if registered.is_some() {
        query = query.child(named("registered"));
    }
    let username = match registered {
        Some(username) => named("username").text(username),
        None => named("username"),
    };
    query
        .child(named("instructions").text(instructions))
        .child(username)
        .child(named("password"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::stream::tree;

    fn parse(inside: &str, is_set: bool) -> Result<Register, Condition> {
        let xml = format!("<query xmlns='jabber:iq:register'>{inside}</query>");
        Register::parse(&tree::parse(xml.as_bytes(), "").unwrap(), is_set).map_err(|error| error.condition)
    }

    #[test]
    fn requests_are_understood() {
        let filled = Ok(Register::Fill(Filled {
            username: "bill".into(),
            password: "Calliope".into(),
        }));
        let form = "<x xmlns='jabber:x:data' type='submit'><field var='username'><value>bill</value></field>\
                    <field var='password'><value>Calliope</value></field></x>";
        for (inside, is_set, expected) in [
            ("", false, Ok(Register::Ask)),
            ("<remove/>", true, Ok(Register::Remove)),
            ("<remove/><username>bill</username>", true, Err(Condition::BadRequest)),
            ("", true, Err(Condition::BadRequest)),
            (
                "<username>bill</username><password>Calliope</password>",
                true,
                filled.clone(),
            ),
            ("<username>bill</username>", true, Err(Condition::NotAcceptable)),
            (
                "<username>bill</username><password/>",
                true,
                Err(Condition::NotAcceptable),
            ),
            (
                "<username/><password>Calliope</password>",
                true,
                Err(Condition::NotAcceptable),
            ),
            (form, true, filled),
            (
                "<x xmlns='jabber:x:data' type='submit'/><username>bill</username><password>x</password>",
                true,
                Err(Condition::NotAcceptable),
            ),
        ] {
            assert_eq!(parse(inside, is_set), expected, "{inside}");
        }
    }

    #[test]
    fn a_form_that_is_logged_does_not_tell_the_password() {
        let filled = Filled {
            username: "bill".into(),
            password: "Calliope".into(),
        };
        assert!(!format!("{filled:?}").contains("Calliope"));
    }

    #[test]
    fn questions_say_who_is_registered() {
        assert_eq!(
            questions("Choose.", None).to_xml(),
            "<query xmlns='jabber:iq:register'><instructions>Choose.</instructions><username/><password/></query>"
        );
        assert_eq!(
            questions("Change it.", Some("bill")).to_xml(),
            "<query xmlns='jabber:iq:register'><registered/><instructions>Change it.</instructions>\
             <username>bill</username><password/></query>"
        );
    }
}
