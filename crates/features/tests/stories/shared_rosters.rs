//! Shared rosters: groups that an operator shows in rosters.

use protocol::Jid;
use storage::ShownTo;
use testkit::{
    groups::TestGroup,
    house::{Client, House, jid},
};

const ROMEO: &str = "romeo@localhost";
const JULIET: &str = "juliet@localhost";
const NURSE: &str = "nurse@localhost";

async fn group<'a>(house: &'a House, name: &str, shown_to: ShownTo, viewers: &[&str]) -> TestGroup<'a> {
    TestGroup::make(&house.router, "localhost", name, shown_to, viewers).await
}

async fn lovers(house: &House) -> TestGroup<'_> {
    for who in [ROMEO, JULIET, NURSE] {
        house.account(who).await;
    }
    let group = group(house, "Lovers", ShownTo::Members, &[]).await;
    group.add(&jids(&[ROMEO, JULIET]).iter().collect::<Vec<_>>()).await;
    house.router.refresh_sharing().await.expect("the database answers");
    group
}

fn jids(texts: &[&str]) -> Vec<Jid> {
    texts.iter().map(|text| jid(text)).collect()
}

async fn refresh(house: &House) {
    house.router.refresh_sharing().await.expect("the database answers");
}

fn push(to: &str, item: &str) -> String {
    let bare = to.split('/').next().unwrap_or_default();
    format!("<iq type='set' id='*' from='{bare}' to='{to}'><query xmlns='jabber:iq:roster' ver='*'>{item}</query></iq>")
}

/// Asks for the roster by a version, and tells the items and the version that come; `None`: the version is the newest.
async fn roster(client: &mut Client, version: &str) -> Option<(Vec<String>, String)> {
    let get = format!("<iq type='get' id='g'><query xmlns='jabber:iq:roster' ver='{version}'/></iq>");
    client.sends(&get).await;
    let answer = client.hears().expect("an answer").to_element();
    let query = answer.elements().next()?;
    let items = query.elements().map(plain).collect();
    Some((items, query.get("ver").expect("a version").to_owned()))
}

fn plain(item: &protocol::Element) -> String {
    let xml = item.to_xml().replace('"', "'");
    xml.replace(" xmlns='jabber:iq:roster'", "")
}

const JULIET_SHARED: &str = "<item jid='juliet@localhost' subscription='both'><group>Lovers</group></item>";

#[tokio::test]
async fn members_stand_in_each_others_rosters_and_in_nobody_elses() {
    let house = House::open().await;
    let _lovers = lovers(&house).await;
    let mut romeo = house.client("romeo@localhost/orchard").await;
    let (items, _) = roster(&mut romeo, "").await.expect("a roster");
    assert_eq!(items, [JULIET_SHARED]);
    let mut nurse = house.client("nurse@localhost/kitchen").await;
    assert_eq!(roster(&mut nurse, "").await.expect("a roster").0, [""; 0]);
}

#[tokio::test]
async fn members_see_each_other_come_and_go_without_ever_having_asked() {
    let house = House::open().await;
    let _lovers = lovers(&house).await;
    let mut nurse = house.online("nurse@localhost/kitchen").await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    let mut juliet = house.client("juliet@localhost/balcony").await;
    juliet.sends("<presence/>").await;
    juliet.receives("<presence from='juliet@localhost/balcony' to='juliet@localhost'/>");
    juliet.receives("<presence from='romeo@localhost/orchard' to='juliet@localhost/balcony'/>");
    romeo.receives("<presence from='juliet@localhost/balcony' to='romeo@localhost'/>");
    juliet.leaves().await;
    romeo.receives("<presence type='unavailable' from='juliet@localhost/balcony' to='romeo@localhost'/>");
    romeo.receives_nothing();
    nurse.receives_nothing();
}

#[tokio::test]
async fn a_new_member_appears_live_and_one_who_leaves_disappears() {
    let house = House::open().await;
    let lovers = lovers(&house).await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    let mut nurse = house.online("nurse@localhost/kitchen").await;
    let mut quiet = house.client("nurse@localhost/quiet").await;
    quiet.sends("<presence/>").await;
    quiet.skips();
    nurse.skips();
    lovers.add(&[&jid(NURSE)]).await;
    refresh(&house).await;
    // The roster first: presence of somebody who is not in it means nothing to a client.
    romeo.receives(&push(
        "romeo@localhost/orchard",
        "<item jid='nurse@localhost' subscription='both'><group>Lovers</group></item>",
    ));
    romeo.receives_in_any_order(&[
        "<presence from='nurse@localhost/kitchen' to='romeo@localhost'/>",
        "<presence from='nurse@localhost/quiet' to='romeo@localhost'/>",
    ]);
    romeo.receives_nothing();
    nurse.receives_in_any_order(&[
        &push("nurse@localhost/kitchen", JULIET_SHARED),
        &push(
            "nurse@localhost/kitchen",
            "<item jid='romeo@localhost' subscription='both'><group>Lovers</group></item>",
        ),
    ]);
    nurse.receives("<presence from='romeo@localhost/orchard' to='nurse@localhost'/>");
    // Whoever asked for no roster is sent none.
    quiet.receives("<presence from='romeo@localhost/orchard' to='nurse@localhost'/>");
    quiet.receives_nothing();
    lovers.remove(&jid(NURSE)).await;
    refresh(&house).await;
    romeo.receives(&push(
        "romeo@localhost/orchard",
        "<item jid='nurse@localhost' subscription='remove'/>",
    ));
    romeo.receives_in_any_order(&[
        "<presence type='unavailable' from='nurse@localhost/kitchen' to='romeo@localhost'/>",
        "<presence type='unavailable' from='nurse@localhost/quiet' to='romeo@localhost'/>",
    ]);
    romeo.receives_nothing();
    romeo.sends("<presence><show>away</show></presence>").await;
    nurse.skips();
    romeo.sends("<presence/>").await;
    nurse.receives_nothing();
}

#[tokio::test]
async fn where_only_one_side_sees_the_other_so_says_the_roster() {
    let house = House::open().await;
    for who in [ROMEO, JULIET, NURSE] {
        house.account(who).await;
    }
    let staff = group(&house, "Staff", ShownTo::Nobody, &[]).await;
    staff.add(&[&jid(NURSE)]).await;
    let family = group(&house, "Family", ShownTo::Groups, &["Staff"]).await;
    family.add(&[&jid(JULIET)]).await;
    refresh(&house).await;
    let mut juliet = house.client("juliet@localhost/balcony").await;
    assert_eq!(
        roster(&mut juliet, "").await.expect("a roster").0,
        [""; 0],
        "whom she does not see is not listed"
    );
    juliet.sends("<presence/>").await;
    juliet.skips();
    let mut nurse = house.client("nurse@localhost/kitchen").await;
    let (items, _) = roster(&mut nurse, "").await.expect("a roster");
    assert_eq!(
        items,
        ["<item jid='juliet@localhost' subscription='to'><group>Family</group></item>"]
    );
    nurse.sends("<presence/>").await;
    nurse.receives("<presence from='nurse@localhost/kitchen' to='nurse@localhost'/>");
    nurse.receives("<presence from='juliet@localhost/balcony' to='nurse@localhost/kitchen'/>");
    juliet.receives_nothing();
    // In a roster entry of her own it is said who sees her.
    juliet
        .sends("<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='nurse@localhost' name='Nurse'/></query></iq>")
        .await;
    juliet.receives_in_any_order(&[
        "<iq type='result' id='s' to='juliet@localhost/balcony'/>",
        &push(
            "juliet@localhost/balcony",
            "<item jid='nurse@localhost' name='Nurse' subscription='from'/>",
        ),
    ]);
}

#[tokio::test]
async fn everybody_of_the_host_sees_a_group_that_is_shown_to_all_and_guests_do_not() {
    let house = House::open().await;
    for who in [ROMEO, NURSE] {
        house.account(who).await;
    }
    let staff = group(&house, "Staff", ShownTo::Host, &[]).await;
    staff.add(&[&jid(NURSE)]).await;
    refresh(&house).await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    let mut guest = house.guest("guest@localhost/gate").await;
    guest.sends("<presence/>").await;
    guest.skips();
    let mut nurse = house.online("nurse@localhost/kitchen").await;
    romeo.receives("<presence from='nurse@localhost/kitchen' to='romeo@localhost'/>");
    guest.receives_nothing();
    guest.sends("<presence type='probe' to='nurse@localhost'/>").await;
    guest.receives_nothing();
    nurse.skips();
    // Of a host that is not hers nobody does.
    let mut stranger = house.online("paris@example.net/inn").await;
    assert_eq!(roster(&mut stranger, "").await.expect("a roster").0, [""; 0]);
}

#[tokio::test]
async fn what_a_user_made_of_a_shared_contact_stands_beside_what_the_group_says() {
    let house = House::open().await;
    let lovers = lovers(&house).await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    let set = |item: &str| format!("<iq type='set' id='s'><query xmlns='jabber:iq:roster'>{item}</query></iq>");
    // Clients send back the groups that they were told; the group's own is not the user's.
    romeo
        .sends(&set(
            "<item jid='juliet@localhost' name='My sun'><group>Heart</group><group>Lovers</group></item>",
        ))
        .await;
    let merged = "<item jid='juliet@localhost' name='My sun' subscription='both'><group>Heart</group><group>Lovers</group></item>";
    romeo.receives_in_any_order(&[
        "<iq type='result' id='s' to='romeo@localhost/orchard'/>",
        &push("romeo@localhost/orchard", merged),
    ]);
    let (items, _) = roster(&mut romeo, "").await.expect("a roster");
    assert_eq!(items, [merged]);
    // Removed, it is again what the group makes of it.
    romeo
        .sends(&set("<item jid='juliet@localhost' subscription='remove'/>"))
        .await;
    romeo.receives_in_any_order(&[
        "<iq type='result' id='s' to='romeo@localhost/orchard'/>",
        &push("romeo@localhost/orchard", JULIET_SHARED),
    ]);
    romeo
        .sends(&set(
            "<item jid='juliet@localhost' name='My sun'><group>Lovers</group></item>",
        ))
        .await;
    romeo.skips();
    lovers.delete().await;
    refresh(&house).await;
    romeo.receives(&push(
        "romeo@localhost/orchard",
        "<item jid='juliet@localhost' name='My sun' subscription='none'/>",
    ));
    romeo.receives_nothing();
}

#[tokio::test]
async fn a_shared_contact_can_be_neither_removed_nor_unsubscribed_from() {
    let house = House::open().await;
    let _lovers = lovers(&house).await;
    let mut juliet = house.online("juliet@localhost/balcony").await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    juliet.skips();
    romeo
        .asks(
            "<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='juliet@localhost' subscription='remove'/></query></iq>",
            "<iq type='error' id='s' from='romeo@localhost' to='romeo@localhost/orchard'><error type='cancel'>\
             <not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
             <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>*</text></error></iq>",
        )
        .await;
    for kind in ["unsubscribe", "unsubscribed"] {
        romeo
            .sends(&format!("<presence type='{kind}' to='juliet@localhost'/>"))
            .await;
        let answer = romeo.hears().expect("an answer").to_xml();
        assert!(answer.contains("<not-allowed "), "{kind}: {answer}");
    }
    juliet.receives_nothing();
    // One who asks for what there is is told that it is there, and nobody is bothered.
    romeo.sends("<presence type='subscribe' to='juliet@localhost'/>").await;
    romeo.receives("<presence type='subscribed' from='juliet@localhost' to='romeo@localhost'/>");
    romeo.receives_nothing();
    juliet.receives_nothing();
}

#[tokio::test]
async fn what_two_people_agreed_on_themselves_outlives_the_group() {
    let house = House::open().await;
    house.befriend(ROMEO, JULIET).await;
    let lovers = lovers(&house).await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    let mut juliet = house.online("juliet@localhost/balcony").await;
    romeo.skips();
    lovers.delete().await;
    refresh(&house).await;
    romeo.receives(&push(
        "romeo@localhost/orchard",
        "<item jid='juliet@localhost' subscription='both'/>",
    ));
    romeo.receives_nothing();
    juliet.skips();
    juliet.sends("<presence><show>away</show></presence>").await;
    romeo.receives("<presence from='juliet@localhost/balcony' to='romeo@localhost'><show>away</show></presence>");
}

#[tokio::test]
async fn one_who_ends_what_was_agreed_is_still_seen_by_the_group() {
    let house = House::open().await;
    house.befriend(ROMEO, JULIET).await;
    let _lovers = lovers(&house).await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    let mut juliet = house.online("juliet@localhost/balcony").await;
    romeo.skips();
    romeo
        .sends("<presence type='unsubscribe' to='juliet@localhost'/>")
        .await;
    juliet.receives("<presence type='unsubscribe' from='romeo@localhost' to='juliet@localhost'/>");
    juliet.receives_nothing();
    romeo.receives_nothing();
    juliet.sends("<presence><show>away</show></presence>").await;
    romeo.receives("<presence from='juliet@localhost/balcony' to='romeo@localhost'><show>away</show></presence>");
}

#[tokio::test]
async fn a_blocked_member_sees_nothing_whatever_the_group_says() {
    let house = House::open().await;
    let lovers = lovers(&house).await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    let mut juliet = house.online("juliet@localhost/balcony").await;
    romeo.skips();
    juliet
        .sends("<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='romeo@localhost'/></block></iq>")
        .await;
    juliet.skips();
    romeo.receives("<presence type='unavailable' from='juliet@localhost/balcony' to='romeo@localhost'/>");
    juliet.sends("<presence><show>away</show></presence>").await;
    romeo.receives_nothing();
    lovers.add(&[&jid(NURSE)]).await;
    refresh(&house).await;
    romeo.receives(&push(
        "romeo@localhost/orchard",
        "<item jid='nurse@localhost' subscription='both'><group>Lovers</group></item>",
    ));
    romeo.receives_nothing();
}

#[tokio::test]
async fn versions_say_what_groups_have_changed_while_a_client_was_away() {
    let house = House::open().await;
    let lovers = lovers(&house).await;
    let mut romeo = house.client("romeo@localhost/orchard").await;
    let (_, version) = roster(&mut romeo, "").await.expect("a roster");
    assert_eq!(roster(&mut romeo, &version).await, None, "nothing has changed");
    romeo.receives_nothing();
    // What the user changes is pushed one by one.
    romeo
        .sends("<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='juliet@localhost' name='My sun'/></query></iq>")
        .await;
    romeo.skips();
    assert_eq!(roster(&mut romeo, &version).await, None);
    romeo.receives(&push(
        "romeo@localhost/orchard",
        "<item jid='juliet@localhost' name='My sun' subscription='both'><group>Lovers</group></item>",
    ));
    romeo.receives_nothing();
    let (_, version) = roster(&mut romeo, "").await.expect("a roster");
    // What an operator changes comes with the whole.
    lovers.add(&[&jid(NURSE)]).await;
    refresh(&house).await;
    let pushed = romeo.hears().expect("a push").to_element();
    let live = pushed
        .elements()
        .next()
        .and_then(|query| query.get("ver"))
        .expect("a version");
    let (items, now) = roster(&mut romeo, &version).await.expect("the whole roster");
    assert_eq!((items.len(), now.as_str()), (2, live), "{items:?}");
    assert_eq!(
        roster(&mut romeo, live).await,
        None,
        "a push brings a client up to date"
    );
    // One that came with only a part of a change does not.
    house.account("tybalt@localhost").await;
    house.account("paris@localhost").await;
    lovers.add(&[&jid("tybalt@localhost"), &jid("paris@localhost")]).await;
    refresh(&house).await;
    let half = romeo.hears().expect("a push").to_element();
    let half = half
        .elements()
        .next()
        .and_then(|query| query.get("ver"))
        .expect("a version");
    romeo.skips();
    assert_eq!(roster(&mut romeo, half).await.expect("the whole roster").0.len(), 4);
}

#[tokio::test]
async fn a_deleted_account_leaves_the_rosters_of_its_group() {
    let house = House::open().await;
    let _lovers = lovers(&house).await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    let juliet = house.online("juliet@localhost/balcony").await;
    romeo.skips();
    let account = juliet.session.account.clone();
    house.router.remove_account(&account).await;
    juliet.leaves().await;
    let accounts = house.router.storage().accounts();
    assert!(accounts.delete(account.id).await.expect("the database answers"));
    house.router.forget_account(&account.jid);
    romeo.receives("<presence type='unavailable' from='juliet@localhost/balcony' to='romeo@localhost'/>");
    refresh(&house).await;
    romeo.receives(&push(
        "romeo@localhost/orchard",
        "<item jid='juliet@localhost' subscription='remove'/>",
    ));
    romeo.receives_nothing();
}

#[tokio::test]
async fn one_whose_roster_changes_altogether_comes_back_for_all_of_it() {
    let house = House::open().await;
    let staff = group(&house, "Staff", ShownTo::Nobody, &[]).await;
    let mut members = Vec::new();
    for number in 0..=1_000 {
        members.push(house.account(&format!("member{number}@localhost")).await.jid.clone());
    }
    staff.add(&members.iter().collect::<Vec<_>>()).await;
    refresh(&house).await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    let mut quiet = house.client("romeo@localhost/quiet").await;
    staff.show_to(ShownTo::Host, &[]).await;
    refresh(&house).await;
    let reason = romeo.is_closed().expect("its stream is closed");
    assert_eq!(reason.condition, protocol::StreamCondition::Reset);
    romeo.receives_nothing();
    assert_eq!(quiet.is_closed(), None, "whoever shows no roster stays");
    assert_eq!(roster(&mut quiet, "").await.expect("a roster").0.len(), 1_001);
}
