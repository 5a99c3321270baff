//! XEP-0388 with XEP-0386, XEP-0198, XEP-0484 and XEP-0480: from the first word to the bound resource at once.

use protocol::{
    Element, Jid, ns,
    sasl::{hashed_token, payload, scram::Hash},
};
use testkit::{
    client::Connect,
    managed::{Managed, bodies, condition},
    server::{HOST, PASSWORD, Server},
    street::Street,
    wire::Wire,
};

use crate::scram;

const PHONE: &str = "d4565fa7-4d72-4749-b3d3-740edbf87770";
const LAPTOP: &str = "a1b2c3d4-4d72-4749-b3d3-740edbf87770";
const MECHANISM: &str = "SCRAM-SHA-256-PLUS";
const TOKEN: &str = "HT-SHA-256-EXPR";
const BIND: &str = "<bind xmlns='urn:xmpp:bind:0'><tag>Phone</tag>\
                    <enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>";
const REQUEST_TOKEN: &str = "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-EXPR'/>";

async fn connect(server: &Server) -> (Wire, Element) {
    Connect::DirectTls(server.direct_tls).open(HOST).await
}

fn authenticate(mechanism: &str, initial: &[u8], client: &str, wishes: &str) -> String {
    format!(
        "<authenticate xmlns='{}' mechanism='{mechanism}'><initial-response>{}</initial-response>\
         <user-agent id='{client}'><software>Story</software></user-agent>{wishes}</authenticate>",
        ns::SASL2,
        payload::encode_initial(initial)
    )
}

/// Logs in by password and asks for things: the server's word after the exchange.
async fn by_password(wire: &mut Wire, account: &Jid, wishes: &str) -> Element {
    let scram = scram::client(MECHANISM, account.local().expect("accounts have names"), wire);
    wire.send(authenticate(MECHANISM, scram.first().as_bytes(), PHONE, wishes))
        .await;
    let proof = match scram::answer(wire, ns::SASL2, &scram, PASSWORD).await {
        Ok(proof) => proof,
        Err(other) => return other,
    };
    let last = wire.element().await;
    if let Some(data) = last.find("additional-data", ns::SASL2) {
        assert_eq!(scram::text(data), proof, "the server proves that it knows the password");
    }
    last
}

/// Logs in by token.
async fn by_token(wire: &mut Wire, account: &Jid, token: &str, client: &str) -> Element {
    let exporter = wire.tls_exporter().expect("the connection is encrypted");
    let user = account.local().expect("accounts have names");
    let initial = hashed_token::initiator(user, token, &exporter);
    let wishes = format!("<fast xmlns='{}'/>{BIND}", ns::FAST);
    wire.send(authenticate(TOKEN, &initial, client, &wishes)).await;
    let last = wire.element().await;
    if let Some(data) = last.find("additional-data", ns::SASL2) {
        let proof = hashed_token::responder(token, &exporter);
        assert_eq!(scram::bytes(data), &*proof, "the server proves that it knows the token");
    }
    last
}

fn identifier(success: &Element) -> Jid {
    assert!(success.is("success", ns::SASL2), "{}", success.to_xml());
    let identifier = success.find("authorization-identifier", ns::SASL2).expect("who it is");
    identifier.own_text().parse().expect("an address")
}

fn bound(success: &Element) -> &Element {
    let bound = success.find("bound", ns::BIND2);
    bound.unwrap_or_else(|| panic!("no resource in {}", success.to_xml()))
}

/// The stream that a login has bound, with stream management on.
async fn managed(mut wire: Wire, success: &Element) -> Managed {
    let enabled = bound(success)
        .find("enabled", ns::STREAM_MANAGEMENT)
        .expect("it was asked for");
    let id = enabled.get("id").map(str::to_owned);
    assert!(
        wire.element().await.is("features", ns::STREAM),
        "features follow success"
    );
    Managed::new(identifier(success), wire, id)
}

#[tokio::test]
async fn one_exchange_leads_to_a_bound_and_managed_stream() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    let (mut wire, features) = connect(&server).await;
    let offer = features.find("authentication", ns::SASL2).expect("SASL2 is offered");
    let inline = offer.find("inline", ns::SASL2).expect("and things to ask for");
    for (name, ns) in [("bind", ns::BIND2), ("sm", ns::STREAM_MANAGEMENT), ("fast", ns::FAST)] {
        assert!(inline.find(name, ns).is_some(), "{name}");
    }
    let success = by_password(&mut wire, &account, BIND).await;
    let full = identifier(&success);
    assert_eq!(full.to_bare(), account);
    let resource = full.resource().expect("it is bound");
    assert!(
        resource.starts_with("Phone~") && !resource.contains(PHONE),
        "{resource}"
    );
    let mut juliet = managed(wire, &success).await;
    assert!(juliet.id().is_some(), "resumption was asked for");
    juliet.send("<presence/>").await;
    assert_eq!(juliet.stanza().await.get("from"), Some(full.as_str()));
    juliet.settle().await;

    // The same client comes again: its new stream takes the place of the old one.
    let (mut wire, _) = connect(&server).await;
    let again = by_password(&mut wire, &account, BIND).await;
    assert_eq!(identifier(&again), full);
    assert_eq!(juliet.end().await.as_ref().map(condition), Some("conflict"));
}

#[tokio::test]
async fn without_a_resource_the_stream_waits_for_one() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    let (mut wire, _) = connect(&server).await;
    let success = by_password(&mut wire, &account, "").await;
    assert_eq!(identifier(&success), account);
    let features = wire.element().await;
    assert!(features.find("bind", ns::BIND).is_some(), "on the same stream");
    wire.send(format!("<iq type='set' id='b'><bind xmlns='{}'/></iq>", ns::BIND))
        .await;
    assert_eq!(wire.element().await.get("type"), Some("result"));
}

#[tokio::test]
async fn a_lost_stream_is_resumed_with_the_login() {
    let server = Server::start().await;
    resumed_with_the_login(&server, &server).await;
}

#[tokio::test]
async fn a_lost_stream_is_resumed_with_the_login_at_another_server() {
    let street = Street::open(2).await;
    resumed_with_the_login(street.server(1), street.server(2)).await;
}

async fn resumed_with_the_login(server: &Server, other: &Server) {
    let account = server.account("juliet").await;
    let mut romeo = Managed::user(server, "romeo").await;
    let (mut wire, _) = connect(server).await;
    let success = by_password(&mut wire, &account, BIND).await;
    let juliet = managed(wire, &success).await;
    let lost = juliet.cut();
    romeo.say(&lost.jid, 1..=3).await;
    romeo.settle().await;

    let (mut wire, _) = connect(other).await;
    let wishes = format!(
        "{BIND}<resume xmlns='{}' previd='{}' h='{}'/>",
        ns::STREAM_MANAGEMENT,
        lost.id,
        lost.received
    );
    let success = by_password(&mut wire, &account, &wishes).await;
    assert!(
        success.find("resumed", ns::STREAM_MANAGEMENT).is_some(),
        "{}",
        success.to_xml()
    );
    assert!(
        success.find("bound", ns::BIND2).is_none(),
        "there is a resource already"
    );
    assert_eq!(identifier(&success), lost.jid);
    assert!(wire.element().await.is("features", ns::STREAM));
    let mut juliet = lost.on(wire);
    assert_eq!(bodies(&juliet.all().await), [1, 2, 3]);
}

#[tokio::test]
async fn a_stream_that_is_gone_is_replaced_with_the_login() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    let (mut wire, _) = connect(&server).await;
    let wishes = format!("{BIND}<resume xmlns='{}' previd='gone' h='0'/>", ns::STREAM_MANAGEMENT);
    let success = by_password(&mut wire, &account, &wishes).await;
    let failed = success.find("failed", ns::STREAM_MANAGEMENT).expect("it is not there");
    assert_eq!(condition(failed), "item-not-found");
    let mut juliet = managed(wire, &success).await;
    assert_eq!(juliet.all().await, []);
}

/// Logs in by password and takes a token along.
async fn token(server: &Server, account: &Jid) -> String {
    let (mut wire, _) = connect(server).await;
    let success = by_password(&mut wire, account, REQUEST_TOKEN).await;
    let token = success.find("token", ns::FAST).expect("it was asked for");
    assert!(token.get("expiry").is_some());
    token.get("token").expect("the token itself").to_owned()
}

#[tokio::test]
async fn a_token_spares_the_password() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    let token = token(&server, &account).await;
    let (mut wire, _) = connect(&server).await;
    let success = by_token(&mut wire, &account, &token, PHONE).await;
    assert_eq!(identifier(&success).to_bare(), account);
    let mut juliet = managed(wire, &success).await;
    assert_eq!(juliet.all().await, []);
}

#[tokio::test]
async fn a_token_is_good_for_its_client_and_account_alone() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    let romeo = server.account("romeo").await;
    let token = token(&server, &account).await;
    let wrong = format!("{token}x");
    for (who, token, client) in [
        (&account, wrong.as_str(), PHONE),
        (&account, token.as_str(), LAPTOP),
        (&romeo, token.as_str(), PHONE),
    ] {
        let (mut wire, _) = connect(&server).await;
        let refused = by_token(&mut wire, who, token, client).await;
        assert!(refused.is("failure", ns::SASL2), "{}", refused.to_xml());
        assert_eq!(condition(&refused), "not-authorized");
        // The password still opens, on the same stream.
        let success = by_password(&mut wire, who, BIND).await;
        assert_eq!(identifier(&success).to_bare(), *who);
    }
}

#[tokio::test]
async fn a_new_password_ends_all_tokens() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    let token = token(&server, &account).await;
    let found = server
        .router
        .accounts()
        .find(&account)
        .await
        .expect("the database works");
    let id = found.expect("it was just made").id;
    let changed = server.authenticator.change_password(id, "a new one").await;
    changed.expect("the password is a good one");
    let (mut wire, _) = connect(&server).await;
    let refused = by_token(&mut wire, &account, &token, PHONE).await;
    assert_eq!(condition(&refused), "not-authorized");
}

#[tokio::test]
async fn a_client_that_can_brings_better_keys() {
    const TASK: &str = "UPGR-SCRAM-SHA-256";
    const ITERATIONS: u32 = 8192;
    let server = Server::start().await;
    let account = server.account("juliet").await;
    let mut dearer = server.authenticator.settings().as_ref().clone();
    dearer.iterations = ITERATIONS;
    server.authenticator.set_settings(dearer);

    let (mut wire, features) = connect(&server).await;
    let offer = features.find("authentication", ns::SASL2).expect("SASL2 is offered");
    let upgrade = offer.find("upgrade", ns::SASL_UPGRADE).expect("upgrades are offered");
    assert_eq!(upgrade.own_text(), TASK);
    let wish = format!("<upgrade xmlns='{}'>{TASK}</upgrade>{BIND}", ns::SASL_UPGRADE);
    let proceed = by_password(&mut wire, &account, &wish).await;
    assert!(proceed.is("continue", ns::SASL2), "{}", proceed.to_xml());
    let tasks = proceed.find("tasks", ns::SASL2).expect("what is to be done");
    assert_eq!(tasks.elements().map(Element::own_text).collect::<Vec<_>>(), [TASK]);
    wire.send(format!("<next xmlns='{}' task='{TASK}'/>", ns::SASL2)).await;
    let data = wire.element().await;
    let salt = data
        .find("salt", "urn:xmpp:scram-upgrade:0")
        .expect("what to stretch with");
    assert_eq!(salt.get("iterations"), Some(ITERATIONS.to_string().as_str()));
    let stretched = Hash::Sha256.stretch(PASSWORD.as_bytes(), &scram::bytes(salt), ITERATIONS);
    wire.send(format!(
        "<task-data xmlns='{}'><hash xmlns='urn:xmpp:scram-upgrade:0'>{}</hash></task-data>",
        ns::SASL2,
        payload::encode(&stretched)
    ))
    .await;
    let success = wire.element().await;
    assert_eq!(identifier(&success).to_bare(), account);
    bound(&success);

    // From now on the server asks for the new keys, and for no task.
    let (mut wire, _) = connect(&server).await;
    let success = by_password(&mut wire, &account, &wish).await;
    assert_eq!(identifier(&success).to_bare(), account);
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_nothing_is_bound() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    let (mut wire, _) = connect(&server).await;
    let message = format!("\0{}\0wrong", account.local().expect("accounts have names"));
    wire.send(authenticate("PLAIN", message.as_bytes(), PHONE, BIND)).await;
    let refused = wire.element().await;
    assert!(refused.is("failure", ns::SASL2), "{}", refused.to_xml());
    assert_eq!(condition(&refused), "not-authorized");
    assert!(refused.find("bound", ns::BIND2).is_none());
}
