//! Items 128, 129 and 133: stanzas of few bytes that cause much work, and rosters that are as large as they may be.

use protocol::{Jid, StreamCondition, StreamError};
use storage::{RosterEdit, RosterItem, Subscription};
use testkit::server::Server;
use transport::Rate;

use crate::stage::{Actor, Phase::*, Stage, Way, until};

/// Contacts of the one who floods.
const CONTACTS: usize = 500;

/// What a client gets through before its stream is read no further, for longer than a test lasts.
fn once(burst: u32) -> Rate {
    Rate { per_second: 1, burst }
}

/// Makes both sides see each other's presence; or just the account's, where the other has no account.
async fn enter(server: &Server, account: &Jid, contact: &str) {
    let accounts = server.router.accounts();
    let account = accounts.find(account).await.unwrap().expect("it exists");
    let item = RosterItem {
        jid: contact.to_owned(),
        name: String::new(),
        subscription: Subscription::Both,
        ask: false,
        pending_in: None,
        approved: false,
        groups: Vec::new(),
        listed: true,
    };
    account
        .edit_contact(server.router.storage(), &contact.parse().unwrap(), 10_000, |_| {
            RosterEdit::Put(item)
        })
        .await
        .unwrap();
}

/// An operator ends the session, which can be done although its stream is not read.
fn end(stage: &Stage, actor: &Actor) {
    let session = stage.server.router.directory().find(&actor.jid).expect("it is there");
    session.close(StreamError::new(StreamCondition::PolicyViolation));
}

/// Item 128: each presence is charged for its copies.
#[tokio::test]
async fn a_flood_of_presence_to_many_contacts_is_dammed() {
    const SENT: usize = 100;
    for way in Way::ALL {
        let mut stage = Stage::with(*way, |setup| setup.c2s.rate = once(20_000)).await;
        let mallory = stage.mallory.clone();
        let mut witness = stage.server.user("witness").await;
        witness.available().await;
        enter(&stage.server, &mallory, witness.jid.bare_str()).await;
        enter(&stage.server, &witness.jid.to_bare(), mallory.as_str()).await;
        for number in 1..CONTACTS {
            enter(&stage.server, &mallory, &format!("nobody{number}@hearth.test")).await;
        }
        let mut actor = stage.enter(Bound).await;
        actor.send("<presence/>".repeat(SENT).as_bytes(), 0).await;
        witness.presence().await;
        stage.chat_goes_on("item 128").await;
        let more = witness.all().await.len();
        assert!(more < 10, "item 128: {more} of {SENT} presences got through at once");
        drop(witness);
        end(&stage, &actor);
        stage.is_clear().await;
    }
}

/// Item 129: each subscription is charged for the rows it writes.
#[tokio::test]
async fn a_flood_of_subscriptions_to_strangers_is_dammed() {
    const SENT: usize = 200;
    for way in Way::ALL {
        let mut stage = Stage::with(*way, |setup| setup.c2s.rate = once(20_000)).await;
        let mallory = stage.mallory.clone();
        let mut actor = stage.enter(Bound).await;
        let flood: String = (0..SENT)
            .map(|number| format!("<presence type='subscribe' to='stranger{number}@hearth.test'/>"))
            .collect();
        actor.send(flood.as_bytes(), 0).await;
        let account = stage.server.router.accounts().find(&mallory).await.unwrap().unwrap();
        account.profile(stage.server.router.storage()).await.unwrap();
        let asked = || account.loaded().map_or(0, |profile| profile.contacts().iter().count());
        until(|| asked() > 0).await;
        stage.chat_goes_on("item 129").await;
        assert!(
            asked() < 20,
            "item 129: {} of {SENT} subscriptions got through at once",
            asked()
        );
        end(&stage, &actor);
        stage.is_clear().await;
    }
}

/// Item 133: a roster is no larger than it may be, and who knows its version is not sent it again.
#[tokio::test]
async fn a_large_roster_is_bounded_and_not_sent_twice() {
    let mut stage = Stage::with(Way::DirectTls, |setup| setup.features.roster.max_items = CONTACTS).await;
    let mallory = stage.mallory.clone();
    for number in 0..CONTACTS {
        enter(&stage.server, &mallory, &format!("nobody{number}@hearth.test")).await;
    }
    let mut first = stage.server.client(&mallory, "first").await;
    let one_more = "<query xmlns='jabber:iq:roster'><item jid='more@hearth.test'/></query>";
    let refused = first.ask("set", None, one_more).await;
    assert_eq!(refused.get("type"), Some("error"), "item 133: {refused:?}");
    let whole = first.ask("get", None, "<query xmlns='jabber:iq:roster' ver=''/>").await;
    let roster = whole.find("query", "jabber:iq:roster").expect("the roster");
    assert_eq!(roster.elements().count(), CONTACTS, "item 133");
    let known = roster.get("ver").expect("a version").to_owned();
    let versioned = format!("<query xmlns='jabber:iq:roster' ver='{known}'/>");
    for number in 0..20 {
        let mut again = stage.server.client(&mallory, &format!("again{number}")).await;
        let answer = again.ask("get", None, &versioned).await;
        assert_eq!(answer.get("type"), Some("result"));
        assert_eq!(answer.elements().count(), 0, "item 133: nothing has changed");
        again.send("</stream:stream>").await;
        assert_eq!(again.end().await, None);
    }
    drop(first);
    stage.chat_goes_on("item 133").await;
    stage.is_clear().await;
}
