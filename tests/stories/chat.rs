//! RFC 6121 §5: messages between people who are there.

use protocol::ns;
use testkit::server::Server;

#[tokio::test]
async fn two_people_chat() {
    let server = Server::start().await;
    let mut romeo = server.user("romeo").await;
    let mut juliet = server.user("juliet").await;
    for (text, xml) in [
        ("Wherefore art thou?", "Wherefore art thou?"),
        ("1 < 2 & 'so'", "1 &lt; 2 &amp; 'so'"),
    ] {
        romeo
            .send(format!(
                "<message to='{}' type='chat' id='m1'><body>{xml}</body></message>",
                juliet.jid
            ))
            .await;
        let message = juliet.message().await;
        assert_eq!(
            message.get("from"),
            Some(romeo.jid.as_str()),
            "the server says who it is from"
        );
        assert_eq!(message.find("body", ns::CLIENT).expect("a body").own_text(), text);
    }
}

#[tokio::test]
async fn messages_arrive_in_the_order_in_which_they_were_sent() {
    let server = Server::start().await;
    let mut romeo = server.user("romeo").await;
    let mut juliet = server.user("juliet").await;
    let all: String = (0..500)
        .map(|number| {
            format!(
                "<message to='{}' type='chat'><body>{number}</body></message>",
                juliet.jid.to_bare()
            )
        })
        .collect();
    romeo.send(all).await;
    for number in 0..500 {
        let message = juliet.message().await;
        assert_eq!(
            message.find("body", ns::CLIENT).expect("a body").own_text(),
            number.to_string()
        );
    }
}
