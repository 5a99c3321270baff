//! The fields of XEP-0133, asked for and read.

use ops::{OpsError, Password};
use protocol::{
    ns,
    xep::{
        commands::Note,
        data_forms::{Field, FieldKind, Form, FormKind},
    },
};

use super::table::Report;

/// Accounts that one form may name.
const ACCOUNTS_MAX: usize = 100;

/// A form of XEP-0133 to be filled in.
pub(super) fn question(title: &str) -> Form {
    Form::of_type(FormKind::Form, ns::ADMIN).title(title)
}

/// One with an answer.
pub(super) fn told() -> Form {
    Form::of_type(FormKind::Result, ns::ADMIN)
}

/// Asks for one account.
pub(super) fn account(label: &str) -> Field {
    Field::new("accountjid", FieldKind::JidSingle).label(label).required()
}

/// Asks for some.
pub(super) fn accounts(label: &str) -> Field {
    Field::new("accountjids", FieldKind::JidMulti).label(label).required()
}

/// What is read of a form that `filled` ends with.
pub(super) fn last(filled: &[Form]) -> Result<&Form, OpsError> {
    filled.last().ok_or(OpsError::Field("the form is missing"))
}

/// The account that a form names.
pub(super) fn account_of(filled: &[Form]) -> Result<String, OpsError> {
    let jid = last(filled)?.get("accountjid").unwrap_or_default().trim();
    match jid.is_empty() {
        true => Err(OpsError::Field("say which account")),
        false => Ok(jid.to_owned()),
    }
}

/// The accounts that a form names, each once. Clients that know one field only send one.
pub(super) fn accounts_of(filled: &[Form]) -> Result<Vec<String>, OpsError> {
    let form = last(filled)?;
    let named = form.values("accountjids").iter().chain(form.values("accountjid"));
    let mut jids: Vec<String> = named
        .map(|jid| jid.trim().to_owned())
        .filter(|jid| !jid.is_empty())
        .collect();
    let mut seen = std::collections::HashSet::new();
    jids.retain(|jid| seen.insert(jid.clone()));
    match jids.len() {
        0 => Err(OpsError::Field("say which accounts")),
        1..=ACCOUNTS_MAX => Ok(jids),
        _ => Err(OpsError::Field(
            "these are more than 100 accounts: take fewer at a time",
        )),
    }
}

/// The password that a form holds twice.
pub(super) fn password_of(form: &Form) -> Result<Password, OpsError> {
    let password = form.get("password").unwrap_or_default();
    match form.get("password-verify") {
        Some(again) if again != password => Err(OpsError::Field("the two passwords differ")),
        _ => Ok(Password::new(password.to_owned())),
    }
}

/// What became of several: each is told. Of one alone what went wrong is an error like any other, and can be mended.
pub(super) fn report(mut done: Vec<(String, Result<String, OpsError>)>) -> Result<Report, OpsError> {
    if done.len() == 1
        && let Some((jid, result)) = done.pop()
    {
        return result.map(|text| Report::note(format!("{jid}: {text}")));
    }
    let notes = done.into_iter().map(|(jid, result)| match result {
        Ok(text) => Note::info(format!("{jid}: {text}")),
        Err(error) => Note::error(format!("{jid}: {error}")),
    });
    Ok(Report {
        notes: notes.collect(),
        form: None,
    })
}
