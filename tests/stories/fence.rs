//! A node that may have been declared dead stops at once, and goes on where it stopped when it is back.

use std::time::Duration;

use protocol::Stanza;
use testkit::{server::Server, town::Town, wire::Seen};

#[tokio::test]
async fn what_is_said_at_a_fenced_node_is_heard_once_when_it_is_back() {
    let (town, server) = (Town::apart(0).await, Server::start().await);
    town.admit(1, &server.router).await;
    let mut romeo = server.user("romeo").await;
    let mut juliet = server.user("juliet").await;
    for number in 0..3 {
        town.fence(1, true);
        romeo
            .send(format!(
                "<message type='chat' id='{number}' to='{}'><body>hi</body></message>",
                juliet.jid.to_bare()
            ))
            .await;
        town.fence(1, false);
    }
    for number in ["0", "1", "2"] {
        assert_eq!(juliet.message().await.get("id"), Some(number));
    }
    assert!(juliet.all().await.is_empty());
}

#[tokio::test]
async fn a_fenced_node_writes_nothing_and_hangs_up_after_its_grace() {
    let (town, server) = (Town::apart(0).await, Server::start().await);
    town.admit(1, &server.router).await;
    let mut juliet = server.user("juliet").await;
    juliet.all().await;
    town.fence(1, true);
    let hello = format!(
        "<message type='chat' from='romeo@localhost' to='{}'><body>hi</body></message>",
        juliet.jid
    );
    server
        .router
        .route(Stanza::parse(hello.as_bytes()).expect("it is one"))
        .await;
    server.router.on_fenced(Duration::ZERO).await;
    let seen = juliet.wire.next().await;
    assert!(matches!(seen, Seen::End), "{seen:?}");
}
