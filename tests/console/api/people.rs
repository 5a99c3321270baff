//! Groups, and what belongs to an account: made, read, changed and deleted by programs, each act once in the record.

use anyhow::Result;
use protocol::Jid;
use serde_json::{Value, json};
use testkit::client::Connect;
use tests::support::process::DOMAIN;
use tokio::task::block_in_place;

use super::resources::is_in_the_record_once;
use crate::house::{House, OTHER, PASSWORD};

#[test]
fn a_group_is_made_filled_shared_and_deleted() -> Result<()> {
    let house = House::start()?;
    let program = house.program("owner", &["owner"]);
    let name = "Küche & Keller";
    let new = json!({ "host": DOMAIN, "name": name, "description": "x" });
    let made = program.post("/groups", &new);
    let group = made
        .is(201)
        .header("location")
        .strip_prefix("/api/v1")
        .unwrap()
        .to_owned();
    program.post("/groups", &new).is(409);
    assert_eq!(program.get(&group).is(200).json(), made.json());
    assert_eq!(made.json()["sharing"], json!({ "shown_to": "nobody", "viewers": [] }));
    assert_eq!(made.json()["display_name"], name);

    let alice = format!("alice@{DOMAIN}");
    let members = json!({ "members": [alice, "bob", "nobody", format!("alice@{DOMAIN}"), "two\nlines"] });
    let added = program.post(&format!("{group}/members"), &members).is(200).json();
    assert_eq!((&added["added"], &added["already"]), (&json!(2), &json!(1)), "{added}");
    assert_eq!(added["refused"].as_array().map(Vec::len), Some(2), "{added}");
    let page = program.get(&format!("{group}/members?limit=1")).json();
    assert_eq!(
        (&page["members"][0]["jid"], &page["next"]),
        (&json!(alice), &json!("alice"))
    );
    let rest = program.get(&format!("{group}/members?limit=1&after=alice")).json();
    assert_eq!(
        (&rest["members"][0]["is_admin"], &rest["next"]),
        (&json!(false), &Value::Null)
    );
    program.send("PUT", &format!("{group}/admins/{alice}"), &[], "").is(204);
    assert_eq!(
        program.get(&format!("{group}/members")).json()["members"][0]["is_admin"],
        true
    );
    program.delete(&format!("{group}/admins/{alice}")).is(204);

    program
        .post("/groups", &json!({ "host": DOMAIN, "name": "boss" }))
        .is(201);
    let sharing = json!({ "shown_to": "groups", "viewers": ["boss"] });
    let shared = program.put(&format!("{group}/sharing"), &sharing).is(200).json();
    assert_eq!((&shared["sharing"], &shared["description"]), (&sharing, &json!("x")));
    let change = json!({ "display_name": "Team", "description": "", "sharing": { "shown_to": "members" } });
    program.put(&group, &change).is(200);
    let list = program.get("/groups?text=team").json();
    assert_eq!(
        (&list["groups"][0]["name"], &list["groups"][0]["members"]),
        (&json!(name), &json!(2))
    );

    program.delete(&format!("{group}/members/{alice}")).is(204);
    program.delete(&format!("{group}/members/{alice}")).is(404);
    program.delete(&group).is(204);
    program.get(&group).is(404);
    let target = crate::browser::percent(&format!("{name} at {DOMAIN}"));
    for act in [
        "group.members.add",
        "group.admin.grant",
        "group.admin.revoke",
        "group.delete",
    ] {
        is_in_the_record_once(&program, act, &target, "done");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_belongs_to_an_account_is_read_and_changed_and_its_clients_are_told() -> Result<()> {
    let house = House::start()?;
    let program = block_in_place(|| house.program("owner", &["owner"]));
    let alice: Jid = format!("alice@{DOMAIN}").parse()?;
    let connect = Connect::DirectTls(house.server.addresses().c2s_tls);
    let mut client = connect.log_in(&alice, PASSWORD).await.unwrap().bind("x").await.unwrap();
    client
        .send("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>".to_owned())
        .await;
    client.all().await;
    let account = format!("/accounts/{alice}");
    block_in_place(|| {
        let contact = json!({ "name": "The <nurse>", "groups": ["Home"] });
        program
            .put(&format!("{account}/roster/nurse@capulet.example"), &contact)
            .is(204);
        let roster = program.get(&format!("{account}/roster?text=NURSE")).json();
        let first = &roster["contacts"][0];
        assert_eq!(
            (&first["name"], &first["groups"]),
            (&contact["name"], &contact["groups"])
        );
        assert_eq!(
            (&first["subscription"], &first["is_listed"]),
            (&json!("none"), &json!(true))
        );
    });
    let pushed = client.all().await;
    let pushed: String = pushed.iter().map(protocol::Element::to_xml).collect();
    assert!(pushed.contains("nurse@capulet.example"), "{pushed}");
    block_in_place(|| {
        program
            .delete(&format!("{account}/roster/nurse@capulet.example"))
            .is(204);
        assert_eq!(program.get(&format!("{account}/roster")).json()["contacts"], json!([]));

        program
            .send("PUT", &format!("{account}/blocked/spam.example"), &[], "")
            .is(204);
        assert_eq!(
            program.get(&format!("{account}/blocked")).json()["blocked"],
            json!(["spam.example"])
        );
        program.delete(&format!("{account}/blocked/spam.example")).is(204);
        assert_eq!(program.get(&format!("{account}/blocked")).json()["blocked"], json!([]));

        let card = format!("{account}/vcard");
        assert_eq!(program.get(&card).json()["exists"], false);
        let set = program
            .put(&card, &json!({ "full_name": "Alice <b>", "email": "a@x" }))
            .is(200)
            .json();
        assert_eq!(
            (&set["fields"]["full_name"], &set["exists"]),
            (&json!("Alice <b>"), &json!(true))
        );
        let set = program.put(&card, &json!({ "full_name": "Alice" })).is(200).json();
        assert_eq!(set["fields"]["email"], "", "what is left out is emptied");
        let target = alice.to_string();
        for act in [
            "account.contact.set",
            "account.contact.remove",
            "account.block",
            "account.unblock",
        ] {
            is_in_the_record_once(&program, act, &target, "done");
        }
    });
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_wait_are_listed_read_by_owners_and_deleted() -> Result<()> {
    let house = House::start()?;
    let bob: Jid = format!("bob@{DOMAIN}").parse()?;
    let connect = Connect::DirectTls(house.server.addresses().c2s_tls);
    let mut client = connect.log_in(&bob, PASSWORD).await.unwrap().bind("x").await.unwrap();
    for number in 0..3 {
        client
            .send(format!(
                "<message to='alice@{DOMAIN}' type='chat'><body>wait {number}</body></message>"
            ))
            .await;
    }
    client.all().await;
    block_in_place(|| {
        let program = house.program("owner", &["owner"]);
        let chief = house.program("chief", &["host", "--host", DOMAIN]);
        let path = format!("/accounts/alice@{DOMAIN}/offline");
        let page = chief.get(&format!("{path}?limit=2")).is(200).json();
        assert_eq!(
            (&page["total"], page["messages"].as_array().map(Vec::len)),
            (&json!(3), Some(2))
        );
        assert!(
            !page.to_string().contains("wait"),
            "what they say is not in the list: {page}"
        );
        let next = page["next"].as_str().unwrap();
        let rest = chief.get(&format!("{path}?limit=2&after={next}")).json();
        assert_eq!(
            (rest["messages"].as_array().map(Vec::len), &rest["next"]),
            (Some(1), &Value::Null)
        );
        let id = page["messages"][0]["id"].as_str().unwrap();
        let read = format!("{path}/{id}/read");
        assert_eq!(program.send("POST", &read, &[], "").is(200).json()["body"], "wait 0");
        chief.send("POST", &read, &[], "").is(403);
        assert_eq!(chief.delete(&path).is(200).json(), json!({ "deleted_messages": 3 }));
        assert_eq!(program.get(&path).json()["total"], 0);
        is_in_the_record_once(&program, "account.offline.read", "alice", "done");
    });
    Ok(())
}

#[test]
fn hosts_settings_history_and_one_server_are_seen_and_changed() -> Result<()> {
    let house = House::start()?;
    let program = house.program("owner", &["owner"]);
    program.post("/hosts", &json!({ "domain": "New.test" })).is(201);
    let hosts = program.get("/hosts").json();
    assert!(
        hosts["hosts"]
            .as_array()
            .unwrap()
            .contains(&json!({ "domain": "new.test", "accounts": 0, "disabled_at": null }))
    );

    let values = json!({ "values": { "roster.max_items": 41, "offline.quota_messages": 42 } });
    let known = program.get("/properties?text=offline.").json();
    let other = known["properties"].as_array().unwrap().iter();
    let other = other
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .find(|name| name.contains("max"));
    let values = match other {
        Some(name) => json!({ "values": { "roster.max_items": 41, name: 42 } }),
        None => values,
    };
    program.put("/settings", &values).is(204);
    let wrong = json!({ "values": { "roster.max_items": 43, "no.such": 1 } });
    program.put("/settings", &wrong).is(422);
    assert_eq!(
        program.get("/properties/roster.max_items").json()["value"],
        41,
        "all or none"
    );
    let changes = program.get("/history?name=roster.max_items&limit=1").json();
    let change = &changes["changes"][0];
    assert_eq!((&change["before"], &change["after"]), (&Value::Null, &json!("41")));
    let undo = format!("/history/{}/undo", change["id"].as_str().unwrap());
    assert_eq!(program.send("POST", &undo, &[], "").is(200).json()["source"], "default");
    program.send("POST", &undo, &[], "").is(409);

    let nodes = program.get("/cluster/nodes").json();
    let node = format!("/cluster/nodes/{}", nodes["nodes"][0]["id"]);
    let one = program.get(&node).is(200).json();
    assert!(
        one["vitals"]["memory_bytes"]
            .as_u64()
            .is_some_and(|bytes| bytes > 1_000_000),
        "{one}"
    );
    assert!(program.get(&format!("{node}/vitals")).is(200).json()["vitals"].is_array());
    let caches = program.get(&format!("{node}/caches")).json();
    let caches = caches["caches"].as_array().unwrap().clone();
    let free = caches.iter().find(|cache| cache["kept"].is_null()).unwrap();
    let free = free["name"].as_str().unwrap();
    let place = crate::browser::percent(free);
    let entries = program.get(&format!("{node}/caches/{place}?limit=1")).is(200).json();
    assert!(entries["total"].is_u64(), "{entries}");
    assert!(program.delete(&format!("/cluster/caches/{place}")).is(200).json()["cleared_entries"].is_u64());
    program.delete(&node).is(409);
    for (act, target) in [
        ("host.add", "New.test"),
        ("property.undo", "roster"),
        ("cache.clear", place.as_str()),
    ] {
        let acts = super::resources::record(&program, act, target);
        let done = acts.iter().filter(|act| act["outcome"] == "done").count();
        assert_eq!(done, 1, "{act}: {acts:?}");
    }
    Ok(())
}

#[test]
fn a_host_is_disabled_enabled_and_deleted() -> Result<()> {
    let house = House::start()?;
    let program = house.program("owner", &["owner"]);
    let state = || {
        let hosts = program.get("/hosts").json();
        let hosts = hosts["hosts"].as_array().unwrap().clone();
        hosts.into_iter().find(|host| host["domain"] == OTHER)
    };
    program.put(&format!("/hosts/{OTHER}/disabled"), &json!({})).is(204);
    assert!(state().unwrap()["disabled_at"].is_string(), "{:?}", state());
    assert_eq!(state().unwrap()["accounts"], 2, "what it has stays");
    program.put(&format!("/hosts/{DOMAIN}/disabled"), &json!({})).is(409);
    program.delete(&format!("/hosts/{OTHER}/disabled")).is(204);
    assert!(state().unwrap()["disabled_at"].is_null(), "{:?}", state());
    program.put("/hosts/nowhere.test/disabled", &json!({})).is(404);

    for path in [format!("/hosts/{OTHER}"), format!("/hosts/{OTHER}?confirm={DOMAIN}")] {
        let refused = program.delete(&path);
        refused.is(422);
        assert!(refused.body.contains(&format!("confirm={OTHER}")), "{}", refused.body);
    }
    assert!(state().is_some(), "nothing was deleted");
    program.delete(&format!("/hosts/{DOMAIN}?confirm={DOMAIN}")).is(409);
    program.delete("/hosts/nowhere.test?confirm=nowhere.test").is(404);
    let gone = program.delete(&format!("/hosts/{OTHER}?confirm={OTHER}")).json();
    assert_eq!(gone, json!({ "accounts": 2, "groups": 0 }));
    assert!(state().is_none());
    let record = house.visitor("owner").get("/audit?act=host").body;
    for act in ["host.disable", "host.enable", "host.delete"] {
        assert!(record.contains(act), "{act}");
    }
    Ok(())
}
