//! Hosts, forms of settings, the history of properties, and the record as a file.

use std::time::Instant;

use anyhow::{Result, ensure};
use protocol::Jid;
use testkit::client::Connect;
use tests::support::process::DOMAIN;

use crate::{
    browser::Browser,
    house::{House, LOOK_AGAIN, PASSWORD, PATIENCE},
};

const LIMITS: &str = "/settings/limits";

#[test]
fn a_form_of_settings_is_saved_as_a_whole_or_not_at_all() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let both = |owner: &mut Browser, items: &str, groups: &str| {
        let fields = [
            ("was:roster.max_items", "5000"),
            ("roster.max_items", items),
            ("was:roster.max_groups", "0"),
            ("roster.max_groups", groups),
            // Untouched, whatever somebody else has made of it meanwhile.
            ("was:blocking.max_items", "17"),
            ("blocking.max_items", "17"),
            // Of another form.
            ("offline.policy", "drop"),
        ];
        owner.post(LIMITS, LIMITS, &fields)
    };
    both(&mut owner, "123", "many")
        .says(422, "Nothing was saved: one field is wrong.")
        .says(422, "id=\"wrong:roster.max_groups\"")
        .says(422, "name=\"roster.max_items\" value=\"123\"")
        .says(422, "name=\"roster.max_groups\" value=\"many\"");
    let held = |house: &House, name: &str| house.hearth(&["property", "get", name]);
    assert!(
        held(&house, "roster.max_items")?.contains("(default)"),
        "half a form was saved"
    );

    both(&mut owner, "123", "45").leads_to(&format!("{LIMITS}?done=saved"));
    assert!(held(&house, "roster.max_items")?.starts_with("roster.max_items = 123 (set)"));
    assert!(held(&house, "roster.max_groups")?.starts_with("roster.max_groups = 45 (set)"));
    assert!(held(&house, "blocking.max_items")?.contains("(default)"));
    assert!(held(&house, "offline.policy")?.contains("(default)"));
    owner
        .get("/audit?act=property.set-all")
        .says(200, "roster.max_groups, roster.max_items")
        .says(200, "roster.max_groups = 45; roster.max_items = 123");

    let untouched = [("was:roster.max_items", "123"), ("roster.max_items", "123")];
    owner
        .post(LIMITS, LIMITS, &untouched)
        .leads_to(&format!("{LIMITS}?done=unchanged"));
    house.hearth(&["property", "set", "--node", "roster.max_items", "9"])?;
    owner.get(LIMITS).says(200, "This server has a value of its own");
    let mut reader = house.visitor("reader");
    let page = reader.get(LIMITS);
    page.says(200, "Owners can change these.");
    assert!(!page.body.contains("<button>Save"), "{}", page.body);
    Ok(())
}

#[test]
fn every_property_is_on_the_form_of_one_topic() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let topics = owner.get("/settings");
    let links = topics.body.split("<li><a href=\"/settings/").skip(1);
    let forms: Vec<_> = links
        .map(|rest| {
            owner
                .get(&format!("/settings/{}", rest.split_once('"').unwrap().0))
                .body
        })
        .collect();
    let list = house.hearth(&["property", "list", "--json"])?;
    let list: Vec<serde_json::Value> = serde_json::from_str(&list)?;
    assert!(list.len() > 50 && forms.len() > 5);
    for property in list {
        let field = format!("id=\"{}\"", property["name"].as_str().unwrap());
        assert_eq!(forms.iter().filter(|form| form.contains(&field)).count(), 1, "{field}");
    }
    // Nothing is left over for which nobody has thought of a topic.
    assert!(!topics.body.contains("/settings/more"), "{}", topics.body);
    Ok(())
}

#[test]
fn a_change_is_undone_while_nothing_later_stands_on_it() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let page = "/properties/roster.max_items";
    for value in ["11", "12"] {
        owner.post("/", page, &[("value", value)]);
    }
    let shown = owner.get(page);
    let mut ids = shown.body.split("name=\"id\" value=\"").skip(1);
    let mut next = || ids.next().unwrap().split_once('"').unwrap().0.to_owned();
    let (last, first) = (next(), next());
    owner
        .post(page, "/history/undo", &[("id", &first)])
        .says(422, "has been changed since");
    owner
        .post(page, "/history/undo", &[("id", &last)])
        .leads_to(&format!("{page}?done=undone"));
    owner.get(page).says(200, "<dt>Value</dt><dd><code>11</code>");
    owner.post(page, "/history/undo", &[("id", &first)]);
    owner.get(page).says(200, "<dt>From</dt><dd>default</dd>");
    owner
        .post(page, "/history/undo", &[("id", "99999")])
        .says(404, "no change of a property");
    owner.get("/history").says(200, "<em>not set</em>");
    owner
        .get("/audit?act=property.undo&target=roster")
        .says(200, "roster.max_items");
    let history = house.hearth(&["property", "history", "roster.max_items"])?;
    assert_eq!(history.lines().count(), 5, "{history}");
    Ok(())
}

#[test]
fn the_record_is_narrowed_and_saved_as_a_file() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let alice = format!("/accounts/alice@{DOMAIN}");
    owner.post(
        "/",
        &format!("{alice}/lock"),
        &[("reason", "=HYPERLINK(\"http://x\"), \"so\"")],
    );
    owner.post("/", "/accounts/carol@other.test/lock", &[("reason", "elsewhere")]);
    let of_host = owner.get("/audit?act=account.lock&host=other.test");
    of_host.says(200, "carol@other.test");
    assert!(!of_host.body.contains("alice@"), "{}", of_host.body);
    owner.get("/audit?text=elsewhere").says(200, "carol@other.test");
    owner
        .get("/audit?until=2020-01-01")
        .says(200, "Nothing in the record matches that.");
    owner
        .get("/audit?act=account.lock&since=2020-01-01")
        .says(200, "alice@");
    owner.get("/audit?since=yesterday").says(400, "A day is written as");

    let csv = owner.get("/audit/export?form=csv&act=account.lock&host=localhost");
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"audit.csv\"");
    csv.says(200, "id,time,actor,address,node,act,target,before,after,outcome\r\n")
        .says(200, "\"\"so\"\"");
    assert!(!csv.body.contains("\"=") && !csv.body.contains("carol"), "{}", csv.body);
    let json = owner.get("/audit/export?form=jsonl&act=account.lock");
    let objects = json.body.lines().filter(|line| line.starts_with('{')).count();
    assert_eq!(objects, 2, "{}", json.body);
    owner.get("/audit/export?form=xml").says(400, "csv or jsonl");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_added_is_served_without_a_restart() -> Result<()> {
    const NEW: &str = "new.test";
    let house = House::start()?;
    let mut owner = tokio::task::block_in_place(|| {
        let mut owner = house.visitor("owner");
        let add = |owner: &mut Browser, domain: &str| owner.post("/", "/hosts/add", &[("domain", domain)]);
        add(&mut owner, "").says(422, "id=\"domain-error\"");
        add(&mut owner, "eve@new.test")
            .says(422, "is no domain")
            .says(422, "value=\"eve@new.test\"");
        add(&mut owner, DOMAIN).says(422, "is a host of this server already");
        add(&mut owner, "New.TEST").leads_to("/hosts?done=host");
        let fields = [
            ("name", "eve"),
            ("host", NEW),
            ("password", PASSWORD),
            ("again", PASSWORD),
        ];
        owner
            .post("/", "/accounts/new", &fields)
            .leads_to("/accounts/eve@new.test?done=added");
        owner
    });
    let began = Instant::now();
    // Its certificate is made when the server looks at the files, after it has heard of the host.
    let is_shown = |body: &str| {
        let row = body
            .split_once(&format!("<td data-label=\"Host\">{NEW}</td>"))
            .unwrap()
            .1;
        row.split_once("</tr>").unwrap().0.contains("self-signed")
    };
    while !is_shown(&tokio::task::block_in_place(|| owner.get("/hosts")).body) {
        ensure!(began.elapsed() < PATIENCE, "the new host has no certificate");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    // By then it is served, too.
    let eve: Jid = format!("eve@{NEW}").parse()?;
    let connect = Connect::DirectTls(house.server.addresses().c2s_tls);
    let in_it = connect.log_in(&eve, PASSWORD).await;
    ensure!(in_it.is_ok(), "the new host is not served");
    let chief = tokio::task::block_in_place(|| house.visitor("chief").get("/hosts"));
    assert!(
        !chief.body.contains(NEW) && !chief.body.contains("Add the host"),
        "{}",
        chief.body
    );
    Ok(())
}
