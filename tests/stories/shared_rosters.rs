//! Shared rosters, as clients see them: an operator puts people into a group, and they have each other.

use protocol::{Element, Jid};
use storage::ShownTo;
use testkit::{
    client::Client,
    groups::TestGroup,
    server::{HOST, Server},
    street::Street,
};

const ROSTER: &str = "<query xmlns='jabber:iq:roster'/>";

/// An available client that shows its roster.
async fn person(server: &Server, name: &str) -> Client {
    let account = server.account(name).await;
    let mut client = server.client(&account, "sofa").await;
    client.ask("get", None, ROSTER).await;
    client.available().await;
    client
}

/// The roster push about `contact`, answered; its subscription and groups.
async fn pushed(client: &mut Client, contact: &Jid) -> (String, Vec<String>) {
    let is_it = |element: &Element| {
        let query = element.elements().next().filter(|_| element.get("type") == Some("set"));
        let item = query.and_then(|query| query.elements().next());
        item.is_some_and(|item| item.get("jid") == Some(contact.as_str()))
    };
    let push = client.receive(is_it).await;
    let id = push.get("id").unwrap_or_default();
    client.send(format!("<iq type='result' id='{id}'/>")).await;
    let item = push.elements().next().and_then(|query| query.elements().next());
    let item = item.expect("a push has an item");
    let groups = item.elements().map(Element::own_text).collect();
    (item.get("subscription").unwrap_or_default().to_owned(), groups)
}

async fn presence_of(client: &mut Client, other: &Jid) -> Option<String> {
    let other = other.to_string();
    let presence = client.receive(|it| it.name == "presence" && it.get("from") == Some(&other));
    presence.await.get("type").map(str::to_owned)
}

#[tokio::test]
async fn people_at_two_servers_have_each_other_once_they_are_in_a_group_and_no_longer() {
    let street = Street::open(2).await;
    let mut romeo = person(street.server(1), "romeo").await;
    let mut juliet = person(street.server(2), "juliet").await;
    let mut nurse = person(street.server(2), "nurse").await;
    let (his, hers) = (romeo.jid.clone(), juliet.jid.clone());
    // Nobody but the database tells the servers.
    let group = TestGroup::make(&street.server(1).router, HOST, "Lovers", ShownTo::Members, &[]).await;
    group.add(&[&his.to_bare(), &hers.to_bare()]).await;
    let both = ("both".to_owned(), vec!["Lovers".to_owned()]);
    assert_eq!(pushed(&mut romeo, &hers.to_bare()).await, both);
    assert_eq!(pushed(&mut juliet, &his.to_bare()).await, both);
    assert_eq!(presence_of(&mut romeo, &hers).await, None);
    assert_eq!(presence_of(&mut juliet, &his).await, None);

    group.remove(&hers.to_bare()).await;
    let gone = ("remove".to_owned(), Vec::new());
    assert_eq!(pushed(&mut romeo, &hers.to_bare()).await, gone);
    assert_eq!(pushed(&mut juliet, &his.to_bare()).await, gone);
    let unavailable = async |client: &mut Client, other: &Jid| loop {
        if presence_of(client, other).await.as_deref() == Some("unavailable") {
            break;
        }
    };
    unavailable(&mut romeo, &hers).await;
    unavailable(&mut juliet, &his).await;
    romeo.send("<presence><show>away</show></presence>").await;
    romeo.all().await;
    let seen = juliet.all().await;
    assert!(seen.iter().all(|it| it.name != "presence"), "{seen:?}");
    let seen = nurse.all().await;
    assert!(seen.is_empty(), "who is in no group hears nothing: {seen:?}");
}

#[tokio::test]
async fn one_who_comes_later_finds_the_group_in_the_roster() {
    let server = Server::start().await;
    let accounts = [server.account("romeo").await, server.account("juliet").await];
    let group = TestGroup::make(&server.router, HOST, "Staff", ShownTo::Host, &[]).await;
    group.add(&[&accounts[0]]).await;
    server.router.refresh_sharing().await.expect("the database answers");
    let mut juliet = server.client(&accounts[1], "sofa").await;
    let roster = juliet.ask("get", None, ROSTER).await;
    let items: Vec<&Element> = roster.elements().next().expect("a roster").elements().collect();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].get("jid"), Some(accounts[0].as_str()));
    assert_eq!(items[0].get("subscription"), Some("to"));
}
