use ops::{Actor, Card, ContactPage, Imported, OpsError, Role};
use storage::{AccountId, LogRow, RosterItem, Subscription};

use crate::{House, house, local};

async fn id(house: &House, local: &str) -> AccountId {
    let host = house.storage.hosts().find("one.example").await.unwrap().unwrap();
    house.storage.accounts().find(host, local).await.unwrap().unwrap().id
}

/// Everything that can be remembered of somebody.
async fn juliet(house: &House) -> AccountId {
    house.add("juliet@one.example").await;
    let id = id(house, "juliet").await;
    let storage = &house.storage;
    for item in [
        RosterItem {
            jid: "romeo@montague.example".into(),
            name: "My <sun> & \"moon\"".into(),
            subscription: Subscription::Both,
            groups: vec!["Lovers".into(), "Ünïcode 🌹".into()],
            listed: true,
            ..RosterItem::default()
        },
        RosterItem {
            jid: "paris@montague.example".into(),
            subscription: Subscription::From,
            ask: true,
            approved: true,
            listed: true,
            ..RosterItem::default()
        },
        RosterItem {
            jid: "tybalt@capulet.example".into(),
            pending_in: Some(
                b"<presence xmlns='jabber:client' from='tybalt@capulet.example' to='juliet@one.example' type='subscribe'/>"
                    .to_vec(),
            ),
            ..RosterItem::default()
        },
    ] {
        storage.roster().upsert(id, item, 10).await.unwrap();
    }
    let card = b"<vCard xmlns='vcard-temp'><FN>Juliet &lt;Capulet&gt;</FN><PHOTO><TYPE>image/png</TYPE><BINVAL>AAAA</BINVAL></PHOTO></vCard>";
    storage.vcards().set(id, card, 10_000).await.unwrap();
    let blocked = ["spam.example", "tybalt@capulet.example/x"];
    storage.blocking().add(id, &blocked, 10).await.unwrap();
    let notes = b"<notes xmlns='urn:x'><a/>text</notes>";
    storage
        .private()
        .set(id, "notes", "urn:x", notes, 10_000)
        .await
        .unwrap();
    for number in 0..3 {
        message(house, id, &format!("hello {number}")).await;
    }
    id
}

async fn message(house: &House, account: AccountId, body: &str) {
    let log = house.storage.log();
    let stanza = format!(
        "<message xmlns='jabber:client' from='romeo@montague.example/x' to='juliet@one.example' type='chat'><body>{body}</body></message>"
    );
    let row = LogRow {
        account,
        id: log.next_id(),
        peer: "romeo@montague.example".into(),
        stanza: stanza.into(),
        expires_at: None,
    };
    log.append(row).unwrap().await.unwrap();
}

#[tokio::test]
async fn a_person_comes_to_an_empty_server_with_everything() {
    let (from, to) = (house().await, house().await);
    juliet(&from).await;
    let document = from
        .accounts
        .export_portable(&local(), "juliet@one.example")
        .await
        .unwrap();
    assert!(
        document.starts_with("<?xml version='1.0' encoding='UTF-8'?>\n<server-data "),
        "{document}"
    );
    let imported = to.accounts.import_portable(&local(), &document).await.unwrap();
    assert_eq!((imported.created, imported.refused.len()), (1, 0), "{imported:?}");
    let (old, new) = (id(&from, "juliet").await, id(&to, "juliet").await);
    let roster = async |house: &House, id| house.storage.roster().load(id).await.unwrap().0;
    let normal = |items: Vec<RosterItem>| -> Vec<RosterItem> {
        let plain = |item: RosterItem| RosterItem {
            pending_in: item.pending_in.map(|_| Vec::new()),
            ..item
        };
        items.into_iter().map(plain).collect()
    };
    assert_eq!(normal(roster(&to, new).await), normal(roster(&from, old).await));
    let credentials = async |house: &House, id| house.storage.accounts().credentials(id).await.unwrap();
    assert_eq!(credentials(&to, new).await, credentials(&from, old).await);
    let blocked = async |house: &House, id| house.storage.blocking().list(id).await.unwrap();
    assert_eq!(blocked(&to, new).await, blocked(&from, old).await);
    let waiting = to
        .accounts
        .waiting(&local(), "juliet@one.example", None, 10)
        .await
        .unwrap();
    assert_eq!(waiting.count, 3);
    // What came is what went, to the last byte.
    let again = to
        .accounts
        .export_portable(&local(), "juliet@one.example")
        .await
        .unwrap();
    assert_eq!(again, document);
    let twice = to.accounts.import_portable(&local(), &document).await.unwrap();
    assert_eq!(
        (twice.created, twice.existing),
        (0, 1),
        "who is there stays as they are"
    );
}

#[tokio::test]
async fn a_document_of_another_server_is_taken_as_far_as_it_is_understood() {
    let house = house().await;
    let check = async |xml: &str| house.accounts.import_portable(&local(), xml).await;
    let host = |users: &str| {
        format!("<server-data xmlns='urn:xmpp:pie:0'><host jid='one.example'>{users}</host></server-data>")
    };
    let users = host(
        "<user name='a' password='secret'><unknown xmlns='urn:y'/><query xmlns='jabber:iq:roster'>\
         <item jid='b@x' subscription='to'/></query></user>\
         <user name='nokeys'/>\
         <user name='bad' password='x'><query xmlns='jabber:iq:roster'><item jid='@@'/></query></user>\
         <user name='two words' password='x'/>",
    );
    let imported = check(&users).await.unwrap();
    assert_eq!(imported.created, 1);
    let refused: Vec<&str> = imported.refused.iter().map(|refused| refused.jid.as_str()).collect();
    assert_eq!(
        refused,
        ["nokeys@one.example", "bad@one.example", "two words@one.example"]
    );
    let (items, _) = house.storage.roster().load(id(&house, "a").await).await.unwrap();
    assert_eq!((items.len(), items[0].subscription), (1, Subscription::To));
    for wrong in [
        "",
        "<server-data",
        "<other/>",
        "{\"jid\":\"a@one.example\"}",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><server-data xmlns='urn:xmpp:pie:0'/>",
    ] {
        let refused = check(wrong).await;
        assert!(matches!(refused, Err(OpsError::Record(_))), "{wrong}: {refused:?}");
    }
    let nobody = check("<server-data xmlns='urn:xmpp:pie:0'/>").await.unwrap();
    assert_eq!(nobody, Imported::default());
}

#[tokio::test]
async fn who_cannot_be_taken_whole_is_not_taken_at_all() {
    let house = house().await;
    // The name of the second private element is longer than any that is stored.
    let long = "x".repeat(1_020);
    let xml = format!(
        "<server-data xmlns='urn:xmpp:pie:0'><host jid='one.example'><user name='a' password='x'>\
         <query xmlns='jabber:iq:private'><n xmlns='urn:{long}'/></query></user></host></server-data>"
    );
    let imported = house.accounts.import_portable(&local(), &xml).await.unwrap();
    assert_eq!((imported.created, imported.refused.len()), (0, 1), "{imported:?}");
    assert!(house.accounts.get(&local(), "a@one.example").await.is_err());
}

#[tokio::test]
async fn messages_that_wait_are_listed_for_all_read_by_owners_and_deleted() {
    let house = house().await;
    juliet(&house).await;
    let address = "juliet@one.example";
    let first = house.accounts.waiting(&local(), address, None, 2).await.unwrap();
    assert_eq!((first.count, first.messages.len()), (3, 2));
    assert_eq!(first.messages[0].from, "romeo@montague.example");
    let rest = house.accounts.waiting(&local(), address, first.next, 2).await.unwrap();
    assert_eq!((rest.messages.len(), rest.next), (1, None));
    let number = rest.messages[0].id;
    let read = house.accounts.read_waiting(&local(), address, number).await.unwrap();
    assert_eq!(read.body.as_deref(), Some("hello 2"));
    for wrong in [number + 1, -1, i64::MIN, i64::MAX] {
        let none = house.accounts.read_waiting(&local(), address, wrong).await;
        assert!(matches!(none, Err(OpsError::NoMessage)), "{wrong}: {none:?}");
    }
    let chief = Actor::Account {
        jid: "chief@one.example".parse().unwrap(),
        role: Role::Host("one.example".into()),
        address: None,
    };
    house.accounts.waiting(&chief, address, None, 2).await.unwrap();
    let refused = house.accounts.read_waiting(&chief, address, number).await;
    assert!(matches!(refused, Err(OpsError::Denied { .. })), "{refused:?}");
    assert_eq!(house.accounts.delete_waiting(&chief, address).await.unwrap(), 3);
    assert_eq!(
        house.accounts.waiting(&local(), address, None, 2).await.unwrap().count,
        0
    );
}

#[tokio::test]
async fn contacts_are_shown_with_those_of_groups_among_them() {
    let house = house().await;
    juliet(&house).await;
    let list = async |text: &str, after: &str, limit| {
        let page = ContactPage {
            text: text.into(),
            after: after.into(),
            limit,
        };
        house
            .accounts
            .contacts(&local(), "juliet@one.example", &page)
            .await
            .unwrap()
    };
    let (all, next) = list("", "", 10).await;
    let jids: Vec<&str> = all.iter().map(|contact| contact.jid.as_str()).collect();
    let expected = [
        "paris@montague.example",
        "romeo@montague.example",
        "shared@one.example",
        "tybalt@capulet.example",
    ];
    assert_eq!((jids, next), (expected.to_vec(), None));
    assert!(all[0].is_asking && all[3].is_asked && !all[3].is_listed);
    assert_eq!(
        (all[2].shared_by.as_slice(), all[2].subscription.as_str()),
        (&["Staff".to_owned()][..], "none")
    );
    assert_eq!(list("MY <SUN", "", 10).await.0[0].jid, "romeo@montague.example");
    let (page, next) = list("", "paris@montague.example", 2).await;
    assert_eq!((page.len(), next.as_deref()), (2, Some("shared@one.example")));
}

#[tokio::test]
async fn what_is_changed_goes_the_way_of_the_accounts_own_clients() {
    let house = house().await;
    juliet(&house).await;
    let (actor, address) = (local(), "juliet@one.example");
    let accounts = &house.accounts;
    let groups = ["A & B".to_owned()];
    accounts
        .put_contact(&actor, address, "nurse@x", "<Nurse>", &groups)
        .await
        .unwrap();
    accounts.remove_contact(&actor, address, "nurse@x").await.unwrap();
    accounts.block(&actor, address, "Spam.Example").await.unwrap();
    accounts.unblock(&actor, address, "spam.example").await.unwrap();
    let card = Card {
        nickname: "Jule".to_owned(),
        ..accounts.card(&actor, address).await.unwrap().card
    };
    accounts.set_card(&actor, address, &card).await.unwrap();
    // An empty list of addresses would mean everybody.
    for nobody in ["", " ", "@@"] {
        assert!(accounts.unblock(&actor, address, nobody).await.is_err());
    }
    let changed = house.live.changed.lock().unwrap();
    let changed: Vec<String> = changed.iter().map(|(_, xml)| xml.replace('"', "'")).collect();
    let expected = [
        "<query xmlns='jabber:iq:roster'><item jid='nurse@x' name='&lt;Nurse&gt;'><group>A &amp; B</group></item></query>",
        "<query xmlns='jabber:iq:roster'><item jid='nurse@x' subscription='remove'/></query>",
        "<block xmlns='urn:xmpp:blocking'><item jid='spam.example'/></block>",
        "<unblock xmlns='urn:xmpp:blocking'><item jid='spam.example'/></unblock>",
        "<vCard xmlns='vcard-temp'><FN>Juliet &lt;Capulet&gt;</FN><PHOTO><TYPE>image/png</TYPE><BINVAL>AAAA</BINVAL></PHOTO><NICKNAME>Jule</NICKNAME></vCard>",
    ];
    assert_eq!(changed, expected);
}

#[tokio::test]
async fn nothing_is_left_of_a_person_who_is_deleted_but_that_it_was_done() {
    let house = house().await;
    let old = juliet(&house).await;
    let storage = house.storage.clone();
    let host = storage.hosts().find("one.example").await.unwrap().unwrap();
    storage
        .groups()
        .create(host, "staff", &storage::GroupFacts::default())
        .await
        .unwrap();
    let group = storage.groups().get(host, "staff").await.unwrap().unwrap().number;
    storage.groups().add_members(group, &[old]).await.unwrap();
    house.accounts.delete(&local(), "juliet@one.example").await.unwrap();
    assert!(storage.accounts().credentials(old).await.unwrap().is_none());
    assert!(storage.roster().load(old).await.unwrap().0.is_empty());
    assert!(storage.vcards().get(old).await.unwrap().is_none());
    assert!(storage.blocking().list(old).await.unwrap().is_empty());
    assert!(storage.private().all(old).await.unwrap().is_empty());
    assert!(storage.log().unacknowledged(old, None, 10).await.unwrap().is_empty());
    assert!(storage.groups().members(group, "", "", 10).await.unwrap().is_empty());
    let filter = storage::AuditFilter::default();
    let record = storage.audit().list(&filter, 1).await.unwrap();
    assert_eq!(
        (record[0].act.act.as_str(), record[0].act.target.as_str()),
        ("account.delete", "juliet@one.example")
    );
    assert_eq!((&record[0].act.before, &record[0].act.after), (&None, &None));
}

#[tokio::test]
async fn who_is_deleted_is_no_detail_of_other_acts_any_more() {
    let house = house().await;
    for name in ["juliet", "romeo"] {
        house.add(&format!("{name}@one.example")).await;
    }
    let audit = ops::Audit::new(house.storage.clone(), "here".into());
    let groups = ops::Groups::new(
        house.storage.clone(),
        std::sync::Arc::clone(&house.live) as _,
        audit.clone(),
    );
    let (host, actor) = ("one.example", local());
    groups
        .create(&actor, host, "staff", &ops::GroupForm::default())
        .await
        .unwrap();
    // However they were written, they are recorded as addresses.
    groups.add_members(&actor, host, "staff", " Juliet ").await.unwrap();
    groups
        .set_group_admin(&actor, host, "staff", "JULIET@one.example", true)
        .await
        .unwrap();
    groups.remove_member(&actor, host, "staff", "juliet").await.unwrap();
    let (accounts, romeo) = (&house.accounts, "romeo@one.example");
    accounts
        .put_contact(&actor, romeo, "Juliet@One.Example", "J", &[])
        .await
        .unwrap();
    accounts
        .remove_contact(&actor, romeo, "juliet@one.example")
        .await
        .unwrap();
    accounts.block(&actor, romeo, "JULIET@one.example").await.unwrap();
    accounts.delete(&actor, "juliet@one.example").await.unwrap();
    let page = ops::AuditPage {
        limit: 100,
        ..ops::AuditPage::default()
    };
    let acts = audit.list(&actor, &page).await.unwrap();
    let details = acts.iter().flat_map(|act| [&act.before, &act.after]).flatten();
    let told: Vec<&String> = details.filter(|text| text.to_lowercase().contains("juliet")).collect();
    assert_eq!(told, [&""; 0]);
    let placeholders = acts.iter().flat_map(|act| [&act.before, &act.after]).flatten();
    assert_eq!(
        placeholders.filter(|text| text.contains("(a deleted account)")).count(),
        6
    );
    let of_juliet: Vec<&str> = acts
        .iter()
        .filter(|act| act.target.contains("juliet"))
        .map(|act| act.act.as_str())
        .collect();
    assert_eq!(
        of_juliet,
        ["account.delete", "account.add"],
        "what was done to the account stays"
    );
}
