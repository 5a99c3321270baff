//! XEP-0199: XMPP Ping.

use protocol::ns;
use testkit::server::{HOST, Server};

#[tokio::test]
async fn a_client_asks_whether_the_server_is_there() {
    let server = Server::start().await;
    let mut romeo = server.user("romeo").await;
    let answer = romeo.ask("get", Some(HOST), "<ping xmlns='urn:xmpp:ping'/>").await;
    assert_eq!(answer.get("type"), Some("result"));
    assert_eq!(answer.get("from"), Some(HOST));
}

#[tokio::test]
async fn a_strangers_account_does_not_tell_whether_it_exists() {
    let server = Server::start().await;
    let mut romeo = server.user("romeo").await;
    let juliet = server.account("juliet").await;
    for to in [juliet.to_string(), format!("nobody@{HOST}"), format!("{juliet}/sofa")] {
        let answer = romeo.ask("get", Some(&to), "<ping xmlns='urn:xmpp:ping'/>").await;
        let error = answer.find("error", ns::CLIENT).expect("an error");
        assert!(
            error.find("service-unavailable", ns::STANZA_ERRORS).is_some(),
            "{to}: {}",
            answer.to_xml()
        );
    }
}
