//! Groups, and what is remembered of an account, seen and changed in the console while its user looks.

use anyhow::Result;
use protocol::{Element, Jid};
use testkit::client::{Client, Connect};
use tests::support::process::DOMAIN;

use crate::{
    browser::{Answer, Browser},
    house::{House, OTHER, PASSWORD},
};

async fn online(house: &House, name: &str) -> Client {
    let jid: Jid = format!("{name}@{DOMAIN}").parse().unwrap();
    let unbound = Connect::DirectTls(house.server.addresses().c2s_tls)
        .log_in(&jid, PASSWORD)
        .await;
    let mut client = unbound.unwrap().bind("sofa").await.unwrap();
    client.ask("get", None, "<query xmlns='jabber:iq:roster'/>").await;
    client.available().await;
    client
}

/// What a browser does, beside clients.
fn browse<T>(act: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(act)
}

async fn push(client: &mut Client, contact: &str) -> String {
    let is_it = |element: &Element| {
        element.get("type") == Some("set") && element.to_xml().contains(&format!("jid='{contact}'"))
            || element.get("type") == Some("set") && element.to_xml().contains(&format!("jid=\"{contact}\""))
    };
    client.receive(is_it).await.to_xml().replace('"', "'")
}

fn make(owner: &mut Browser, host: &str, name: &str, shown_to: &str, viewers: &str) -> Answer {
    let fields = [
        ("host", host),
        ("name", name),
        ("shown_to", shown_to),
        ("viewers", viewers),
        ("display_name", ""),
        ("description", "for tests"),
    ];
    owner.post("/", "/groups/new", &fields)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_made_in_the_console_and_appears_in_rosters_at_once() -> Result<()> {
    let house = House::start()?;
    let mut alice = online(&house, "alice").await;
    let mut bob = online(&house, "bob").await;
    let mut owner = browse(|| house.visitor("owner"));
    let path = format!("/groups/{DOMAIN}/The%20team");
    browse(|| {
        owner.get("/groups").says(200, "There are no groups here yet");
        make(&mut owner, DOMAIN, "The team", "groups", "nowhere")
            .says(422, "id=\"viewers-error\">there is no group nowhere");
        make(&mut owner, DOMAIN, "The team", "members", "").leads_to(&format!("{path}?done=group-added"));
        make(&mut owner, DOMAIN, "The team", "members", "").says(422, "id=\"name-error\">there is a group The team");
        owner.get("/groups?text=TEAM").says(200, "its members");
        let lines = format!("alice\nbob@{DOMAIN}\nnobody\ncarol@{OTHER}");
        let page = owner.post("/", &format!("{path}/members"), &[("lines", &lines)]);
        page.says(422, "2 added, 0 members already");
        page.says(422, "Line 3, <code>nobody</code>: there is no account nobody@");
        page.says(
            422,
            &format!("Line 4, <code>carol@{OTHER}</code>: only accounts of {DOMAIN} can be members"),
        );
        page.says(422, &format!("nobody\ncarol@{OTHER}</textarea>"));
        owner.get(&format!("{path}?prefix=al")).says(200, "alice@");
        owner
            .get(&format!("/accounts/alice@{DOMAIN}"))
            .says(200, &format!("<a href=\"{path}\">The team</a>"));
    });
    let item = push(&mut alice, &format!("bob@{DOMAIN}")).await;
    assert!(
        item.contains("subscription='both'") && item.contains("<group>The team</group>"),
        "{item}"
    );
    push(&mut bob, &format!("alice@{DOMAIN}")).await;
    browse(|| {
        let member = format!("bob@{DOMAIN}");
        let admins = format!("{path}/admins");
        owner
            .post("/", &admins, &[("member", &member), ("admin", "yes")])
            .leads_to(&format!("{path}?done=group-changed"));
        owner.get(&path).says(200, "<td data-label=\"Role\">administrator</td>");
        let remove = format!("{path}/members/remove");
        owner
            .post("/", &remove, &[("member", &member)])
            .leads_to(&format!("{path}?done=member-removed"));
        owner
            .post("/", &remove, &[("member", &member)])
            .says(404, "is no member of this group");
    });
    let item = push(&mut alice, &format!("bob@{DOMAIN}")).await;
    assert!(item.contains("subscription='remove'"), "{item}");
    browse(|| {
        owner
            .post("/", &format!("{path}/delete"), &[("confirm", "the team")])
            .says(422, "type The team");
        owner
            .post("/", &format!("{path}/delete"), &[("confirm", "The team")])
            .leads_to(&format!("/groups?host={DOMAIN}&done=group-deleted"));
        owner.get(&path).says(404, "there is no group");
        for act in [
            "group.create",
            "group.members.add",
            "group.members.remove",
            "group.admin.grant",
            "group.delete",
        ] {
            owner
                .get(&format!("/audit?act={act}"))
                .says(200, &format!("The team at {DOMAIN}"));
        }
    });
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_blocks_and_the_vcard_change_before_the_eyes_of_the_user() -> Result<()> {
    let house = House::start()?;
    let mut alice = online(&house, "alice").await;
    alice.ask("get", None, "<blocklist xmlns='urn:xmpp:blocking'/>").await;
    let mut owner = browse(|| house.visitor("owner"));
    let path = format!("/accounts/alice@{DOMAIN}");
    browse(|| {
        let contacts = format!("{path}/contacts");
        owner.get(&contacts).says(200, "This account has no contacts.");
        let fields = [
            ("contact", "nurse@example.net"),
            ("name", "Nurse"),
            ("groups", "Servants\nOld friends"),
        ];
        owner
            .post("/", &contacts, &fields)
            .leads_to(&format!("{contacts}?done=contact-set"));
        owner.get(&contacts).says(200, "Servants, Old friends");
        owner
            .get(&format!("{contacts}?text=nobody"))
            .says(200, "No contact matches that.");
        owner
            .post("/", &contacts, &[("contact", "@@"), ("name", "kept")])
            .says(422, "value=\"kept\"");
        owner
            .post("/", &format!("{path}/blocked"), &[("jid", "spam.example")])
            .leads_to(&format!("{path}/blocked?done=blocked"));
        owner.get(&format!("{path}/blocked")).says(200, "spam.example");
        let fields = [("full_name", "Alice Liddell"), ("email", "alice@example.org")];
        owner
            .post("/", &format!("{path}/vcard"), &fields)
            .leads_to(&format!("{path}/vcard?done=vcard-set"));
        owner.get(&format!("{path}/vcard")).says(200, "value=\"Alice Liddell\"");
    });
    let item = push(&mut alice, "nurse@example.net").await;
    assert!(
        item.contains("name='Nurse'") && item.contains("<group>Servants</group>"),
        "{item}"
    );
    push(&mut alice, "spam.example").await;
    let card = alice.ask("get", None, "<vCard xmlns='vcard-temp'/>").await.to_xml();
    assert!(
        card.contains("<FN>Alice Liddell</FN>") && card.contains("<USERID>alice@example.org</USERID>"),
        "{card}"
    );
    browse(|| {
        let fields = [("contact", "nurse@example.net")];
        owner.post("/", &format!("{path}/contacts/remove"), &fields);
        owner
            .post("/", &format!("{path}/contacts/remove"), &fields)
            .says(422, "Not done");
        owner.post("/", &format!("{path}/blocked/remove"), &[("jid", "spam.example")]);
        owner
            .get(&format!("{path}/blocked"))
            .says(200, "This account blocks nobody.");
    });
    let item = push(&mut alice, "nurse@example.net").await;
    assert!(item.contains("subscription='remove'"), "{item}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_counted_read_by_owners_and_deleted_and_an_account_is_taken_along() -> Result<()> {
    let house = House::start()?;
    let mut bob = online(&house, "bob").await;
    bob.send(format!(
        "<message to='alice@{DOMAIN}' type='chat' id='m'><body>wait &lt;b&gt;for&lt;/b&gt; me</body></message>"
    ))
    .await;
    bob.all().await;
    browse(|| {
        let path = format!("/accounts/alice@{DOMAIN}");
        let (mut owner, mut chief) = (house.visitor("owner"), house.visitor("chief"));
        let page = owner.get(&format!("{path}/offline"));
        page.says(200, "1 message waits");
        assert!(!page.body.contains("for me"), "what it says is not in the list");
        let number = page.field("message");
        let read = format!("{path}/offline/read");
        let message = owner.post("/", &read, &[("message", &number)]);
        message.says(200, "wait &#60;b&#62;for&#60;/b&#62; me");
        assert_eq!(chief.post("/", &read, &[("message", &number)]).status, 403);
        owner
            .get("/audit?act=offline.read")
            .says(200, &format!("alice@{DOMAIN}"));

        let file = owner.post("/", &format!("{path}/export"), &[]);
        file.says(200, "<scram-credentials ");
        file.says(200, "<offline-messages");
        assert!(
            file.header("content-disposition")
                .contains(&format!("\"alice@{DOMAIN}.xml\""))
        );
        assert_eq!(chief.post("/", &format!("{path}/export"), &[]).status, 403);

        let delete = format!("{path}/offline/delete");
        chief.post("/", &delete, &[]).says(422, "tick the box");
        chief
            .post("/", &delete, &[("sure", "yes")])
            .leads_to(&format!("{path}/offline?done=messages-deleted"));
        owner.get(&format!("{path}/offline")).says(200, "0 messages wait");
    });
    Ok(())
}

#[test]
fn groups_of_another_host_are_closed_to_the_administrator_of_one() -> Result<()> {
    let house = House::start()?;
    let (mut owner, mut chief) = (house.visitor("owner"), house.visitor("chief"));
    make(&mut owner, OTHER, "staff", "host", "").leads_to(&format!("/groups/{OTHER}/staff?done=group-added"));
    let path = format!("/groups/{OTHER}/staff");
    for place in [path.clone(), format!("{path}/delete"), format!("/groups?host={OTHER}")] {
        assert_eq!(chief.get(&place).status, 403, "{place}");
    }
    for place in ["", "/members", "/members/remove", "/admins", "/delete"] {
        let fields = [
            ("lines", "carol"),
            ("member", "carol"),
            ("confirm", "staff"),
            ("shown_to", "nobody"),
        ];
        assert_eq!(
            chief.post("/", &format!("{path}{place}"), &fields).status,
            403,
            "{place}"
        );
    }
    assert_eq!(make(&mut chief, OTHER, "mine", "host", "").status, 403);
    owner.get(&path).says(200, "everybody of the host");
    Ok(())
}
