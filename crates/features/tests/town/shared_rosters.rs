//! Shared rosters between nodes: each tells its own sessions.

use storage::ShownTo;
use testkit::{
    groups::TestGroup,
    house::{Client, jid},
    town::Town,
};

async fn refresh(town: &Town, nodes: impl IntoIterator<Item = u64>) {
    for node in nodes {
        let router = &town.house(node).router;
        router.refresh_sharing().await.expect("the database answers");
        town.settle().await;
    }
}

fn push(who: &str, item: &str) -> String {
    let (bare, _) = who.split_once('/').expect("a full JID");
    format!(
        "<iq type='set' id='*' from='{bare}' to='{who}'><query xmlns='jabber:iq:roster' ver='*'>{item}</query></iq>"
    )
}

/// The roster's item comes before presence of whom it is about, in whatever order the nodes hear of the change.
fn appears(client: &mut Client, other: &str) {
    let bare = other.split('/').next().unwrap_or_default();
    let me = client.session.jid.to_string();
    client.receives(&push(
        &me,
        &format!("<item jid='{bare}' subscription='both'><group>Lovers</group></item>"),
    ));
    let mut came = 0;
    while let Some(stanza) = client.hears() {
        let xml = stanza.to_xml();
        assert!(
            xml.contains(&format!("from='{other}'")) && !xml.contains("unavailable"),
            "{xml}"
        );
        came += 1;
    }
    assert!(came > 0, "{me} does not see {other}");
}

#[tokio::test]
async fn members_on_two_nodes_see_each_other_in_whatever_order_the_nodes_hear_of_it() {
    for order in [[1, 2], [2, 1]] {
        let town = Town::open(2).await;
        let mut romeo = town.house(1).online("romeo@localhost/orchard").await;
        let mut juliet = town.house(2).online("juliet@localhost/balcony").await;
        town.settle().await;
        romeo.skips();
        juliet.skips();
        let router = &town.house(1).router;
        let group = TestGroup::make(router, "localhost", "Lovers", ShownTo::Members, &[]).await;
        group.add(&[&jid("romeo@localhost"), &jid("juliet@localhost")]).await;
        refresh(&town, order).await;
        let presences: [&mut Client; 2] = [&mut romeo, &mut juliet];
        let [one, two] = presences;
        // Presence that was sent before the other node heard of the change may come before its push; none is lost.
        let first = if order[0] == 1 { one } else { two };
        let other = if order[0] == 1 {
            "juliet@localhost/balcony"
        } else {
            "romeo@localhost/orchard"
        };
        appears(first, other);
        let (second, other) = match order[0] {
            1 => (&mut juliet, "romeo@localhost/orchard"),
            _ => (&mut romeo, "juliet@localhost/balcony"),
        };
        let mut seen = false;
        while let Some(stanza) = second.hears() {
            seen |= stanza.to_xml().contains(&format!("<presence from='{other}'"));
        }
        assert!(seen, "{} does not see {other}", second.session.jid);
        romeo.sends("<presence><show>away</show></presence>").await;
        town.settle().await;
        juliet.receives("<presence from='romeo@localhost/orchard' to='juliet@localhost'><show>away</show></presence>");
        romeo.skips();
        group.delete().await;
        refresh(&town, order).await;
        for (client, other) in [
            (&mut romeo, "juliet@localhost/balcony"),
            (&mut juliet, "romeo@localhost/orchard"),
        ] {
            let (bare, _) = other.split_once('/').expect("a full JID");
            let me = client.session.jid.to_string();
            let own = client.session.account.jid.to_string();
            client.receives_in_any_order(&[
                &push(&me, &format!("<item jid='{bare}' subscription='remove'/>")),
                &format!("<presence type='unavailable' from='{other}' to='{own}'/>"),
            ]);
            client.receives_nothing();
        }
        romeo.sends("<presence/>").await;
        town.settle().await;
        juliet.receives_nothing();
    }
}

#[tokio::test]
async fn whoever_saw_a_member_by_a_group_learns_that_its_node_died() {
    let town = Town::open(2).await;
    let router = &town.house(1).router;
    for who in ["romeo@localhost", "juliet@localhost"] {
        town.house(1).account(who).await;
    }
    let group = TestGroup::make(router, "localhost", "Lovers", ShownTo::Members, &[]).await;
    group.add(&[&jid("romeo@localhost"), &jid("juliet@localhost")]).await;
    refresh(&town, [1, 2]).await;
    let mut romeo = town.house(1).online("romeo@localhost/orchard").await;
    let juliet = town.house(2).online("juliet@localhost/balcony").await;
    town.settle().await;
    romeo.skips();
    town.kill(2).await;
    town.settle().await;
    romeo.receives("<presence type='unavailable' from='juliet@localhost/balcony' to='romeo@localhost'/>");
    romeo.receives_nothing();
    drop(juliet);
}
