//! XEP-0133 §4.1–4.6: accounts are made, locked, changed and deleted.

use ops::{Lock, OpsError};
use protocol::xep::data_forms::{Field, FieldKind, Form};

use super::{
    Visit,
    fields::{account, account_of, accounts, accounts_of, last, password_of, question, report},
    table::Report,
};

/// What a client is told whose session is ended.
const REASON: &str = "closed by an operator";

/// A field of ours beside those of §4.1: the name may look like another's.
const LOOKALIKE: &str = "lookalike";

type Filled = Vec<Form>;

pub(super) async fn ask_new(visit: Visit, _: Filled) -> Result<Form, OpsError> {
    Ok(question("Add a user")
        .instruction("The account can be used at once.")
        .field(account(&format!("Address, as in alice@{}", visit.host)))
        .field(
            Field::new("password", FieldKind::TextPrivate)
                .label("Password")
                .required(),
        )
        .field(
            Field::new("password-verify", FieldKind::TextPrivate)
                .label("Password again")
                .required(),
        )
        .field(
            Field::new(LOOKALIKE, FieldKind::Boolean)
                .label("Even where its name looks like that of another")
                .value("0"),
        ))
}

/// §4.1.
pub(super) async fn add(visit: Visit, filled: Filled) -> Result<Report, OpsError> {
    let jid = account_of(&filled)?;
    let password = password_of(last(&filled)?)?;
    let is_meant = matches!(last(&filled)?.get(LOOKALIKE), Some("1" | "true"));
    let accounts = visit.acts.accounts.meaning_lookalikes(is_meant);
    accounts.add(&visit.actor, &jid, &password).await?;
    Ok(Report::note(format!("{jid} was made.")))
}

pub(super) async fn ask_deletion(_: Visit, _: Filled) -> Result<Form, OpsError> {
    Ok(question("Delete users")
        .instruction("Everything that is remembered for them goes as well. This cannot be undone.")
        .field(accounts("Addresses")))
}

/// §4.2.
pub(super) async fn delete(visit: Visit, filled: Filled) -> Result<Report, OpsError> {
    let mut done = Vec::new();
    for jid in accounts_of(&filled)? {
        let deleted = visit.acts.accounts.delete(&visit.actor, &jid).await;
        done.push((jid, deleted.map(|_| "deleted".to_owned())));
    }
    report(done)
}

pub(super) async fn ask_lock(_: Visit, _: Filled) -> Result<Form, OpsError> {
    Ok(question("Lock users out")
        .instruction("Their sessions end, and nobody can log in to them until they are let in again.")
        .field(accounts("Addresses")))
}

/// §4.3.
pub(super) async fn lock(visit: Visit, filled: Filled) -> Result<Report, OpsError> {
    let mut done = Vec::new();
    for jid in accounts_of(&filled)? {
        let lock = Lock {
            reason: None,
            until: None,
        };
        let locked = visit.acts.accounts.lock(&visit.actor, &jid, &lock).await;
        done.push((jid, locked.map(|closed| format!("locked, {closed} sessions end"))));
    }
    report(done)
}

pub(super) async fn ask_unlock(_: Visit, _: Filled) -> Result<Form, OpsError> {
    Ok(question("Let users in again").field(accounts("Addresses")))
}

/// §4.4.
pub(super) async fn unlock(visit: Visit, filled: Filled) -> Result<Report, OpsError> {
    let mut done = Vec::new();
    for jid in accounts_of(&filled)? {
        let unlocked = visit.acts.accounts.unlock(&visit.actor, &jid).await;
        done.push((jid, unlocked.map(|()| "unlocked".to_owned())));
    }
    report(done)
}

pub(super) async fn ask_end(_: Visit, _: Filled) -> Result<Form, OpsError> {
    Ok(question("End sessions of users")
        .instruction("An address with a resource means one session, one without means all.")
        .field(accounts("Addresses")))
}

/// §4.5.
pub(super) async fn end_sessions(visit: Visit, filled: Filled) -> Result<Report, OpsError> {
    let mut done = Vec::new();
    for jid in accounts_of(&filled)? {
        let closed = visit.acts.sessions.close(&visit.actor, &jid, REASON).await;
        done.push((jid, closed.map(|closed| format!("{closed} sessions end"))));
    }
    report(done)
}

pub(super) async fn ask_password(_: Visit, _: Filled) -> Result<Form, OpsError> {
    Ok(question("Change a user's password")
        .instruction("The user's sessions end.")
        .field(account("Address"))
        .field(
            Field::new("password", FieldKind::TextPrivate)
                .label("New password")
                .required(),
        ))
}

/// §4.6 of version 1.2.
pub(super) async fn set_password(visit: Visit, filled: Filled) -> Result<Report, OpsError> {
    let jid = account_of(&filled)?;
    let password = password_of(last(&filled)?)?;
    let closed = visit.acts.accounts.set_password(&visit.actor, &jid, &password).await?;
    Ok(Report::note(format!(
        "The password of {jid} was changed, {closed} sessions end."
    )))
}
