//! XEP-0133 §4.27: who owns this server. Administrators of one host and those who only read are not in the list, and
//! stay what they are.

use std::collections::BTreeSet;

use ops::{OpsError, Role};
use protocol::{
    Jid,
    xep::data_forms::{Field, FieldKind, Form},
};

use super::{
    Visit,
    fields::{last, question, report},
    table::Report,
};

pub(super) async fn ask(visit: Visit, _: Vec<Form>) -> Result<Form, OpsError> {
    let owners = owners(&visit).await?;
    Ok(question("Owners of this server")
        .instruction("They may do everything. Whoever is taken out of the list loses all power.")
        .field(
            Field::new("adminjids", FieldKind::JidMulti)
                .label("Owners")
                .values_from(owners),
        ))
}

/// First whoever is new, so that there is an owner at every moment.
pub(super) async fn edit(visit: Visit, filled: Vec<Form>) -> Result<Report, OpsError> {
    let wanted = last(&filled)?.values("adminjids").iter().map(|jid| jid.trim());
    let wanted: BTreeSet<String> = wanted.filter(|jid| !jid.is_empty()).map(prepared).collect();
    if wanted.is_empty() {
        return Err(OpsError::Field("one owner must stay"));
    }
    let owners = owners(&visit).await?;
    let administrators = &visit.acts.administrators;
    let mut done = Vec::new();
    for jid in wanted.difference(&owners) {
        let granted = administrators.grant(&visit.actor, jid, &Role::Owner).await;
        done.push((jid.clone(), granted.map(|()| "is an owner now".to_owned())));
    }
    for jid in owners.difference(&wanted) {
        let revoked = administrators.revoke(&visit.actor, jid).await;
        done.push((jid.clone(), revoked.map(|()| "has no power any more".to_owned())));
    }
    match done.is_empty() {
        true => Ok(Report::note("Nothing was to be changed.")),
        false => report(done),
    }
}

async fn owners(visit: &Visit) -> Result<BTreeSet<String>, OpsError> {
    let all = visit.acts.administrators.list(&visit.actor).await?.into_iter();
    Ok(all.filter(|one| one.role == Role::Owner).map(|one| one.jid).collect())
}

/// The same address in the same letters; what is none is refused by the act.
fn prepared(jid: &str) -> String {
    jid.parse::<Jid>()
        .map_or_else(|_| jid.to_owned(), |jid| jid.bare_str().to_owned())
}
