//! A node dies.

use testkit::town::Town;

#[tokio::test]
async fn contacts_of_a_lost_node_are_gone_once_and_those_alive_stay() {
    let town = Town::open(3).await;
    for contact in ["romeo@localhost", "nurse@localhost"] {
        town.house(1).befriend("juliet@localhost", contact).await;
    }
    let mut juliet = town.house(1).online("juliet@localhost/balcony").await;
    let _romeo = town.house(2).online("romeo@localhost/orchard").await;
    let _nurse = town.house(3).online("nurse@localhost/kitchen").await;
    let mut stranger = town.house(1).online("paris@localhost/church").await;
    town.settle().await;
    juliet.skips();
    town.kill(2).await;
    town.settle().await;
    juliet.receives("<presence type='unavailable' from='romeo@localhost/orchard' to='juliet@localhost'/>");
    juliet.receives_nothing();
    stranger.receives_nothing();
    town.house(1).router.on_node_gone(2).await;
    juliet.receives_nothing();
    // Whoever comes back elsewhere is seen again.
    let _again = town.house(3).online("romeo@localhost/orchard").await;
    town.settle().await;
    juliet.receives("<presence from='romeo@localhost/orchard' to='juliet@localhost'/>");
}

#[tokio::test]
async fn directed_presence_of_a_lost_node_ends() {
    let town = Town::open(2).await;
    let mut romeo = town.house(2).online("romeo@localhost/orchard").await;
    let mut paris = town.house(1).online("paris@localhost/church").await;
    romeo.sends("<presence to='paris@localhost/church'/>").await;
    town.settle().await;
    paris.receives("<presence from='romeo@localhost/orchard' to='paris@localhost/church'/>");
    town.kill(2).await;
    paris.receives("<presence type='unavailable' from='romeo@localhost/orchard' to='paris@localhost/church'/>");
    paris.receives_nothing();
}

#[tokio::test]
async fn what_a_lost_client_did_not_acknowledge_goes_to_another() {
    let town = Town::open(3).await;
    let mut romeo = town
        .house(1)
        .online("romeo@localhost/orchard")
        .await
        .with_acknowledgements();
    let mut juliet = town.house(2).online("juliet@localhost/balcony").await;
    let mut other = town.house(3).client("juliet@localhost/chamber").await;
    other.sends("<presence><priority>-1</priority></presence>").await;
    romeo
        .sends("<message type='chat' id='1' to='juliet@localhost'><body>hi</body></message>")
        .await;
    town.settle().await;
    juliet.skips();
    other.skips();
    other.sends("<presence/>").await;
    town.settle().await;
    let seen: Vec<_> = std::iter::from_fn(|| other.hears())
        .filter(|stanza| stanza.id.is_some())
        .collect();
    assert!(seen.is_empty(), "it is in flight to the balcony: {seen:?}");
    town.kill(2).await;
    town.settle().await;
    let ids: Vec<_> = std::iter::from_fn(|| other.hears())
        .filter_map(|stanza| stanza.id)
        .collect();
    assert_eq!(ids, ["1"]);
}

#[tokio::test]
async fn a_frame_that_its_node_never_got_is_delivered_elsewhere() {
    for has_acknowledgements in [false, true] {
        let town = Town::open(3).await;
        let mut romeo = town.house(1).online("romeo@localhost/orchard").await;
        if has_acknowledgements {
            romeo = romeo.with_acknowledgements();
        }
        let _juliet = town.house(2).online("juliet@localhost/balcony").await;
        romeo
            .sends("<message type='chat' id='1' to='juliet@localhost'><body>hi</body></message>")
            .await;
        town.kill(2).await;
        town.settle().await;
        let mut juliet = town.house(3).online("juliet@localhost/balcony").await;
        town.settle().await;
        juliet.skips();
        let mut again = town.house(3).client("juliet@localhost/chamber").await;
        again.sends("<presence/>").await;
        // The first client had it already; no other gets it.
        let ids: Vec<_> = std::iter::from_fn(|| again.hears())
            .filter_map(|stanza| stanza.id)
            .collect();
        assert!(ids.is_empty(), "{ids:?}");
        assert!(juliet.session.has_been_available());
    }
}
