//! XEP-0133 §4.8–4.21: what is known of users, how many there are, and which.

use ops::{OpsError, Page, SessionQuestion};
use protocol::{
    Jid,
    xep::{
        data_forms::{Field, FieldKind, Form},
        datetime::format_micros,
    },
};

use super::{
    Visit,
    fields::{account, account_of, accounts, accounts_of, last, question, told},
    table::Report,
};

/// How many are listed where nobody says, and at most.
const MOST: u32 = 100;
/// Accounts looked at in search of those that are locked: beyond that the console is the better place.
const LOOKED_AT_MAX: usize = 10_000;

type Filled = Vec<Form>;

pub(super) async fn no_form(_: Visit, _: Filled) -> Result<Form, OpsError> {
    Err(OpsError::Field("there is nothing to be filled in"))
}

pub(super) async fn ask_last_login(_: Visit, _: Filled) -> Result<Form, OpsError> {
    Ok(question("When a user last logged in").field(accounts("Addresses")))
}

/// §4.8.
pub(super) async fn last_login(visit: Visit, filled: Filled) -> Result<Report, OpsError> {
    let mut form = told();
    for jid in accounts_of(&filled)? {
        let account = visit.acts.accounts.get(&visit.actor, &jid).await?;
        let time = account.last_login.map_or_else(|| "never".to_owned(), format_micros);
        form = form
            .field(
                Field::new("accountjids", FieldKind::JidSingle)
                    .label("Address")
                    .value(account.jid),
            )
            .field(
                Field::new("lastlogin", FieldKind::TextSingle)
                    .label("Last login")
                    .value(time),
            );
    }
    Ok(Report::form(form))
}

pub(super) async fn ask_stats(_: Visit, _: Filled) -> Result<Form, OpsError> {
    Ok(question("Where a user is logged in").field(account("Address")))
}

/// §4.9, as far as it is known to acts.
pub(super) async fn stats(visit: Visit, filled: Filled) -> Result<Report, OpsError> {
    let jid = account_of(&filled)?;
    let account = visit.acts.accounts.get(&visit.actor, &jid).await?;
    let question = SessionQuestion {
        text: format!("{}/", account.jid),
        limit: MOST,
        ..SessionQuestion::default()
    };
    let found = visit.acts.sessions.everywhere(&visit.actor, &question).await;
    let own = found.sessions.iter().map(|on| &on.session);
    let own = own.filter(|session| session.jid.split('/').next() == Some(account.jid.as_str()));
    let resources = own
        .clone()
        .filter_map(|session| session.jid.split_once('/'))
        .map(|(_, name)| name);
    let form = told()
        .field(Field::new("accountjid", FieldKind::JidSingle).value(account.jid.clone()))
        .field(
            Field::new("ipaddresses", FieldKind::TextMulti)
                .label("Addresses of its clients")
                .values_from(own.clone().map(|session| session.address.clone())),
        )
        .field(
            Field::new("onlineresources", FieldKind::TextMulti)
                .label("Resources")
                .values_from(resources),
        );
    Ok(Report::form(form))
}

/// §4.13.
pub(super) async fn registered_count(visit: Visit, _: Filled) -> Result<Report, OpsError> {
    let count = visit.acts.accounts.count(&visit.actor, &visit.host).await?;
    Ok(number("registeredusersnum", "Users", count))
}

/// §4.15: sessions, as XEP-0133 counts them too.
pub(super) async fn online_count(visit: Visit, _: Filled) -> Result<Report, OpsError> {
    let found = sessions(&visit, 1).await?;
    Ok(number("onlineusersnum", "Sessions", found.total))
}

pub(super) async fn ask_most(_: Visit, _: Filled) -> Result<Form, OpsError> {
    let most = Field::new("max_items", FieldKind::ListSingle)
        .label("How many at most")
        .value("25");
    let most = ["25", "50", "100"]
        .into_iter()
        .fold(most, |field, number| field.option(number, number));
    Ok(question("How many are to be listed").field(most))
}

/// §4.18.
pub(super) async fn registered(visit: Visit, filled: Filled) -> Result<Report, OpsError> {
    let most = most(&filled)?;
    let found = visit
        .acts
        .accounts
        .list(&visit.actor, &page(&visit, String::new(), most))
        .await?;
    Ok(jids(
        "registereduserjids",
        "Users",
        found.into_iter().map(|account| account.jid),
    ))
}

/// §4.19.
pub(super) async fn disabled(visit: Visit, filled: Filled) -> Result<Report, OpsError> {
    let most = most(&filled)? as usize;
    let (mut locked, mut looked_at, mut after) = (Vec::new(), 0, String::new());
    loop {
        let page = page(&visit, after, ops::PAGE_MAX - 1);
        let (found, next) = visit.acts.accounts.list_on(&visit.actor, &page).await?;
        looked_at += found.len();
        locked.extend(
            found
                .into_iter()
                .filter(|account| account.lock.is_some())
                .map(|account| account.jid),
        );
        match next {
            Some(next) if locked.len() < most && looked_at < LOOKED_AT_MAX => after = next,
            _ => break,
        }
    }
    locked.truncate(most);
    Ok(jids(
        "disableduserjids",
        "Users that are locked out",
        locked.into_iter(),
    ))
}

/// §4.20.
pub(super) async fn online(visit: Visit, filled: Filled) -> Result<Report, OpsError> {
    let found = sessions(&visit, most(&filled)?).await?;
    let bare = found
        .sessions
        .iter()
        .filter_map(|on| on.session.jid.parse::<Jid>().ok());
    let mut users: Vec<String> = bare.map(|jid| jid.bare_str().to_owned()).collect();
    users.dedup();
    let mut report = jids("onlineuserjids", "Users who are online", users.into_iter());
    let silent = found.silent.iter();
    report.notes = silent
        .map(|(node, why)| protocol::xep::commands::Note::error(format!("server {node} does not say: {why}")))
        .collect();
    Ok(report)
}

async fn sessions(visit: &Visit, limit: u32) -> Result<ops::Everywhere, OpsError> {
    visit.actor.require_host(&visit.host)?;
    let question = SessionQuestion {
        host: Some(visit.host.clone()),
        limit,
        ..SessionQuestion::default()
    };
    Ok(visit.acts.sessions.everywhere(&visit.actor, &question).await)
}

fn page(visit: &Visit, after: String, limit: u32) -> Page {
    Page {
        host: Some(visit.host.clone()),
        after,
        limit,
        ..Page::default()
    }
}

fn most(filled: &[Form]) -> Result<u32, OpsError> {
    match last(filled)?.get("max_items") {
        None | Some("" | "none") => Ok(MOST),
        Some(text) => match text.parse() {
            Ok(most @ 1..=MOST) => Ok(most),
            _ => Err(OpsError::Field("between 1 and 100 can be listed")),
        },
    }
}

fn number(var: &str, label: &str, count: u64) -> Report {
    let field = Field::new(var, FieldKind::TextSingle)
        .label(label)
        .value(count.to_string());
    Report::form(told().field(field))
}

fn jids(var: &str, label: &str, jids: impl Iterator<Item = String>) -> Report {
    Report::form(told().field(Field::new(var, FieldKind::JidMulti).label(label).values_from(jids)))
}
