//! The record of what was done: each act once, whatever way it took.

use anyhow::Result;
use tests::support::process::DOMAIN;

use crate::{
    browser::Answer,
    house::{House, PASSWORD},
};

/// The entries on a page of the record: act, target and outcome of each.
fn entries(page: &Answer) -> Vec<(String, String, String)> {
    let rows = page.body.split("data-label=\"When\"").skip(1);
    let between = |text: &str, from: &str, to: &str| {
        let (_, rest) = text.split_once(from).unwrap();
        rest.split_once(to).unwrap().0.trim().to_owned()
    };
    rows.map(|row| {
        let what = between(row, "data-label=\"What\">", "</td>");
        let outcome = between(row, "data-label=\"Outcome\">", "</td>");
        (
            between(&what, "<code>", "</code>"),
            what.split_once("<br>").unwrap().1.to_owned(),
            outcome.rsplit('>').next().unwrap().to_owned(),
        )
    })
    .collect()
}

#[test]
fn every_act_is_there_once_with_who_and_what_and_how_it_went() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let alice = format!("alice@{DOMAIN}");
    let page = format!("/accounts/{alice}");
    let before = owner.get("/audit");
    let count = entries(&before).len();

    let new = [
        ("name", "eve"),
        ("host", DOMAIN),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    owner
        .post("/", "/accounts/new", &new)
        .leads_to(&format!("/accounts/eve@{DOMAIN}?done=added"));
    owner.post("/", &format!("{page}/lock"), &[("until", "day"), ("reason", "spam")]);
    owner.post("/", &format!("{page}/unlock"), &[]);
    owner.post(
        "/",
        &format!("{page}/password"),
        &[("password", "geheim"), ("again", "geheim")],
    );
    owner.post("/", "/properties/roster.max_items", &[("value", "77")]);
    owner
        .post("/", "/properties/roster.max_items", &[("value", "no number")])
        .says(422, "whole numbers from");
    owner.post("/", "/properties/roster.max_items/unset", &[]);
    owner.post(
        "/",
        "/administrators/grant",
        &[("address", alice.as_str()), ("role", "read-only")],
    );
    owner.post("/", "/administrators/revoke", &[("address", alice.as_str())]);
    owner
        .post("/", "/cluster/switch", &[("to", "on")])
        .says(422, "SQLite is for one server alone");
    owner.post("/", &format!("{page}/delete"), &[("confirm", alice.as_str())]);
    house.hearth(&["account", "lock", &format!("bob@{DOMAIN}"), "--reason", "by hand"])?;

    let after = owner.get("/audit");
    let mut found = entries(&after);
    found.truncate(found.len() - count);
    found.reverse();
    let acts: Vec<_> = found
        .iter()
        .map(|(act, target, outcome)| (act.as_str(), target.as_str(), outcome.starts_with("done")))
        .collect();
    let (eve, bob) = (format!("eve@{DOMAIN}"), format!("bob@{DOMAIN}"));
    assert_eq!(
        acts,
        [
            ("account.add", eve.as_str(), true),
            ("account.lock", &alice, true),
            ("account.unlock", &alice, true),
            ("account.password", &alice, true),
            ("property.set", "roster.max_items", true),
            ("property.set", "roster.max_items", false),
            ("property.unset", "roster.max_items", true),
            ("admin.grant", &alice, true),
            ("admin.revoke", &alice, true),
            ("property.set", "cluster.enabled", false),
            ("account.delete", &alice, true),
            ("account.lock", &bob, true),
        ]
    );
    assert!(
        !after.body.contains("geheim") && !after.body.contains(PASSWORD),
        "no password is recorded"
    );
    for words in ["from 127.0.0.1", "local:", "on the machine", "by hand", "77"] {
        assert!(after.body.contains(words), "{words} is missing: {}", after.body);
    }

    // What is looked for is found, letter by letter.
    let locks = entries(&owner.get("/audit?act=account.lock"));
    assert!(
        locks.len() == 2 && locks.iter().all(|(act, ..)| act == "account.lock"),
        "{locks:?}"
    );
    let of_bob = entries(&owner.get(&format!("/audit?target=bob@{DOMAIN}")));
    assert_eq!(of_bob.len(), 1, "{of_bob:?}");
    owner
        .get("/audit?actor=%25")
        .says(200, "Nothing in the record matches that.");
    Ok(())
}

#[test]
fn a_refused_act_is_recorded_too() -> Result<()> {
    let house = House::start()?;
    let mut chief = house.visitor("chief");
    let path = format!("/accounts/owner@{DOMAIN}/password");
    assert_eq!(chief.post("/", &path, &[("password", "x"), ("again", "x")]).status, 403);
    let page = house.visitor("owner").get("/audit?act=account.password");
    assert_eq!(entries(&page).len(), 1);
    page.says(200, "refused: ");
    Ok(())
}
