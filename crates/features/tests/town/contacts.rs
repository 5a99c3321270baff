//! Presence, rosters and block lists between nodes.

use protocol::{Element, ns};
use testkit::{house::jid, town::Town};

const ROMEO: &str = "romeo@localhost";
const JULIET: &str = "juliet@localhost";

#[tokio::test]
async fn contacts_on_different_nodes_see_each_other_come_and_go() {
    let town = Town::open(2).await;
    town.house(1).befriend(ROMEO, JULIET).await;
    town.settle().await;
    let mut romeo = town.house(1).online("romeo@localhost/orchard").await;
    let mut juliet = town.house(2).client("juliet@localhost/balcony").await;
    juliet.sends("<presence><status>here</status></presence>").await;
    town.settle().await;
    romeo.receives("<presence from='juliet@localhost/balcony' to='romeo@localhost'><status>here</status></presence>");
    juliet.receives("<presence from='juliet@localhost/balcony' to='juliet@localhost'><status>here</status></presence>");
    juliet.receives("<presence from='romeo@localhost/orchard' to='juliet@localhost/balcony'/>");
    juliet.leaves().await;
    town.settle().await;
    romeo.receives("<presence type='unavailable' from='juliet@localhost/balcony' to='romeo@localhost'/>");
    romeo.receives_nothing();
}

#[tokio::test]
async fn clients_of_one_account_see_each_other_on_different_nodes() {
    let town = Town::open(2).await;
    let mut desk = town.house(1).online("romeo@localhost/desk").await;
    let mut phone = town.house(2).client("romeo@localhost/phone").await;
    phone.sends("<presence/>").await;
    town.settle().await;
    desk.receives("<presence from='romeo@localhost/phone' to='romeo@localhost'/>");
    phone.receives("<presence from='romeo@localhost/phone' to='romeo@localhost'/>");
    phone.receives("<presence from='romeo@localhost/desk' to='romeo@localhost/phone'/>");
    desk.receives_nothing();
    phone.receives_nothing();
}

#[tokio::test]
async fn presence_goes_to_a_node_once_for_all_contacts_there() {
    let town = Town::open(2).await;
    let mut there = Vec::new();
    for number in 0..5 {
        let contact = format!("friend{number}@localhost");
        town.house(1).befriend(ROMEO, &contact).await;
        there.push(town.house(2).online(&format!("{contact}/there")).await);
    }
    let mut romeo = town.house(1).online("romeo@localhost/orchard").await;
    town.settle().await;
    for friend in &mut there {
        friend.skips();
    }
    let before = town.frames();
    romeo.sends("<presence><show>away</show></presence>").await;
    assert_eq!(town.frames() - before, 1);
    town.settle().await;
    for friend in &mut there {
        friend.receives("<presence from='romeo@localhost/orchard' to='*'><show>away</show></presence>");
        friend.receives_nothing();
    }
}

#[tokio::test]
async fn subscriptions_are_asked_for_and_given_across_nodes() {
    let town = Town::open(2).await;
    let mut romeo = town.house(1).online("romeo@localhost/orchard").await;
    let mut juliet = town.house(2).online("juliet@localhost/balcony").await;
    romeo.sends("<presence type='subscribe' to='juliet@localhost'/>").await;
    town.settle().await;
    romeo.skips();
    juliet.receives("<presence type='subscribe' from='romeo@localhost' to='juliet@localhost'/>");
    juliet.sends("<presence type='subscribed' to='romeo@localhost'/>").await;
    town.settle().await;
    romeo.receives_in_any_order(&[
        "<presence type='subscribed' from='juliet@localhost' to='romeo@localhost'/>",
        "<iq type='set' id='*' from='romeo@localhost' to='romeo@localhost/orchard'>\
         <query xmlns='jabber:iq:roster' ver='*'><item jid='juliet@localhost' subscription='to'/></query></iq>",
        "<presence from='juliet@localhost/balcony' to='romeo@localhost'/>",
    ]);
    romeo.receives_nothing();
}

#[tokio::test]
async fn a_roster_changed_on_one_node_is_pushed_and_known_on_others() {
    let town = Town::open(2).await;
    let mut desk = town.house(1).online("romeo@localhost/desk").await;
    let mut phone = town.house(2).online("romeo@localhost/phone").await;
    town.settle().await;
    phone.skips();
    desk.sends(
        "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='nurse@localhost' name='N'/></query></iq>",
    )
    .await;
    town.settle().await;
    phone.receives(
        "<iq type='set' id='*' from='romeo@localhost' to='romeo@localhost/phone'>\
         <query xmlns='jabber:iq:roster' ver='*'><item jid='nurse@localhost' name='N' subscription='none'/></query></iq>",
    );
    let account = &phone.session.account;
    let profile = account
        .profile(town.house(2).router.storage())
        .await
        .expect("the database answers");
    assert!(profile.contacts().get("nurse@localhost").is_some());
}

#[tokio::test]
async fn changes_on_two_nodes_at_a_time_are_both_kept() {
    let town = Town::open(2).await;
    let mut desk = town.house(1).online("romeo@localhost/desk").await;
    let mut phone = town.house(2).online("romeo@localhost/phone").await;
    let set = |contact: &str| {
        format!("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='{contact}'/></query></iq>")
    };
    let block = |contact: &str| {
        format!("<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='{contact}'/></block></iq>")
    };
    let (one, other) = (set("nurse@localhost"), set("friar@localhost"));
    tokio::join!(desk.sends(&one), phone.sends(&other));
    let (one, other) = (block("paris@localhost"), block("tybalt@localhost"));
    tokio::join!(desk.sends(&one), phone.sends(&other));
    town.settle().await;
    for (node, client) in [(1, &desk), (2, &phone)] {
        let storage = town.house(node).router.storage();
        let profile = client
            .session
            .account
            .profile(storage)
            .await
            .expect("the database answers");
        for contact in ["nurse@localhost", "friar@localhost"] {
            assert!(profile.contacts().get(contact).is_some(), "{contact} at node {node}");
        }
        for contact in ["paris@localhost", "tybalt@localhost"] {
            assert!(profile.blocked().matches(&jid(contact)), "{contact} at node {node}");
        }
    }
}

#[tokio::test]
async fn who_is_blocked_on_one_node_is_blocked_on_all() {
    let town = Town::open(2).await;
    let mut desk = town.house(1).online("juliet@localhost/desk").await;
    let mut phone = town.house(2).online("juliet@localhost/phone").await;
    let mut paris = town.house(2).online("paris@localhost/church").await;
    phone
        .sends("<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>")
        .await;
    town.settle().await;
    phone.skips();
    desk.sends("<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='paris@localhost'/></block></iq>")
        .await;
    town.settle().await;
    phone.receives(
        "<iq type='set' id='*' from='juliet@localhost' to='juliet@localhost/phone'>\
         <block xmlns='urn:xmpp:blocking'><item jid='paris@localhost'/></block></iq>",
    );
    paris
        .sends("<message type='chat' id='m' to='juliet@localhost'><body>marry me</body></message>")
        .await;
    paris.receives("<message type='error' id='m' from='juliet@localhost' to='paris@localhost/church'><error type='cancel'>*</error></message>");
    phone.receives_nothing();
}

#[tokio::test]
async fn an_account_that_goes_takes_its_sessions_on_all_nodes_along() {
    let town = Town::open(2).await;
    let desk = town.house(1).online("romeo@localhost/desk").await;
    let mut phone = town.house(2).online("romeo@localhost/phone").await;
    town.house(1).router.remove_account(&desk.session.account).await;
    town.settle().await;
    assert!(phone.is_closed().is_some());
}

#[tokio::test]
async fn the_late_end_of_a_session_does_not_hide_its_successor() {
    let town = Town::open(3).await;
    town.house(1).befriend(ROMEO, JULIET).await;
    town.settle().await;
    let mut juliet = town.house(3).online("juliet@localhost/balcony").await;
    let first = town.house(1).online("romeo@localhost/orchard").await;
    town.settle().await;
    juliet.skips();
    town.cut(1, 3);
    first.leaves().await;
    let _second = town.house(2).online("romeo@localhost/orchard").await;
    town.settle().await;
    town.mend(1, 3);
    town.settle().await;
    juliet.receives("<presence from='romeo@localhost/orchard' to='juliet@localhost'/>");
    juliet.receives_nothing();
}

#[tokio::test]
async fn what_an_operator_changes_at_one_node_is_pushed_at_another() {
    let town = Town::open(2).await;
    let mut romeo = town.house(2).online("romeo@localhost/orchard").await;
    let router = &town.house(1).router;
    let account = router.accounts().find(&jid(ROMEO)).await;
    let account = account.expect("the database answers").expect("he has an account");
    let change = |item: Element| Element::new("query", ns::ROSTER).child(item);
    let nurse = Element::new("item", ns::ROSTER).attr("jid", "nurse@example.net");
    let answer = router
        .ask_for_owner(&account, change(nurse.clone().attr("name", "Nurse")))
        .await;
    assert_eq!(answer.expect("it is allowed"), None);
    town.settle().await;
    let push = |item: &str| {
        format!(
            "<iq type='set' id='*' from='romeo@localhost' to='romeo@localhost/orchard'>\
             <query xmlns='jabber:iq:roster' ver='*'>{item}</query></iq>"
        )
    };
    romeo.receives(&push(
        "<item jid='nurse@example.net' name='Nurse' subscription='none'/>",
    ));
    // The rules are those of any client.
    let too_long = nurse.clone().attr("name", "x".repeat(2_000));
    assert!(router.ask_for_owner(&account, change(too_long)).await.is_err());
    let removed = nurse.attr("subscription", "remove");
    router
        .ask_for_owner(&account, change(removed))
        .await
        .expect("it is there");
    town.settle().await;
    romeo.receives(&push("<item jid='nurse@example.net' subscription='remove'/>"));
    romeo.receives_nothing();
}
