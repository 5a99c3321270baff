//! RFC 6121 §4.

use testkit::house::{House, jid};

const ROMEO: &str = "romeo@localhost/orchard";
const JULIET: &str = "juliet@localhost/balcony";

#[tokio::test]
async fn friends_see_each_other_come_change_and_go() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut juliet = house.online(JULIET).await;
    let mut romeo = house.client(ROMEO).await;

    romeo.sends("<presence><status>here</status></presence>").await;
    juliet.receives("<presence from='romeo@localhost/orchard' to='juliet@localhost'><status>here</status></presence>");
    romeo.receives_in_any_order(&[
        "<presence from='romeo@localhost/orchard' to='romeo@localhost'><status>here</status></presence>",
        "<presence from='juliet@localhost/balcony' to='romeo@localhost/orchard'/>",
    ]);

    romeo
        .sends("<presence><show>xa</show><priority>3</priority></presence>")
        .await;
    juliet.receives("<presence from='romeo@localhost/orchard' to='juliet@localhost'><show>xa</show><priority>3</priority></presence>");
    romeo.receives("<presence from='romeo@localhost/orchard' to='romeo@localhost'><show>xa</show><priority>3</priority></presence>");
    // §4.4.2: whom one knows of is not asked again.
    romeo.receives_nothing();

    romeo
        .sends("<presence type='unavailable'><status>gone</status></presence>")
        .await;
    juliet.receives("<presence type='unavailable' from='romeo@localhost/orchard' to='juliet@localhost'><status>gone</status></presence>");
    romeo.receives("<presence type='unavailable' from='romeo@localhost/orchard' to='romeo@localhost'><status>gone</status></presence>");
    juliet.receives_nothing();
    // §4.5: who has left sees nothing more.
    juliet.sends("<presence><show>away</show></presence>").await;
    romeo.receives_nothing();
}

#[tokio::test]
async fn a_stream_that_ends_without_a_word_is_told_once() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut juliet = house.online(JULIET).await;
    for says_goodbye in [false, true] {
        let mut romeo = house.online(ROMEO).await;
        juliet.skips();
        if says_goodbye {
            romeo.sends("<presence type='unavailable'/>").await;
        }
        romeo.is_lost().await;
        juliet.receives("<presence type='unavailable' from='romeo@localhost/orchard' to='juliet@localhost'/>");
        juliet.receives_nothing();
    }
}

#[tokio::test]
async fn resources_of_one_account_see_each_other() {
    let house = House::open().await;
    let mut orchard = house.client(ROMEO).await;
    let mut street = house.client("romeo@localhost/street").await;
    orchard.sends("<presence/>").await;
    orchard.skips();
    street.receives_nothing();
    street.sends("<presence><priority>-1</priority></presence>").await;
    orchard.receives("<presence from='romeo@localhost/street' to='romeo@localhost'><priority>-1</priority></presence>");
    street.receives_in_any_order(&[
        "<presence from='romeo@localhost/street' to='romeo@localhost'><priority>-1</priority></presence>",
        "<presence from='romeo@localhost/orchard' to='romeo@localhost/street'/>",
    ]);
    street.is_lost().await;
    orchard.receives("<presence type='unavailable' from='romeo@localhost/street' to='romeo@localhost'/>");
    orchard.receives_nothing();
}

#[tokio::test]
async fn one_sided_subscriptions_show_one_side() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    let mut juliet = house.online(JULIET).await;
    romeo.sends("<presence type='subscribe' to='juliet@localhost'/>").await;
    juliet.sends("<presence type='subscribed' to='romeo@localhost'/>").await;
    romeo.skips();
    juliet.skips();
    romeo.sends("<presence><show>away</show></presence>").await;
    juliet.receives_nothing();
    romeo.skips();
    juliet.sends("<presence><show>away</show></presence>").await;
    romeo.receives("<presence from='juliet@localhost/balcony' to='romeo@localhost'><show>away</show></presence>");
    // Nor does she learn of him when she comes back.
    juliet.skips();
    juliet.sends("<presence type='unavailable'/>").await;
    juliet.skips();
    juliet.sends("<presence/>").await;
    juliet.receives("<presence from='juliet@localhost/balcony' to='juliet@localhost'/>");
    juliet.receives_nothing();
}

#[tokio::test]
async fn strangers_see_nothing() {
    let house = House::open().await;
    let mut tybalt = house.online("tybalt@localhost/street").await;
    let mut romeo = house.online(ROMEO).await;
    romeo.sends("<presence><show>away</show></presence>").await;
    romeo.sends("<presence type='unavailable'/>").await;
    romeo.sends("<presence/>").await;
    romeo.is_lost().await;
    tybalt.receives_nothing();
}

#[tokio::test]
async fn a_priority_that_is_none_is_refused_and_nothing_changes() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut juliet = house.online(JULIET).await;
    let mut romeo = house.online(ROMEO).await;
    juliet.skips();
    for priority in ["128", "high", ""] {
        romeo
            .sends(&format!("<presence id='p'><priority>{priority}</priority></presence>"))
            .await;
        romeo.receives("<presence type='error' id='p' from='romeo@localhost' to='romeo@localhost/orchard'><error type='modify'>*</error></presence>");
    }
    juliet.receives_nothing();
    assert_eq!(romeo.session.priority(), Some(0));
}

#[tokio::test]
async fn a_probe_of_a_friend_is_answered_for_each_resource() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut romeo = house.online(ROMEO).await;
    let probe = "<presence type='probe' from='romeo@localhost' to='juliet@localhost'/>";
    // §4.3.2: nobody is there.
    house.arrives(probe).await;
    romeo.receives("<presence type='unavailable' from='juliet@localhost' to='romeo@localhost'/>");

    let _balcony = house.online(JULIET).await;
    let mut chamber = house.client("juliet@localhost/chamber").await;
    chamber.sends("<presence><show>dnd</show></presence>").await;
    let _silent = house.client("juliet@localhost/silent").await;
    romeo.skips();
    house.arrives(probe).await;
    romeo.receives_in_any_order(&[
        "<presence from='juliet@localhost/balcony' to='romeo@localhost'/>",
        "<presence from='juliet@localhost/chamber' to='romeo@localhost'><show>dnd</show></presence>",
    ]);
    romeo.receives_nothing();
}

#[tokio::test]
async fn a_probe_of_a_stranger_tells_as_much_as_one_of_nobody() {
    let house = House::open().await;
    let mut juliet = house.online(JULIET).await;
    let mut romeo = house.online(ROMEO).await;
    for to in ["juliet@localhost", "juliet@localhost/balcony", "nobody@localhost"] {
        romeo.sends(&format!("<presence type='probe' to='{to}'/>")).await;
        // The answer, `unsubscribed`, is about a subscription that is not there.
        romeo.receives_nothing();
    }
    juliet.receives_nothing();
}

#[tokio::test]
async fn a_probe_tells_a_contact_that_it_is_none_any_more() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut juliet = house.online(JULIET).await;
    // Juliet's account was lost and made again without her contacts.
    let account = house.account("romeo@localhost").await;
    house
        .router
        .storage()
        .roster()
        .remove(account.id, "juliet@localhost")
        .await
        .expect("the database answers");
    house.router.accounts().forget(&jid("romeo@localhost"));
    house
        .arrives("<presence type='probe' from='juliet@localhost' to='romeo@localhost'/>")
        .await;
    juliet.receives("<presence type='unsubscribed' from='romeo@localhost' to='juliet@localhost'/>");
}

#[tokio::test]
async fn who_only_believes_to_be_a_friend_sees_nothing() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let account = house.account("romeo@localhost").await;
    let roster = house.router.storage().roster();
    roster
        .remove(account.id, "juliet@localhost")
        .await
        .expect("the database answers");
    house.router.accounts().forget(&jid("romeo@localhost"));
    let mut romeo = house.online(ROMEO).await;
    let mut juliet = house.client(JULIET).await;
    juliet.sends("<presence/>").await;
    juliet.receives("<presence from='juliet@localhost/balcony' to='juliet@localhost'/>");
    juliet.receives_nothing();
    romeo.sends("<presence><show>away</show></presence>").await;
    juliet.receives_nothing();
}

#[tokio::test]
async fn directed_presence_reaches_a_stranger_and_ends_with_the_session() {
    let house = House::open().await;
    let mut tybalt = house.online("tybalt@localhost/street").await;
    let mut romeo = house.online(ROMEO).await;
    romeo
        .sends("<presence to='tybalt@localhost'><status>you only</status></presence>")
        .await;
    tybalt.receives(
        "<presence from='romeo@localhost/orchard' to='tybalt@localhost'><status>you only</status></presence>",
    );
    // §4.6.3: what everybody hears is not for who was told once.
    romeo.sends("<presence><show>away</show></presence>").await;
    tybalt.receives_nothing();
    romeo.is_lost().await;
    tybalt.receives("<presence type='unavailable' from='romeo@localhost/orchard' to='tybalt@localhost'/>");
    tybalt.receives_nothing();
}

#[tokio::test]
async fn directed_presence_that_was_taken_back_is_not_taken_back_again() {
    let house = House::open().await;
    let mut tybalt = house.online("tybalt@localhost/street").await;
    let mut romeo = house.client(ROMEO).await;
    romeo.sends("<presence to='tybalt@localhost/street'/>").await;
    tybalt.receives("<presence from='romeo@localhost/orchard' to='tybalt@localhost/street'/>");
    romeo
        .sends("<presence type='unavailable' to='tybalt@localhost/street'/>")
        .await;
    tybalt.receives("<presence type='unavailable' from='romeo@localhost/orchard' to='tybalt@localhost/street'/>");
    romeo.sends("<presence/>").await;
    romeo.sends("<presence type='unavailable'/>").await;
    romeo.is_lost().await;
    tybalt.receives_nothing();
}

#[tokio::test]
async fn who_is_invisible_is_seen_only_by_whom_presence_was_directed_to() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    house.befriend("romeo@localhost", "mercutio@localhost").await;
    let mut juliet = house.online(JULIET).await;
    let mut mercutio = house.online("mercutio@localhost/street").await;
    let mut romeo = house.client(ROMEO).await;
    romeo.sends("<presence to='juliet@localhost'/>").await;
    juliet.receives("<presence from='romeo@localhost/orchard' to='juliet@localhost'/>");
    romeo.sends("<presence type='unavailable'/>").await;
    juliet.receives("<presence type='unavailable' from='romeo@localhost/orchard' to='juliet@localhost'/>");
    romeo.is_lost().await;
    juliet.receives_nothing();
    mercutio.receives_nothing();
}

#[tokio::test]
async fn a_friend_who_got_directed_presence_hears_the_end_once() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut juliet = house.online(JULIET).await;
    let mut romeo = house.online(ROMEO).await;
    romeo
        .sends("<presence to='juliet@localhost'><status>psst</status></presence>")
        .await;
    juliet.skips();
    romeo.is_lost().await;
    juliet.receives("<presence type='unavailable' from='romeo@localhost/orchard' to='juliet@localhost'/>");
    juliet.receives_nothing();
}

#[tokio::test]
async fn presence_for_a_resource_reaches_that_resource() {
    let house = House::open().await;
    let mut balcony = house.online(JULIET).await;
    let mut chamber = house.online("juliet@localhost/chamber").await;
    balcony.skips();
    let mut romeo = house.online(ROMEO).await;
    romeo.sends("<presence to='juliet@localhost/chamber'/>").await;
    chamber.receives("<presence from='romeo@localhost/orchard' to='juliet@localhost/chamber'/>");
    balcony.receives_nothing();
    romeo.sends("<presence type='error' to='juliet@localhost/balcony'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>").await;
    balcony.receives("<presence type='error' from='romeo@localhost/orchard' to='juliet@localhost/balcony'><error type='cancel'>*</error></presence>");
    chamber.receives_nothing();
    romeo.skips();
    romeo.receives_nothing();
}

#[tokio::test]
async fn contacts_at_other_servers_are_asked_in_the_accounts_name() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    romeo
        .sends("<presence type='subscribe' to='rosaline@elsewhere.example'/>")
        .await;
    house
        .arrives("<presence type='subscribed' from='rosaline@elsewhere.example' to='romeo@localhost'/>")
        .await;
    romeo.skips();
    // There is no way to other servers yet, so the probe comes back, to the account that it was sent for.
    romeo.sends("<presence type='unavailable'/>").await;
    romeo.skips();
    romeo.sends("<presence/>").await;
    romeo.receives_in_any_order(&[
        "<presence from='romeo@localhost/orchard' to='romeo@localhost'/>",
        "<presence type='error' from='rosaline@elsewhere.example' to='romeo@localhost'><error type='cancel'>*</error></presence>",
    ]);
    romeo.receives_nothing();
}
