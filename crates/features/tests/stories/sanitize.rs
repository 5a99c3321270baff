//! What a client cannot make others believe.

use testkit::house::House;

const ROMEO: &str = "romeo@localhost/orchard";
const JULIET: &str = "juliet@localhost/balcony";

#[tokio::test]
async fn lies_in_the_servers_name_do_not_arrive() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    let mut juliet = house.online(JULIET).await;
    for lie in [
        "<stanza-id xmlns='urn:xmpp:sid:0' by='juliet@localhost' id='1'/>",
        "<stanza-id xmlns='urn:xmpp:sid:0' by='Juliet@LOCALHOST' id='1'/><stanza-id xmlns='urn:xmpp:sid:0' by='localhost' id='2'/>",
        "<stanza-id xmlns='urn:xmpp:sid:0' by='room@elsewhere.example' id='1'/>",
        "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='1'/>",
        "<delay xmlns='urn:xmpp:delay' from='localhost' stamp='2002-09-10T23:08:25Z'/>",
        "<delay xmlns='urn:xmpp:delay' from='juliet@localhost' stamp='2002-09-10T23:08:25Z'/>",
        "<delay xmlns='urn:xmpp:delay' from='@' stamp='2002-09-10T23:08:25Z'/>",
        "<delay xmlns='urn:xmpp:delay' stamp='yesterday'/>",
        "<delay xmlns='urn:xmpp:delay'/>",
        "<x xmlns='jabber:x:delay' from='localhost' stamp='20020910T23:08:25'/>",
        "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='tybalt@localhost'><body>x</body></message></forwarded></received>",
        "<sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'/></sent>",
        "<result xmlns='urn:xmpp:mam:2' queryid='1' id='2'><forwarded xmlns='urn:xmpp:forward:0'/></result>",
        "<x xmlns='http://jabber.org/protocol/muc#user'><invite from='tybalt@localhost'/></x>",
        "<addresses xmlns='http://jabber.org/protocol/address'><address type='ofrom' jid='tybalt@localhost'/></addresses>",
    ] {
        for to in ["juliet@localhost", "juliet@localhost/balcony"] {
            romeo
                .sends(&format!("<message to='{to}'>{lie}<body>hi</body></message>"))
                .await;
            juliet.receives(&format!(
                "<message from='romeo@localhost/orchard' to='{to}'><body>hi</body></message>"
            ));
        }
    }
}

#[tokio::test]
async fn what_a_client_may_say_arrives_as_it_is() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    let mut juliet = house.online(JULIET).await;
    for truth in [
        "<origin-id xmlns='urn:xmpp:sid:0' id='1'/>",
        "<received xmlns='urn:xmpp:receipts' id='1'/>",
        "<x xmlns='jabber:x:conference' jid='room@elsewhere.example'/>",
        "<x xmlns='jabber:x:oob'><url>https://example.org</url></x>",
        "<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' from='localhost' stamp='2002-09-10T23:08:25Z'/></forwarded>",
        "<private xmlns='urn:xmpp:carbons:2'/>",
    ] {
        romeo
            .sends(&format!(
                "<message to='juliet@localhost'>{truth}<body>hi</body></message>"
            ))
            .await;
        juliet.receives(&format!(
            "<message from='romeo@localhost/orchard' to='juliet@localhost'>{truth}<body>hi</body></message>"
        ));
    }
}

#[tokio::test]
async fn a_delay_that_a_client_states_is_signed_with_its_name() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    let mut juliet = house.online(JULIET).await;
    for from in ["", "from='romeo@localhost'", "from='Romeo@localhost/street'"] {
        romeo.sends(&format!("<message to='juliet@localhost'><delay xmlns='urn:xmpp:delay' {from} stamp='2002-09-10T23:08:25Z'/></message>")).await;
        juliet.receives(
            "<message from='romeo@localhost/orchard' to='juliet@localhost'>\
             <delay xmlns='urn:xmpp:delay' from='romeo@localhost/orchard' stamp='2002-09-10T23:08:25Z'/></message>",
        );
    }
}

#[tokio::test]
async fn another_server_does_not_speak_in_our_name_either() {
    let house = House::open().await;
    let mut juliet = house.online(JULIET).await;
    let from = "from='rosaline@elsewhere.example/x'";
    for lie in [
        "<stanza-id xmlns='urn:xmpp:sid:0' by='juliet@localhost' id='1'/>",
        "<stanza-id xmlns='urn:xmpp:sid:0' by='LOCALHOST' id='1'/>",
        "<delay xmlns='urn:xmpp:delay' from='localhost' stamp='2002-09-10T23:08:25Z'/>",
        "<delay xmlns='urn:xmpp:delay' from='localhost' stamp='?'/>",
        "<received xmlns='urn:xmpp:carbons:2'/>",
    ] {
        house
            .arrives(&format!(
                "<message {from} to='juliet@localhost'>{lie}<body>hi</body></message>"
            ))
            .await;
        juliet.receives(&format!(
            "<message {from} to='juliet@localhost'><body>hi</body></message>"
        ));
    }
    let truth = "<stanza-id xmlns='urn:xmpp:sid:0' by='room@elsewhere.example' id='1'/>\
                 <delay xmlns='urn:xmpp:delay' from='elsewhere.example' stamp='2002-09-10T23:08:25Z'/>\
                 <x xmlns='http://jabber.org/protocol/muc#user'><item/></x>";
    house
        .arrives(&format!("<message {from} to='juliet@localhost'>{truth}</message>"))
        .await;
    juliet.receives(&format!("<message {from} to='juliet@localhost'>{truth}</message>"));
}

#[tokio::test]
async fn lies_do_not_get_into_storage() {
    let house = House::open().await;
    house.account("juliet@localhost").await;
    let mut romeo = house.online(ROMEO).await;
    romeo
        .sends(
            "<message to='juliet@localhost'><delay xmlns='urn:xmpp:delay' from='localhost' stamp='1999-01-01T00:00:00Z'/><body>hi</body></message>",
        )
        .await;
    let mut juliet = house.client(JULIET).await;
    juliet.sends("<presence/>").await;
    let message = juliet.hears().expect("the message").to_xml();
    assert_eq!(message.matches("urn:xmpp:delay").count(), 1);
    assert!(!message.contains("1999"));
}
