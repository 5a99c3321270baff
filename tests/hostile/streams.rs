//! Items 49 to 72: headers, restarts, ends, and what may not be said when.

use std::collections::HashSet;

use protocol::ns;
use testkit::{
    server::{HOST, Server, Setup},
    wire::{Seen, Wire, header},
};

use crate::stage::{Expect::*, OTHER_HOST, Phase::*, Row, Stage, Way, header_with, on_every_way, row};

on_every_way!(headers, restarts, out_of_turn, ends);

fn headers() -> Vec<Row> {
    let host = header(HOST);
    let to = |to: &str| header(to);
    let address = StreamError(&["host-unknown", "improper-addressing"]);
    let version = |text: &str| host.replace(" version='1.0' xmlns", &format!("{text} xmlns"));
    vec![
        row(49, Connected, host.replace(" to='hearth.test'", ""), address.clone()),
        row(50, Connected, to("unknown.test"), StreamError(&["host-unknown"])),
        row(51, Connected, to("hearth.test/resource"), address.clone()),
        row(51, Connected, to("user@hearth.test"), address.clone()),
        row(51, Connected, to("xn--a.test"), address.clone()),
        row(51, Connected, to(&"a".repeat(1024)), address.clone()),
        row(51, Connected, to(""), address),
        row(51, Connected, to("HEARTH.TEST"), Lives),
        row(52, Connected, version(""), StreamError(&["unsupported-version"])),
        row(
            52,
            Connected,
            version(" version='0.9'"),
            StreamError(&["unsupported-version"]),
        ),
        row(53, Connected, version(" version='99.1'"), Lives),
        row(
            53,
            Connected,
            version(" version='abc'"),
            StreamError(&["unsupported-version", "bad-format"]),
        ),
        row(
            53,
            Connected,
            version(" version='1'"),
            StreamError(&["unsupported-version", "bad-format"]),
        ),
        row(
            54,
            Connected,
            "<message xmlns='jabber:client'/>",
            StreamError(&["bad-format", "invalid-namespace"]),
        ),
        row(
            54,
            Connected,
            host.replace("stream:stream", "stream:strom"),
            StreamError(&["bad-format", "invalid-namespace"]),
        ),
        row(54, Connected, host.replace("'>", "'/>"), StreamError(&["bad-format"])),
        row(
            56,
            Connected,
            header_with(HOST, &format!("xml:lang='{}'", "a".repeat(5_000))),
            Lives,
        ),
        row(56, Connected, header_with(HOST, "xml:lang='&lt;script&gt;'"), Lives),
    ]
}

fn restarts() -> Vec<Row> {
    let mallory = |from: &str| header_with(HOST, &format!("from='{from}'"));
    // After success a header is due: whatever else comes first is no stream, as in item 54.
    let no_stream = StreamError(&["not-authorized", "policy-violation", "bad-format", "invalid-namespace"]);
    let bind = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
    vec![
        row(58, Proven, bind, no_stream.clone()),
        row(
            58,
            Proven,
            "<message to='{victim}'><body>hi</body></message>",
            no_stream,
        ),
        row(59, Proven, header(OTHER_HOST), StreamError(&["host-unknown"])),
        row(59, Proven, mallory("{victim_bare}"), StreamError(&["invalid-from"])),
        row(59, Proven, mallory("{me_bare}"), Lives),
    ]
}

fn out_of_turn() -> Vec<Row> {
    let again = StreamError(&["bad-format", "policy-violation"]);
    let starttls = format!("<starttls xmlns='{}'/>", ns::TLS);
    let mut rows = Vec::new();
    for phase in [Open, Authenticated, Bound] {
        let header = header(HOST).replace("<?xml version='1.0'?>", "");
        rows.push(row(57, phase, header, again.clone()));
        rows.push(row(57, phase, "<stream:stream>", again.clone()));
    }
    for stanza in [
        "<message to='{victim}'><body>hi</body></message>",
        "<presence to='{victim}'/>",
        "<presence/>",
        "<iq type='get' id='1' to='{victim}'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>",
        "<iq type='set' id='1'><query xmlns='jabber:iq:register'><username>x</username><password>y</password></query></iq>",
        "<iq type='foo'/>",
        "<r xmlns='urn:xmpp:sm:3'/>",
        "<active xmlns='urn:xmpp:csi:0'/>",
        "<unknown xmlns='urn:x'/>",
    ] {
        rows.push(row(60, Open, stanza, StreamError(&["not-authorized"])));
    }
    for stanza in [
        "<message to='{victim}'><body>hi</body></message>",
        "<presence/>",
        "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>",
        "<unknown xmlns='urn:x'/>",
    ] {
        rows.push(row(61, Authenticated, stanza, StreamError(&["not-authorized"])));
    }
    let late = StreamError(&["policy-violation"]);
    rows.push(row(66, Open, &starttls, late.clone()).only(Way::ENCRYPTED));
    rows.push(row(66, Authenticated, &starttls, late.clone()));
    rows.push(row(66, Bound, &starttls, late));
    rows
}

fn ends() -> Vec<Row> {
    let mut rows = Vec::new();
    for phase in [Open, Authenticated, Bound] {
        rows.push(row(63, phase, "</stream:stream>", Closed));
        rows.push(row(
            62,
            phase,
            "</stream:stream><message to='{victim}'><body>hi</body></message>",
            Closed,
        ));
    }
    rows
}

/// Item 55.
#[tokio::test]
async fn stream_ids_are_long_and_never_the_same() {
    let stage = Stage::set(Way::Clear).await;
    let mut ids = HashSet::new();
    for _ in 0..300 {
        let mut wire = stage.connect().await;
        wire.send(header(HOST)).await;
        let Seen::Open(Some(id)) = wire.next().await else {
            panic!("item 55: a header without an id");
        };
        assert!(id.len() >= 22, "item 55: {id} has not 128 bits");
        assert!(ids.insert(id), "item 55: an id came twice");
    }
    stage.is_clear().await;
}

/// Item 63: whoever says good-bye does not come back.
#[tokio::test]
async fn a_closed_stream_is_not_resumed() {
    for way in Way::ALL {
        let mut stage = Stage::set(*way).await;
        let mut actor = stage.enter(Bound).await;
        let id = enabled(&mut actor.wire).await;
        actor.send(b"</stream:stream>", 0).await;
        actor.expects(&Closed, "item 63").await;
        let resume = format!("<resume xmlns='{}' h='0' previd='{id}'/>", ns::STREAM_MANAGEMENT);
        stage
            .play(&row(63, Authenticated, resume, Answer("failed", ns::STREAM_MANAGEMENT)))
            .await;
        stage.is_clear().await;
    }
}

/// Item 64: whoever goes without a word is waited for where that was agreed, and else gone at once.
#[tokio::test]
async fn a_lost_connection_is_noticed() {
    for way in Way::ALL {
        let mut stage = Stage::set(*way).await;
        let mut actor = stage.enter(Bound).await;
        let full = actor.jid.clone();
        actor.wire.finish().await;
        drop(actor);
        stage.is_clear().await;
        assert!(stage.server.router.directory().find(&full).is_none());

        let mut actor = stage.enter(Bound).await;
        let full = actor.jid.clone();
        let id = enabled(&mut actor.wire).await;
        actor.wire.finish().await;
        drop(actor);
        let mut back = stage.enter(Authenticated).await;
        let resume = format!("<resume xmlns='{}' h='0' previd='{id}'/>", ns::STREAM_MANAGEMENT);
        back.send(resume.as_bytes(), 0).await;
        assert!(
            back.wire.element().await.is("resumed", ns::STREAM_MANAGEMENT),
            "item 64"
        );
        assert!(stage.server.router.directory().find(&full).is_some(), "item 64");
        back.send(b"</stream:stream>", 0).await;
        back.expects(&Closed, "item 64").await;
        stage.is_clear().await;
    }
}

async fn enabled(wire: &mut Wire) -> String {
    wire.send(format!("<enable xmlns='{}' resume='true'/>", ns::STREAM_MANAGEMENT))
        .await;
    let enabled = wire.element().await;
    enabled.get("id").expect("the stream can be resumed").to_owned()
}

/// Item 65: what is sent in the clear behind `<starttls/>` never counts, and ends the connection.
#[tokio::test]
async fn nothing_is_smuggled_behind_starttls() {
    let mut stage = Stage::set(Way::Clear).await;
    let starttls = format!("<starttls xmlns='{}'/>", ns::TLS);
    let victim = stage.victim().clone();
    for behind in [
        format!("<message to='{victim}'><body>hi</body></message>"),
        format!("<auth xmlns='{}' mechanism='PLAIN'>AGEAYg==</auth>", ns::SASL),
        header(HOST),
        " ".to_owned(),
    ] {
        stage.play(&row(65, Open, format!("{starttls}{behind}"), Cut)).await;
    }
    stage.is_clear().await;
}

/// Item 67: where TLS is required, a password in the clear is refused before it is looked at.
#[tokio::test]
async fn no_login_without_required_encryption() {
    let mut stage = Stage::with(Way::Clear, |setup: &mut Setup| setup.c2s.is_tls_required = true).await;
    let plain = format!("<auth xmlns='{}' mechanism='PLAIN'>AGEAYg==</auth>", ns::SASL);
    let mut actor = stage.enter(Open).await;
    actor.send(plain.as_bytes(), 0).await;
    let failure = actor.wire.element().await;
    assert!(failure.is("failure", ns::SASL), "item 67: {failure:?}");
    assert!(
        failure.find("encryption-required", ns::SASL).is_some(),
        "item 67: {failure:?}"
    );
    let sasl2 = format!("<authenticate xmlns='{}' mechanism='PLAIN'/>", ns::SASL2);
    stage
        .play(&row(
            67,
            Open,
            sasl2,
            StreamError(&["policy-violation", "not-authorized"]),
        ))
        .await;
    drop(actor);
    stage.is_clear().await;
}

/// Item 70: the name in the TLS handshake chooses a certificate, the header's `to` chooses the host.
#[tokio::test]
async fn the_header_decides_which_host_it_is() {
    let server = Server::with(Setup {
        more_hosts: vec![OTHER_HOST.to_owned()],
        ..Setup::default()
    })
    .await;
    for name in [OTHER_HOST, "unknown.test"] {
        let mut wire = Wire::tls(server.direct_tls, name)
            .await
            .expect("item 70: any name gets a certificate");
        let features = wire.open(HOST).await;
        assert!(features.find("mechanisms", ns::SASL).is_some(), "item 70");
    }
}
