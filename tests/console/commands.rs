//! XEP-0050 and XEP-0133: administrators run the server from their chat client, and nobody else does.

use anyhow::Result;
use protocol::{Element, Jid, ns, xep::data_forms::Form};
use testkit::client::{Client, Connect};
use tests::support::process::DOMAIN;
use tokio::task::block_in_place;

use crate::house::{House, OTHER, PASSWORD};

const ADMIN: &str = "http://jabber.org/protocol/admin";

/// An administrator's or a user's chat client.
pub(crate) struct Operator {
    client: Client,
}

impl Operator {
    pub(crate) async fn connect(address: std::net::SocketAddr, jid: &str) -> Self {
        let jid: Jid = jid.parse().unwrap();
        let unbound = Connect::DirectTls(address).log_in(&jid, PASSWORD).await.unwrap();
        Self {
            client: unbound.bind("desk").await.unwrap(),
        }
    }

    async fn at(house: &House, jid: &str) -> Self {
        Self::connect(house.server.addresses().c2s_tls, jid).await
    }

    async fn ask(&mut self, kind: &str, payload: &str) -> Element {
        self.ask_at(DOMAIN, kind, payload).await
    }

    async fn ask_at(&mut self, host: &str, kind: &str, payload: &str) -> Element {
        self.client.ask(kind, Some(host), payload).await
    }

    async fn command(&mut self, node: &str, attributes: &str, form: &str) -> Element {
        self.ask("set", &command(node, attributes, form)).await
    }

    /// Begins a command; the answer, and what to go on with.
    async fn begin(&mut self, node: &str) -> (Element, String) {
        let answer = self.command(node, "action='execute'", "").await;
        let session = payload(&answer).get("sessionid").unwrap_or_default().to_owned();
        (answer, session)
    }

    /// The server ends the stream.
    pub(crate) async fn is_ended(&mut self) {
        self.client.end().await;
    }

    /// From the first step to the end of a command with one form.
    pub(crate) async fn runs(&mut self, node: &str, fields: &[(&str, &[&str])]) -> Element {
        let (first, session) = self.begin(node).await;
        assert_eq!(payload(&first).get("status"), Some("executing"), "{}", first.to_xml());
        let attributes = format!("sessionid='{session}' action='complete'");
        self.command(node, &attributes, &filled(fields)).await
    }

    /// Begins a command that is done, or refused, at once.
    async fn begin_raw(&mut self, node: &str) -> Element {
        self.command(node, "action='execute'", "").await
    }

    async fn items(&mut self) -> Vec<String> {
        let question = format!("<query xmlns='{}' node='{}'/>", ns::DISCO_ITEMS, ns::COMMANDS);
        let answer = self.ask("get", &question).await;
        let query = answer.find("query", ns::DISCO_ITEMS).unwrap();
        query
            .elements()
            .map(|item| item.get("node").unwrap().to_owned())
            .collect()
    }
}

fn command(node: &str, attributes: &str, form: &str) -> String {
    format!(
        "<command xmlns='{}' node='{node}' {attributes}>{form}</command>",
        ns::COMMANDS
    )
}

fn payload(answer: &Element) -> &Element {
    let found = answer.find("command", ns::COMMANDS);
    found.unwrap_or_else(|| panic!("no command, but {}", answer.to_xml()))
}

fn filled(fields: &[(&str, &[&str])]) -> String {
    let field = |(var, values): &(&str, &[&str])| {
        let values: String = values.iter().map(|value| format!("<value>{value}</value>")).collect();
        format!("<field var='{var}'>{values}</field>")
    };
    let fields: String = fields.iter().map(field).collect();
    format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>{ADMIN}</value></field>\
         {fields}</x>"
    )
}

fn admin(name: &str) -> String {
    format!("{ADMIN}#{name}")
}

#[track_caller]
fn is_done(answer: &Element) -> Option<Form> {
    assert_eq!(payload(answer).get("status"), Some("completed"), "{}", answer.to_xml());
    let mut notes = payload(answer)
        .elements()
        .filter(|child| child.is("note", ns::COMMANDS));
    assert!(
        notes.all(|note| note.get("type") == Some("info")),
        "{}",
        answer.to_xml()
    );
    Form::find_in(payload(answer))
}

#[track_caller]
fn is_refused(answer: &Element, condition: &str) {
    let xml = answer.to_xml();
    let error = answer
        .find("error", ns::CLIENT)
        .unwrap_or_else(|| panic!("no error, but {xml}"));
    assert!(
        error.find(condition, ns::STANZA_ERRORS).is_some(),
        "not {condition}, but {xml}"
    );
}

/// All accounts, but for when somebody logged in: that is written a moment later.
fn accounts(house: &House) -> Result<String> {
    let list = block_in_place(|| house.hearth(&["account", "list", "--json"]))?;
    let lines = list.lines().filter(|line| !line.contains("\"last_log"));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// Every command with a form that would do something to this account.
fn everything(jid: &str) -> Vec<(String, String)> {
    let named: [&str; 1] = [jid];
    let fields: [(&str, &[&str]); 5] = [
        ("accountjid", &named),
        ("accountjids", &named),
        ("adminjids", &named),
        ("password", &["stolen"]),
        ("max_items", &["25"]),
    ];
    let names = [
        "add-user",
        "delete-user",
        "disable-user",
        "reenable-user",
        "end-user-session",
        "change-user-password",
        "get-user-lastlogin",
        "user-stats",
        "get-registered-users-num",
        "get-online-users-num",
        "get-registered-users-list",
        "get-disabled-users-list",
        "get-online-users-list",
        "edit-admin",
        "get-user-password",
        "no-such-command",
    ];
    let mut all: Vec<_> = names.iter().map(|name| (admin(name), filled(&fields))).collect();
    all.push(("urn:hearth:commands#set-property".to_owned(), filled(&fields)));
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_no_administrator_sees_nothing_and_does_nothing() -> Result<()> {
    let house = House::start()?;
    let mut alice = Operator::at(&house, &format!("alice@{DOMAIN}")).await;
    let mut owner = Operator::at(&house, &format!("owner@{DOMAIN}")).await;
    let (_, owners_session) = owner.begin(&admin("delete-user")).await;
    let before = accounts(&house)?;

    assert_eq!(alice.items().await, Vec::<String>::new());
    for (node, form) in everything(&format!("bob@{DOMAIN}")) {
        for attributes in [
            "",
            "action='execute'",
            "action='complete'",
            "action='cancel'",
            "sessionid='x' action='complete'",
            &format!("sessionid='{owners_session}' action='complete'"),
        ] {
            is_refused(&alice.command(&node, attributes, &form).await, "forbidden");
        }
        let info = format!("<query xmlns='{}' node='{node}'/>", ns::DISCO_INFO);
        let answer = alice.ask("get", &info).await;
        assert_eq!(answer.get("type"), Some("error"), "{}", answer.to_xml());
    }
    assert_eq!(accounts(&house)?, before);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_of_one_host_has_no_way_to_another() -> Result<()> {
    let house = House::start()?;
    let mut chief = Operator::at(&house, &format!("chief@{DOMAIN}")).await;
    let listed = chief.items().await;
    assert!(
        listed.contains(&admin("add-user")) && !listed.contains(&admin("edit-admin")),
        "{listed:?}"
    );
    let carol = format!("carol@{OTHER}");
    for (node, form) in everything(&carol) {
        for host in [DOMAIN, OTHER] {
            let begun = chief.ask_at(host, "set", &command(&node, "", "")).await;
            let Some(first) = begun.find("command", ns::COMMANDS) else {
                assert_eq!(begun.get("type"), Some("error"));
                continue;
            };
            if first.get("status") == Some("completed") {
                assert_eq!(host, DOMAIN, "{}", begun.to_xml());
                continue;
            }
            let session = first.get("sessionid").unwrap();
            let done = chief
                .ask_at(host, "set", &command(&node, &format!("sessionid='{session}'"), &form))
                .await;
            let is_list = node.ends_with("-list");
            if is_list && host == DOMAIN {
                assert!(!done.to_xml().contains(OTHER), "{}", done.to_xml());
            } else {
                is_refused(&done, "forbidden");
            }
        }
    }
    // Several at a time, of which one is not theirs: that one stays as it is.
    let bob = format!("bob@{DOMAIN}");
    let both = chief
        .runs(&admin("disable-user"), &[("accountjids", &[&bob, &carol])])
        .await;
    assert!(
        both.to_xml().contains("may not do this on other.test"),
        "{}",
        both.to_xml()
    );
    // Nor to more power: by becoming somebody who has it.
    let owner = format!("owner@{DOMAIN}");
    let fields: [(&str, &[&str]); 2] = [("accountjid", &[&owner]), ("password", &["stolen"])];
    is_refused(&chief.runs(&admin("change-user-password"), &fields).await, "forbidden");
    block_in_place(|| {
        let there = house.hearth(&["account", "list", "--host", OTHER, "--json"])?;
        assert!(there.contains("carol") && !there.contains("\"reason\""), "{there}");
        let here = house.hearth(&["account", "list", "--json"])?;
        assert_eq!(here.matches("\"lock\": {").count(), 1, "{here}");
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_does_everything_and_each_act_is_in_the_record_once() -> Result<()> {
    let house = House::start()?;
    let mut owner = Operator::at(&house, &format!("owner@{DOMAIN}")).await;
    let listed = owner.items().await;
    assert_eq!(listed.len(), 17, "{listed:?}");
    is_refused(&owner.begin_raw(&admin("get-user-password")).await, "not-allowed");
    is_refused(&owner.begin_raw(&admin("no-such-command")).await, "item-not-found");

    let eve = format!("eve@{DOMAIN}");
    let new: [(&str, &[&str]); 3] = [
        ("accountjid", &[&eve]),
        ("password", &[PASSWORD]),
        ("password-verify", &[PASSWORD]),
    ];
    is_done(&owner.runs(&admin("add-user"), &new).await);
    // A name that looks like another has to be meant: these have a Cyrillic е, and two.
    let alike = ["\u{435}ve", "\u{435}v\u{435}"].map(|name| format!("{name}@{DOMAIN}"));
    for (meant, jid) in alike.iter().enumerate() {
        let fields: [(&str, &[&str]); 4] = [
            ("accountjid", &[jid]),
            ("password", &[PASSWORD]),
            ("password-verify", &[PASSWORD]),
            ("lookalike", &[&meant.to_string()]),
        ];
        let answer = owner.runs(&admin("add-user"), &fields).await;
        match meant {
            // The form comes again, with why.
            0 => assert!(
                answer.to_xml().contains(&format!("looks like {eve}")),
                "{}",
                answer.to_xml()
            ),
            _ => drop(is_done(&answer)),
        }
    }
    is_done(
        &owner
            .runs(&admin("delete-user"), &[("accountjids", &[&alike[1]])])
            .await,
    );
    let mut eve_online = Operator::at(&house, &eve).await;
    let online = is_done(
        &owner
            .runs(&admin("get-online-users-list"), &[("max_items", &["25"])])
            .await,
    )
    .unwrap();
    assert_eq!(
        online.values("onlineuserjids"),
        [eve.clone(), format!("owner@{DOMAIN}")]
    );
    let stats = is_done(&owner.runs(&admin("user-stats"), &[("accountjid", &[&eve])]).await).unwrap();
    assert_eq!(stats.values("onlineresources"), ["desk"]);
    let users = is_done(&owner.begin_raw(&admin("get-registered-users-num")).await).unwrap();
    assert_eq!(users.get("registeredusersnum"), Some("6"));
    let sessions = is_done(&owner.begin_raw(&admin("get-online-users-num")).await).unwrap();
    assert_eq!(sessions.get("onlineusersnum"), Some("2"));
    let last = is_done(
        &owner
            .runs(&admin("get-user-lastlogin"), &[("accountjids", &[&eve])])
            .await,
    )
    .unwrap();
    assert_eq!(last.get("accountjids"), Some(eve.as_str()));

    is_done(
        &owner
            .runs(&admin("end-user-session"), &[("accountjids", &[&eve])])
            .await,
    );
    eve_online.client.end().await;
    let password: [(&str, &[&str]); 2] = [("accountjid", &[&eve]), ("password", &["another"])];
    is_done(&owner.runs(&admin("change-user-password"), &password).await);
    is_done(&owner.runs(&admin("disable-user"), &[("accountjids", &[&eve])]).await);
    let locked = is_done(&owner.runs(&admin("get-disabled-users-list"), &[]).await).unwrap();
    assert_eq!(locked.get("disableduserjids"), Some(eve.as_str()));
    is_done(&owner.runs(&admin("reenable-user"), &[("accountjids", &[&eve])]).await);
    let me = format!("owner@{DOMAIN}");
    is_done(&owner.runs(&admin("edit-admin"), &[("adminjids", &[&me, &eve])]).await);
    is_done(&owner.runs(&admin("edit-admin"), &[("adminjids", &[&me])]).await);
    is_done(&owner.runs(&admin("delete-user"), &[("accountjids", &[&eve])]).await);
    let all = is_done(&owner.runs(&admin("get-registered-users-list"), &[]).await).unwrap();
    assert_eq!(all.values("registereduserjids").len(), 5);

    block_in_place(|| {
        let program = house.program("owner", &["owner"]);
        let record = program.get(&format!("/audit?target={eve}")).json();
        let acts: Vec<_> = record["acts"].as_array().unwrap().iter().rev().collect();
        let names: Vec<_> = acts.iter().map(|act| act["act"].as_str().unwrap()).collect();
        let expected = [
            "account.add",
            "session.close",
            "account.password",
            "account.lock",
            "account.unlock",
            "admin.grant",
            "admin.revoke",
            "account.delete",
        ];
        assert_eq!(names, expected, "{record}");
        for act in acts {
            assert_eq!(
                (&act["actor"], &act["outcome"], &act["address"]),
                (&me.as_str().into(), &"done".into(), &"127.0.0.1".into())
            );
        }
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_go_forward_and_back_and_what_is_wrong_can_be_mended() -> Result<()> {
    let house = House::start()?;
    let mut owner = Operator::at(&house, &format!("owner@{DOMAIN}")).await;
    let node = "urn:hearth:commands#set-property";
    let (first, session) = owner.begin(node).await;
    assert!(
        first.to_xml().contains("<actions execute='next'><next/></actions>"),
        "{}",
        first.to_xml()
    );
    let with = |action: &str| format!("sessionid='{session}' action='{action}'");
    let bad = |answer: &Element, condition: &str| {
        is_refused(answer, "bad-request");
        assert!(answer.to_xml().contains(condition), "{}", answer.to_xml());
    };
    let named = filled(&[("name", &["roster.max_items"])]);
    bad(&owner.command(node, &with("prev"), "").await, "bad-action");
    bad(&owner.command(node, &with("complete"), &named).await, "bad-action");
    bad(&owner.command(node, &with("next"), "").await, "bad-payload");
    bad(&owner.command(node, &with("jump"), &named).await, "malformed-action");
    bad(
        &owner.command(&admin("delete-user"), &with("next"), &named).await,
        "bad-sessionid",
    );
    let unknown = owner
        .command(node, &with("next"), &filled(&[("name", &["no.such"])]))
        .await;
    assert!(
        unknown
            .to_xml()
            .contains("<note type='error'>there is no property no.such"),
        "{}",
        unknown.to_xml()
    );
    let second = owner.command(node, &with("next"), &named).await;
    assert!(
        second
            .to_xml()
            .contains("<actions execute='complete'><prev/><complete/></actions>"),
        "{}",
        second.to_xml()
    );
    let back = owner.command(node, &with("prev"), "").await;
    assert!(back.to_xml().contains("<option"), "{}", back.to_xml());
    owner.command(node, &with("next"), &named).await;
    let wrong = owner
        .command(node, &with("complete"), &filled(&[("value", &["many"])]))
        .await;
    assert!(wrong.to_xml().contains("whole numbers"), "{}", wrong.to_xml());
    assert_eq!(payload(&wrong).get("status"), Some("executing"));
    is_done(
        &owner
            .command(node, &with("complete"), &filled(&[("value", &["77"])]))
            .await,
    );
    bad(&owner.command(node, &with("complete"), &named).await, "bad-sessionid");
    let held = block_in_place(|| house.hearth(&["property", "get", "roster.max_items", "--json"]))?;
    assert!(held.contains("77"), "{held}");

    // Given up is given up; another client of the same administrator does not go on; nor does who lost the power.
    let (_, session) = owner.begin(&admin("delete-user")).await;
    let canceled = owner
        .command(
            &admin("delete-user"),
            &format!("sessionid='{session}' action='cancel'"),
            "",
        )
        .await;
    assert_eq!(payload(&canceled).get("status"), Some("canceled"));
    let bob = format!("bob@{DOMAIN}");
    let form = filled(&[("accountjids", &[&bob])]);
    let attributes = format!("sessionid='{session}' action='complete'");
    bad(
        &owner.command(&admin("delete-user"), &attributes, &form).await,
        "bad-sessionid",
    );
    let mut chief = Operator::at(&house, &format!("chief@{DOMAIN}")).await;
    let (_, session) = owner.begin(&admin("delete-user")).await;
    let attributes = format!("sessionid='{session}' action='complete'");
    bad(
        &chief.command(&admin("delete-user"), &attributes, &form).await,
        "bad-sessionid",
    );
    let (_, session) = chief.begin(&admin("delete-user")).await;
    block_in_place(|| house.hearth(&["admin", "revoke", &format!("chief@{DOMAIN}")]))?;
    let attributes = format!("sessionid='{session}' action='complete'");
    is_refused(
        &chief.command(&admin("delete-user"), &attributes, &form).await,
        "forbidden",
    );
    assert!(block_in_place(|| house.hearth(&["account", "list"]))?.contains(&bob));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_administers_a_group_fills_it_and_does_nothing_else() -> Result<()> {
    let house = House::start()?;
    block_in_place(|| -> Result<()> {
        for group in ["staff", "others"] {
            house.hearth(&["group", "add", group])?;
        }
        house.hearth(&["group", "add", "staff", "--host", OTHER])?;
        house.hearth(&["group", "member", "add", "staff", "alice", "chief", "--admin"])?;
        house.hearth(&["group", "member", "add", "staff", "bob"])?;
        house.hearth(&["group", "member", "add", "others", "alice", "bob"])?;
        Ok(())
    })?;
    let (alice, bob) = (format!("alice@{DOMAIN}"), format!("bob@{DOMAIN}"));
    let members = || {
        let shown = block_in_place(|| house.hearth(&["group", "show", "staff"])).unwrap();
        shown
            .lines()
            .skip(1)
            .map(|line| line.split_once('@').unwrap().0.to_owned())
            .collect::<Vec<_>>()
    };
    let mut admin_of_group = Operator::at(&house, &alice).await;
    let (add, remove) = (admin("add-group-members"), admin("delete-group-members"));
    assert_eq!(
        admin_of_group.items().await,
        [add.as_str(), &remove],
        "nothing else is seen"
    );
    let (form, session) = admin_of_group.begin(&add).await;
    let form = form.to_xml();
    assert!(form.contains("staff") && !form.contains("others"), "{form}");
    let attributes = format!("sessionid='{session}' action='complete'");
    let fields = filled(&[
        ("group", &["staff"]),
        ("users", &["reader", &format!("owner@{DOMAIN}")]),
    ]);
    is_done(&admin_of_group.command(&add, &attributes, &fields).await);
    assert_eq!(members(), ["alice", "bob", "chief", "owner", "reader"]);
    is_done(
        &admin_of_group
            .runs(&remove, &[("group", &["staff"]), ("users", &[&bob])])
            .await,
    );
    assert_eq!(members(), ["alice", "chief", "owner", "reader"]);

    // Not another group, not one of another host, not another administrator of this one.
    for group in ["others", "nowhere", "staff at other.test"] {
        let answer = admin_of_group
            .runs(&add, &[("group", &[group]), ("users", &["bob"])])
            .await;
        is_refused(&answer, "forbidden");
    }
    let answer = admin_of_group
        .ask_at(OTHER, "set", &command(&add, "action='execute'", ""))
        .await;
    is_refused(&answer, "forbidden");
    let answer = admin_of_group
        .runs(&remove, &[("group", &["staff"]), ("users", &["chief"])])
        .await;
    is_refused(&answer, "forbidden");
    for node in [
        "add-user",
        "delete-user",
        "get-registered-users-list",
        "get-online-users-num",
        "edit-admin",
    ] {
        is_refused(&admin_of_group.begin_raw(&admin(node)).await, "forbidden");
    }
    assert_eq!(members(), ["alice", "chief", "owner", "reader"]);

    // Who is only a member has nothing to run; nor has who administers the group no more, from now on.
    let mut member = Operator::at(&house, &bob).await;
    block_in_place(|| house.hearth(&["group", "member", "add", "staff", "bob"]))?;
    assert_eq!(member.items().await, [""; 0]);
    is_refused(&member.begin_raw(&add).await, "forbidden");
    let (_, begun) = admin_of_group.begin(&add).await;
    block_in_place(|| house.hearth(&["group", "member", "remove", "staff", "alice"]))?;
    let attributes = format!("sessionid='{begun}' action='complete'");
    is_refused(&admin_of_group.command(&add, &attributes, &fields).await, "forbidden");
    is_refused(&admin_of_group.begin_raw(&add).await, "forbidden");

    // Each act is in the record, as done by the account.
    block_in_place(|| {
        let program = house.program("owner", &["owner"]);
        let record = program.get(&format!("/audit?act=group.members&actor={alice}")).json();
        let acts = record["acts"].as_array().unwrap().iter().rev();
        let acts: Vec<_> = acts
            .map(|act| {
                let outcome = act["outcome"].as_str().unwrap();
                (act["act"].as_str().unwrap(), outcome.split(':').next().unwrap())
            })
            .collect();
        let (add, remove) = ("group.members.add", "group.members.remove");
        let (done, refused) = ("done", "refused");
        assert_eq!(
            acts,
            [
                (add, done),
                (remove, done),
                (add, refused),
                (add, refused),
                (add, refused),
                (remove, refused)
            ],
            "{record}"
        );
    });
    Ok(())
}
