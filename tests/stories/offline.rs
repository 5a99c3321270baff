//! XEP-0160 and XEP-0203: what was said while nobody was there.

use protocol::ns;
use testkit::{
    client::Connect,
    managed::{Managed, bodies, body, chat, condition},
    server::{HOST, PASSWORD, Server, Setup},
};

#[tokio::test]
async fn messages_wait_arrive_once_in_order_and_say_since_when() {
    let server = Server::start().await;
    let mut romeo = Managed::user(&server, "romeo").await;
    let account = server.account("juliet").await;
    romeo.say(&account, 0..50).await;
    romeo.settle().await;
    let mut juliet = server.client(&account, "sofa").await;
    assert_eq!(
        bodies(&juliet.all().await),
        [0; 0],
        "she has not said that she is there"
    );
    juliet.available().await;
    for number in 0..50 {
        let message = juliet.message().await;
        assert_eq!(body(&message), Some(number));
        assert_eq!(message.get("from"), Some(romeo.jid.as_str()));
        let delay = message.find("delay", ns::DELAY).expect("it says since when it waits");
        assert_eq!(delay.get("from"), Some(HOST));
        assert!(delay.get("stamp").is_some_and(|stamp| stamp.ends_with('Z')));
    }
    let mut other = server.client(&account, "balcony").await;
    other.available().await;
    assert_eq!(bodies(&other.all().await), [0; 0], "the sofa has them");
    for client in [&mut juliet, &mut other] {
        client.send("</stream:stream>").await;
        assert_eq!(client.end().await, None);
    }
    let mut again = server.client(&account, "garden").await;
    again.available().await;
    assert_eq!(
        bodies(&again.all().await),
        [0; 0],
        "what was delivered does not wait any more"
    );
}

#[tokio::test]
async fn a_client_with_a_small_inbox_gets_everything_that_waits() {
    let mut setup = Setup::default();
    setup.router.inbox_stanzas = 16;
    let server = Server::with(setup).await;
    let mut romeo = Managed::user(&server, "romeo").await;
    let account = server.account("juliet").await;
    romeo.say(&account, 0..100).await;
    romeo.settle().await;
    let mut juliet = server.client(&account, "sofa").await;
    juliet.available().await;
    for number in 0..100 {
        assert_eq!(body(&juliet.message().await), Some(number));
    }
}

#[tokio::test]
async fn more_than_may_wait_comes_back() {
    let mut setup = Setup::default();
    setup.features.offline.max_messages = 3;
    let server = Server::with(setup).await;
    let mut romeo = Managed::user(&server, "romeo").await;
    let account = server.account("juliet").await;
    romeo.say(&account, 0..5).await;
    romeo.settle().await;
    let returned = romeo.all().await;
    assert_eq!(returned.len(), 2, "{returned:?}");
    for bounced in &returned {
        let error = bounced.find("error", ns::CLIENT).expect("it says why");
        assert_eq!(condition(error), "service-unavailable");
    }
    let mut juliet = server.client(&account, "sofa").await;
    juliet.available().await;
    for number in 0..3 {
        assert_eq!(body(&juliet.message().await), Some(number));
    }
    assert_eq!(bodies(&juliet.all().await), [0; 0]);
}

#[tokio::test]
async fn a_message_for_a_client_that_is_gone_reaches_the_next() {
    let server = Server::start().await;
    let mut romeo = server.user("romeo").await;
    let account = server.account("juliet").await;
    let gone = format!("{account}/gone").parse().expect("an address");
    romeo.send(chat(&gone, 1)).await;
    romeo.all().await;
    let login = Connect::StartTls(server.starttls).log_in(&account, PASSWORD);
    let unbound = login.await.expect("the password is right");
    let mut juliet = unbound.bind("sofa").await.expect("the resource is free");
    juliet.available().await;
    assert_eq!(body(&juliet.message().await), Some(1));
}
