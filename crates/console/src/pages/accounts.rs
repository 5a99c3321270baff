//! `/accounts`: who may log in as a client; a new account.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{AccountInfo, OpsError, Order, Page as Wanted, Password};

use crate::{
    fields::address,
    frame::Frame,
    language::{Text, filters, t, told},
    refusal::{self, rendered},
    visit::{Visit, done},
    words,
};

#[derive(Template)]
#[template(path = "accounts.html")]
struct Page {
    frame: Frame,
    hosts: Vec<String>,
    host: String,
    prefix: String,
    order: &'static str,
    direction: &'static str,
    count: u64,
    columns: Vec<Column>,
    accounts: Vec<AccountInfo>,
    is_first: bool,
    first: String,
    next: Option<String>,
}

/// A heading by which the list can be sorted.
struct Column {
    label: Text,
    address: String,
    /// For `aria-sort`.
    sort: &'static str,
}

#[derive(Template)]
#[template(path = "account_new.html")]
struct NewPage {
    frame: Frame,
    hosts: Vec<String>,
    host: String,
    name: String,
    name_error: Option<String>,
    /// Whether it is asked if that is meant.
    looks_like_another: bool,
    is_meant: bool,
    password_error: Option<String>,
    error: Option<String>,
}

/// Accounts on a page.
const PAGE: u32 = 50;
const ORDERS: [(&str, Order, Text); 3] = [
    ("name", Order::Name, Text("Account")),
    ("made", Order::Made, Text("Made")),
    ("login", Order::LastLogin, Text("Last login")),
];

pub(crate) async fn page(visit: Visit) -> Response {
    let hosts = match visit.acts().accounts.hosts(visit.actor()).await {
        Ok(hosts) => hosts,
        Err(error) => return visit.refuse(&error).await,
    };
    let query = &visit.query;
    let host = Some(query.get("host")).filter(|host| !host.is_empty());
    let host = host.or_else(|| hosts.first().cloned()).unwrap_or_default();
    let wanted = query.raw("order");
    let (order, by, _) = ORDERS
        .into_iter()
        .find(|(name, ..)| *name == wanted)
        .unwrap_or(ORDERS[0]);
    let is_descending = query.raw("direction") == "down";
    let prefix = query.get("prefix");
    let list = Wanted {
        host: Some(host.clone()),
        prefix: prefix.clone(),
        after: query.raw("after").to_owned(),
        order: by,
        is_descending,
        limit: PAGE,
    };
    let accounts = &visit.acts().accounts;
    let found = match accounts.list_on(visit.actor(), &list).await {
        Ok(found) => found,
        Err(error) => return visit.refuse(&error).await,
    };
    let count = match accounts.count(visit.actor(), &host).await {
        Ok(count) => count,
        Err(error) => return visit.refuse(&error).await,
    };
    let direction = if is_descending { "down" } else { "" };
    let place = |order: &str, direction: &str, after: &str| {
        let fields = [
            ("host", host.as_str()),
            ("prefix", prefix.as_str()),
            ("order", order),
            ("direction", direction),
            ("after", after),
        ];
        address("/accounts", &fields)
    };
    let column = |(name, _, label): (&'static str, Order, Text)| {
        let is_this = name == order;
        Column {
            label,
            address: place(name, if is_this && !is_descending { "down" } else { "" }, ""),
            sort: match (is_this, is_descending) {
                (false, _) => "none",
                (true, false) => "ascending",
                (true, true) => "descending",
            },
        }
    };
    let (accounts, next) = found;
    rendered(&Page {
        frame: visit.frame(t("Accounts")).await,
        order,
        direction,
        count,
        columns: ORDERS.into_iter().map(column).collect(),
        accounts,
        is_first: list.after.is_empty(),
        first: place(order, direction, ""),
        next: next.map(|next| place(order, direction, &next)),
        hosts,
        prefix,
        host: host.clone(),
    })
}

/// The form for a new account.
pub(crate) async fn new(visit: Visit) -> Response {
    show_new(&visit, None).await
}

/// Makes the account.
pub(crate) async fn add(visit: Visit) -> Response {
    let form = &visit.form;
    let jid = format!("{}@{}", form.get("name"), form.get("host"));
    if form.raw("password") != form.raw("again") {
        return show_new(&visit, Some(New::Differ)).await;
    }
    let password = Password::new(form.raw("password").to_owned());
    let is_meant = !form.raw("lookalike").is_empty();
    let accounts = visit.acts().accounts.meaning_lookalikes(is_meant);
    match accounts.add(visit.actor(), &jid, &password).await {
        Ok(()) => done(&super::account::path(&jid), "added"),
        Err(error) => show_new(&visit, Some(New::Failed(error))).await,
    }
}

/// Why there is no new account.
enum New {
    Differ,
    Failed(OpsError),
}

async fn show_new(visit: &Visit, wrong: Option<New>) -> Response {
    let hosts = match visit.acts().accounts.hosts(visit.actor()).await {
        Ok(hosts) => hosts,
        Err(error) => return visit.refuse(&error).await,
    };
    let (mut name_error, mut password_error, mut error, mut status) = (None, None, None, StatusCode::OK);
    let is_meant = !visit.form.raw("lookalike").is_empty();
    let mut looks_like_another = is_meant;
    if let Some(wrong) = wrong {
        status = StatusCode::UNPROCESSABLE_ENTITY;
        match wrong {
            New::Differ => password_error = Some(t("the two passwords differ").to_owned()),
            New::Failed(failed @ OpsError::Password(_)) => password_error = Some(told(&failed)),
            New::Failed(failed @ OpsError::LooksLike { .. }) => {
                name_error = Some(told(&failed));
                looks_like_another = true;
            }
            New::Failed(failed @ (OpsError::Exists(_) | OpsError::NoAccountAddress(_) | OpsError::NoHost { .. })) => {
                name_error = Some(told(&failed));
            }
            New::Failed(failed) => {
                status = refusal::status(&failed);
                error = Some(told(&failed));
            }
        }
    }
    let page = NewPage {
        frame: visit.frame(t("New account")).await,
        hosts,
        host: visit.form.get("host"),
        name: visit.form.get("name"),
        name_error,
        looks_like_another,
        is_meant,
        password_error,
        error,
    };
    (status, rendered(&page)).into_response()
}
