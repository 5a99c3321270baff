//! XEP-0352: Client State Indication. A phone in a pocket is woken for messages, not for presence.

use protocol::ns;
use testkit::{
    client::Client,
    managed::{Managed, befriend, body},
    server::Server,
};

/// Two friends; Juliet's client counts, so that a story can tell what was *not* sent.
async fn friends(server: &Server) -> (Client, Managed) {
    let mut romeo = server.user("romeo").await;
    let mut juliet = server.user("juliet").await;
    befriend(server, &mut romeo, &mut juliet).await;
    (romeo, Managed::enable(juliet).await)
}

async fn shows(romeo: &mut Client, shows: &[&str]) {
    for show in shows {
        romeo.send(format!("<presence><show>{show}</show></presence>")).await;
    }
    romeo.all().await;
}

fn show(presence: &protocol::Element) -> String {
    let show = presence.find("show", ns::CLIENT).expect("all of these have one");
    show.own_text()
}

#[tokio::test]
async fn presence_waits_until_somebody_looks_and_then_only_the_latest_comes() {
    let server = Server::start().await;
    let (mut romeo, mut juliet) = friends(&server).await;
    juliet.wire.send("<inactive xmlns='urn:xmpp:csi:0'/>").await;
    juliet.ask_ack().await;
    let before = juliet.received();
    shows(&mut romeo, &["away", "dnd", "xa"]).await;
    juliet.ask_ack().await;
    assert_eq!(juliet.received(), before, "nobody looks");
    juliet.wire.send("<active xmlns='urn:xmpp:csi:0'/>").await;
    assert_eq!(show(&juliet.stanza().await), "xa");
    assert_eq!(juliet.all().await, []);
    shows(&mut romeo, &["chat"]).await;
    assert_eq!(show(&juliet.stanza().await), "chat", "somebody looks: it comes at once");
}

#[tokio::test]
async fn a_message_comes_at_once_and_brings_along_what_waited() {
    let server = Server::start().await;
    let (mut romeo, mut juliet) = friends(&server).await;
    juliet.wire.send("<inactive xmlns='urn:xmpp:csi:0'/>").await;
    juliet.ask_ack().await;
    shows(&mut romeo, &["away"]).await;
    let to = juliet.jid.clone();
    romeo
        .send(format!(
            "<message to='{to}' type='chat'><composing xmlns='{}'/></message>\
             <message to='{to}' type='chat'><body>1</body></message>",
            ns::CHAT_STATES
        ))
        .await;
    assert_eq!(show(&juliet.stanza().await), "away", "in the order in which it came");
    assert_eq!(body(&juliet.stanza().await), Some(1), "typing is no news any more");
}

#[tokio::test]
async fn what_waits_for_a_client_that_is_lost_is_there_when_it_comes_back() {
    let server = Server::start().await;
    let (mut romeo, mut juliet) = friends(&server).await;
    juliet.wire.send("<inactive xmlns='urn:xmpp:csi:0'/>").await;
    juliet.ask_ack().await;
    shows(&mut romeo, &["away"]).await;
    let mut juliet = juliet.cut().resume(&server).await;
    juliet.wire.send("<active xmlns='urn:xmpp:csi:0'/>").await;
    let seen = juliet.all().await;
    assert_eq!(seen.iter().map(show).collect::<Vec<_>>(), ["away"]);
}
