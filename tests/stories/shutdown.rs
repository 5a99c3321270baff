//! The server stops: everybody is told, and nothing is lost.

use protocol::ns;
use testkit::{
    client::Connect,
    managed::{Managed, condition},
    server::{HOST, Server},
    wire::Wire,
};

#[tokio::test]
async fn everybody_is_told_and_what_was_not_acknowledged_waits() {
    let server = Server::start().await;
    let mut romeo = Managed::user(&server, "romeo").await;
    let mut juliet = Managed::user(&server, "juliet").await;
    let mut without = server.user("mercutio").await;
    let (mut unbound, _) = Connect::DirectTls(server.direct_tls).open(HOST).await;
    romeo.say(&juliet.jid, 1..=3).await;
    romeo.settle().await;
    juliet.bodies(3).await;

    let goodbyes = async {
        for error in [romeo.end().await, juliet.end().await, without.end().await] {
            assert_eq!(error.as_ref().map(condition), Some("system-shutdown"));
        }
        let error = unbound.element().await;
        assert!(error.is("error", ns::STREAM));
        assert_eq!(condition(&error), "system-shutdown", "also to who is just coming");
    };
    tokio::join!(server.stop(), goodbyes);

    assert!(Wire::plain(server.starttls).await.is_err(), "nobody comes in any more");
    let found = server
        .router
        .accounts()
        .find(&juliet.jid.to_bare())
        .await
        .expect("the database works");
    let account = found.expect("she has an account").id;
    let log = server.router.storage().log();
    let waiting = log.unacknowledged(account, None, 10).await.expect("the database works");
    assert_eq!(waiting.len(), 3, "she did not acknowledge them");
}
