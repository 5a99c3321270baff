//! Every command, and what it needs. What is not here does not exist.

use ops::{Needs, OpsError};
use protocol::xep::{commands::Note, data_forms::Form};
use router::Later;

use super::{Visit, accounts, groups, lists, power, properties};

/// A command.
pub(super) struct Command {
    /// What it is called by clients.
    pub(super) node: &'static str,
    /// What it is called by people.
    pub(super) name: &'static str,
    /// What an administrator must be to run it.
    pub(super) needs: Needs,
    /// How many forms are to be filled in.
    pub(super) steps: usize,
    /// The next form, after these were filled in.
    pub(super) form: fn(Visit, Vec<Form>) -> Later<Result<Form, OpsError>>,
    /// Does it, with all forms filled in.
    pub(super) act: fn(Visit, Vec<Form>) -> Later<Result<Report, OpsError>>,
}

/// What came of a command.
#[derive(Default)]
pub(super) struct Report {
    pub(super) notes: Vec<Note>,
    pub(super) form: Option<Form>,
}

impl Report {
    /// One sentence.
    pub(super) fn note(text: impl Into<String>) -> Self {
        Self {
            notes: vec![Note::info(text)],
            form: None,
        }
    }

    /// A form that tells something.
    pub(super) fn form(form: Form) -> Self {
        Self {
            notes: Vec::new(),
            form: Some(form),
        }
    }
}

/// The command of this name.
pub(super) fn find(node: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.node == node)
}

/// XEP-0133 §4.7: passwords are not kept, only what proves them. The command is refused for ever.
pub(super) const GET_PASSWORD: &str = "http://jabber.org/protocol/admin#get-user-password";

macro_rules! command {
    ($node:literal, $name:literal, $needs:ident, $steps:literal, $form:path, $act:path) => {
        Command {
            node: $node,
            name: $name,
            needs: Needs::$needs,
            steps: $steps,
            form: |visit, filled| Box::pin($form(visit, filled)),
            act: |visit, filled| Box::pin($act(visit, filled)),
        }
    };
}

/// XEP-0133 by its sections, those of Openfire for groups, and one of our own.
#[rustfmt::skip]
pub(super) const COMMANDS: &[Command] = &[
    command!("http://jabber.org/protocol/admin#add-user", "Add a user", Change, 1, accounts::ask_new, accounts::add),
    command!("http://jabber.org/protocol/admin#delete-user", "Delete users", Change, 1, accounts::ask_deletion, accounts::delete),
    command!("http://jabber.org/protocol/admin#disable-user", "Lock users out", Change, 1, accounts::ask_lock, accounts::lock),
    command!("http://jabber.org/protocol/admin#reenable-user", "Let users in again", Change, 1, accounts::ask_unlock, accounts::unlock),
    command!("http://jabber.org/protocol/admin#end-user-session", "End sessions of users", Change, 1, accounts::ask_end, accounts::end_sessions),
    command!("http://jabber.org/protocol/admin#change-user-password", "Change a user's password", Change, 1, accounts::ask_password, accounts::set_password),
    command!("http://jabber.org/protocol/admin#get-user-lastlogin", "When a user last logged in", Login, 1, lists::ask_last_login, lists::last_login),
    command!("http://jabber.org/protocol/admin#user-stats", "Where a user is logged in", Login, 1, lists::ask_stats, lists::stats),
    command!("http://jabber.org/protocol/admin#get-registered-users-num", "How many users there are", Login, 0, lists::no_form, lists::registered_count),
    command!("http://jabber.org/protocol/admin#get-online-users-num", "How many sessions there are", Login, 0, lists::no_form, lists::online_count),
    command!("http://jabber.org/protocol/admin#get-registered-users-list", "Users", Login, 1, lists::ask_most, lists::registered),
    command!("http://jabber.org/protocol/admin#get-disabled-users-list", "Users that are locked out", Login, 1, lists::ask_most, lists::disabled),
    command!("http://jabber.org/protocol/admin#get-online-users-list", "Users who are online", Login, 1, lists::ask_most, lists::online),
    command!("http://jabber.org/protocol/admin#edit-admin", "Owners of this server", Owner, 1, power::ask, power::edit),
    command!("http://jabber.org/protocol/admin#add-group-members", "Add members to a group", Members, 1, groups::ask_new, groups::add),
    command!("http://jabber.org/protocol/admin#delete-group-members", "Remove members from a group", Members, 1, groups::ask_gone, groups::remove),
    command!("urn:hearth:commands#set-property", "Set a system property", Owner, 2, properties::ask, properties::set),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_there_once_and_none_tells_a_password() {
        for (position, command) in COMMANDS.iter().enumerate() {
            let last = COMMANDS.iter().rposition(|other| other.node == command.node);
            assert_eq!(last, Some(position), "{}", command.node);
        }
        assert!(find(GET_PASSWORD).is_none());
    }
}
