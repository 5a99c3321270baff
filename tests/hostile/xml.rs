//! Items 1 to 48: XML that is not, that bites, or that has no end.
//!
//! The tokenizer's own tests go through every byte of this; here it is whole connections that must end, or live.

use protocol::ns;
use testkit::wire::header;

use crate::stage::{Expect::*, Phase::*, Row, Stage, Way, on_every_way, row};

on_every_way!(
    restricted, encodings, characters, sizes, namespaces, structure, meaning, strangers
);

const RESTRICTED: &[&str] = &["restricted-xml"];
const MALFORMED: &[&str] = &["not-well-formed"];
const POLICY: &[&str] = &["policy-violation"];
const PREFIX: &[&str] = &["bad-namespace-prefix", "not-well-formed"];

/// The same before authentication and on a bound stream.
fn both(item: u32, send: impl AsRef<[u8]>, allowed: &'static [&'static str]) -> [Row; 2] {
    [Open, Bound].map(|phase| row(item, phase, &send, StreamError(allowed)))
}

/// Inside a message to the victim.
fn message(inside: &str) -> String {
    format!("<message to='{{victim}}' type='chat'>{inside}</message>")
}

/// What the victim gets of such a message.
fn delivers(item: u32, inside: &str, arrives: &str) -> Row {
    row(item, Bound, message(inside), Delivers(arrives.to_owned()))
}

fn restricted() -> Vec<Row> {
    let host = header("hearth.test");
    let bomb: String = (0..20)
        .map(|at| format!("<!ENTITY a{} '&a{at};&a{at};'>", at + 1))
        .collect();
    let bomb = format!("<!DOCTYPE lolz [<!ENTITY a0 'ha'>{bomb}]>");
    let mut rows = vec![
        row(
            1,
            Connected,
            format!("<!DOCTYPE stream>{host}"),
            StreamError(RESTRICTED),
        ),
        row(
            2,
            Connected,
            format!("{bomb}{host}{}", message("<body>&a20;</body>")),
            StreamError(RESTRICTED),
        ),
        row(3, Connected, host.replace("to='", "to='&b;"), StreamError(RESTRICTED)),
        row(7, Connected, format!("<!-- hi -->{host}"), StreamError(RESTRICTED)),
        row(
            8,
            Connected,
            format!("<?xml-stylesheet href='x'?>{host}"),
            StreamError(RESTRICTED),
        ),
        row(
            9,
            Connected,
            format!("<?xml version='1.0'?>{host}"),
            StreamError(&["restricted-xml", "not-well-formed"]),
        ),
    ];
    for (item, inside) in [
        (1, "<!DOCTYPE stream>"),
        (1, "<message><!DOCTYPE x></message>"),
        (2, bomb.as_str()),
        (3, "<message to='{victim}' id='&b;'/>"),
        (4, "<!DOCTYPE x SYSTEM 'file:///etc/passwd'>"),
        (4, "<!DOCTYPE x [<!ENTITY e SYSTEM 'http://127.0.0.1/'>]>"),
        (5, "<!DOCTYPE x [<!ENTITY % p 'x'> %p;]>"),
        (6, "<message to='{victim}'><body>&foo;</body></message>"),
        (7, "<!-- hi -->"),
        (7, "<message to='{victim}'><body>a<!-- b --></body></message>"),
        (8, "<?php echo 1 ?>"),
        (8, "<message to='{victim}'><?x y?></message>"),
        (9, "<?xml version='1.0'?>"),
    ] {
        rows.extend(both(item, inside, &["restricted-xml", "not-well-formed"]));
    }
    rows
}

fn encodings() -> Vec<Row> {
    let host = header("hearth.test");
    let bare = host.replace("<?xml version='1.0'?>", "");
    let wide = |bytes: fn(u16) -> [u8; 2]| bare.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    let encoding = StreamError(&["unsupported-encoding"]);
    vec![
        row(
            10,
            Connected,
            format!("<?xml version='1.1'?>{bare}"),
            StreamError(&["not-well-formed", "bad-format"]),
        ),
        row(
            11,
            Connected,
            format!("<?xml version='1.0' encoding='ISO-8859-1'?>{bare}"),
            encoding.clone(),
        ),
        row(11, Connected, wide(u16::to_le_bytes), encoding.clone()),
        row(11, Connected, wide(u16::to_be_bytes), encoding),
        row(12, Connected, format!("\u{feff}{host}"), Lives).only(&[Way::Clear, Way::DirectTls]),
        row(12, Proven, format!("\u{feff}{host}"), StreamError(MALFORMED)),
        row(12, Connected, format!("\u{feff}\u{feff}{host}"), StreamError(MALFORMED)),
        row(
            17,
            Bound,
            message("<body>\u{1f600}\u{e9}</body>"),
            Delivers("<body>\u{1f600}\u{e9}</body>".into()),
        )
        .in_chunks(3),
        row(
            18,
            Bound,
            message("<body>slow \u{1f600}</body>"),
            Delivers("<body>slow \u{1f600}</body>".into()),
        )
        .in_chunks(1),
        row(18, Connected, host, Lives).in_chunks(1),
    ]
}

fn characters() -> Vec<Row> {
    let mut rows = Vec::new();
    for (item, bytes) in [
        (13, &b"\xc0\x80"[..]),
        (13, b"\xe0\x80\xbc"),
        (14, b"\xc3"),
        (14, b"\xe2\x82"),
        (14, b"\xf0\x9f\x98"),
        (15, b"\xed\xa0\x80"),
        (15, b"\xf4\x90\x80\x80"),
        (16, b"\0"),
        (16, b"\x01"),
        (16, b"&#0;"),
        (16, b"&#x1;"),
        (16, b"&#xD800;"),
        (16, b"\xef\xbf\xbe"),
    ] {
        let text = [&b"<message to='{victim}'><body>"[..], bytes, b"</body></message>"].concat();
        let attribute = [&b"<message to='{victim}' id='"[..], bytes, b"'/>"].concat();
        rows.extend(both(item, text, MALFORMED));
        rows.push(row(item, Bound, attribute, StreamError(MALFORMED)));
    }
    rows
}

fn sizes() -> Vec<Row> {
    let nested = |depth: usize| message(&["<a>".repeat(depth), "</a>".repeat(depth)].concat());
    let attributes = |count: usize| (0..count).map(|at| format!(" a{at}='x'")).collect::<String>();
    let declared = |count: usize| (0..count).map(|at| format!(" xmlns:a{at}='u'")).collect::<String>();
    let long = "x".repeat(1 << 20);
    let mut rows = Vec::new();
    for depth in [64, 10_000] {
        rows.extend(both(19, nested(depth), POLICY));
    }
    rows.extend(both(
        19,
        format!("<message to='{{victim}}'>{}", "<a>".repeat(300_000)),
        POLICY,
    ));
    rows.extend(both(20, format!("<message to='{{victim}}' id='{long}'/>"), POLICY));
    for count in [1000, 100_000] {
        rows.extend(both(21, message(&format!("<a{}/>", attributes(count))), POLICY));
        rows.extend(both(22, message(&format!("<a{}/>", declared(count))), POLICY));
    }
    rows.extend(both(
        23,
        format!("<message to='{{victim}}'><{long}/></message>"),
        POLICY,
    ));
    rows.extend(both(24, message(&format!("<body>{}</body>", long.repeat(3))), POLICY));
    rows.extend(both(25, message(&"<a/>".repeat(16_384)), POLICY));
    rows.push(row(
        41,
        Connected,
        header("hearth.test").replace(" to", &" ".repeat(9_000)),
        StreamError(POLICY),
    ));
    rows.push(row(41, Connected, " ".repeat(9_000), StreamError(POLICY)));
    rows.push(row(41, Open, " ".repeat(65 * 8 * 1024), StreamError(POLICY)));
    rows.extend(both(48, message(&format!("<{}/>", "n".repeat(1025))), POLICY));
    rows.extend(both(48, message(&format!("<a {}=''/>", "n".repeat(1025))), POLICY));
    rows
}

fn namespaces() -> Vec<Row> {
    let host = header("hearth.test");
    let wrong = StreamError(&["invalid-namespace"]);
    let mut rows = vec![
        row(
            31,
            Connected,
            host.replace("http://etherx.jabber.org/streams", "urn:x"),
            wrong.clone(),
        ),
        row(32, Connected, host.replace("jabber:client", "jabber:server"), wrong),
        row(
            30,
            Bound,
            "<message xmlns='jabber:client&#10;x' to='{victim}'/>",
            StreamError(&["unsupported-stanza-type"]),
        ),
        row(
            30,
            Bound,
            "<message xmlns='jabber:client:x' to='{victim}'/>",
            StreamError(&["unsupported-stanza-type"]),
        ),
        delivers(33, "<a xmlns=''><b/></a>", "<a xmlns=''><b/></a>"),
        row(
            34,
            Bound,
            "<c:message xmlns:c='jabber:client' to='{victim}' type='chat'><c:body>hi</c:body><x xmlns='u'/></c:message>",
            Delivers("<body>hi</body><x xmlns='u'/>".into()),
        ),
    ];
    for (item, inside, allowed) in [
        (26, "<message to='{victim}' id='1' id='1'/>", MALFORMED),
        (
            27,
            "<message to='{victim}'><x xmlns:a='u' xmlns:b='u' a:y='' b:y=''/></message>",
            MALFORMED,
        ),
        (28, "<a:message to='{victim}'/>", PREFIX),
        (28, "<message to='{victim}' a:b='c'/>", PREFIX),
        (29, "<message to='{victim}' xmlns:xml='urn:x'/>", PREFIX),
        (29, "<message to='{victim}' xmlns:xmlns='urn:x'/>", PREFIX),
        (29, "<message to='{victim}' xmlns:stream='urn:x'/>", PREFIX),
    ] {
        rows.extend(both(item, inside, allowed));
    }
    rows
}

fn structure() -> Vec<Row> {
    let mut rows = Vec::new();
    for (item, inside, allowed) in [
        (35, "<message to='{victim}'></presence>", MALFORMED),
        (35, "<message to='{victim}'><a><b></a></b></message>", MALFORMED),
        (36, "</x>", &["not-well-formed", "bad-format"][..]),
        (37, "<message to='{victim}'><body>]]></body></message>", MALFORMED),
        (37, "<message to='{victim}' id='<'/>", MALFORMED),
        (40, "hello<presence/>", &["bad-format", "not-well-formed"]),
        (40, "&#32;", &["bad-format", "not-well-formed"]),
        (
            42,
            "<message to='{victim}'><body><stream:stream/></body></message>",
            &["bad-format"],
        ),
        (
            42,
            "<message to='{victim}'><stream:features/></message>",
            &["bad-format"],
        ),
        (
            42,
            "<message to='{victim}'><x xmlns:s='http://etherx.jabber.org/streams'><s:error/></x></message>",
            &["bad-format"],
        ),
    ] {
        rows.extend(both(item, inside, allowed));
    }
    rows
}

fn meaning() -> Vec<Row> {
    let long = "n".repeat(1024);
    vec![
        delivers(
            38,
            "<body><![CDATA[<b>&amp;]]>!</body>",
            "<body>&lt;b&gt;&amp;amp;!</body>",
        ),
        delivers(39, "<a b='1\r\n2\r3\n4\t5'>\r\n6\r7</a>", "<a b='1 2 3 4 5'>\n6\n7</a>"),
        delivers(
            48,
            "<\u{e9}.\u{b7}-1 \u{65e5}='\u{672c}'/>",
            "<\u{e9}.\u{b7}-1 \u{65e5}='\u{672c}'/>",
        ),
        delivers(48, &format!("<{long} {long}=''/>"), &format!("<{long} {long}=''/>")),
        row(41, Bound, " \n".repeat(50_000), Silence),
    ]
}

fn strangers() -> Vec<Row> {
    let http = "GET / HTTP/1.1\r\nHost: hearth.test\r\n\r\n";
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    let mut rows = vec![
        row(43, Connected, http, StreamError(MALFORMED)),
        row(43, Connected, hello, StreamError(MALFORMED)),
        row(43, Connected, "SSH-2.0-OpenSSH_9.2\r\n", StreamError(MALFORMED)),
    ];
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..40 {
        let noise: Vec<u8> = std::iter::repeat_with(|| random(&mut seed)).take(200).collect();
        // A first byte that can not be white space, so that each of them is refused.
        let noise = [&b"\xff"[..], &noise].concat();
        rows.push(row(
            44,
            Connected,
            &noise,
            StreamError(&["not-well-formed", "unsupported-encoding"]),
        ));
        rows.push(row(44, Bound, &noise, StreamError(&["not-well-formed", "bad-format"])));
    }
    rows
}

fn random(seed: &mut u64) -> u8 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    seed.to_le_bytes()[3]
}

/// Items 46 and 47: whoever begins and does not end is waited for, but not for ever.
#[tokio::test]
async fn the_slow_are_sent_away() {
    let hurry = |setup: &mut testkit::server::Setup| {
        setup.c2s.negotiation_secs = 5;
        setup.c2s.stanza_timeout_secs = 1;
    };
    for way in Way::ALL {
        let mut stage = Stage::with(*way, hurry).await;
        let mut bound = stage.enter(Bound).await;
        bound.send(b"<message to='{victim}'><body>", 0).await;
        bound
            .expects(&StreamError(&["connection-timeout"]), "item 46, bound")
            .await;

        let mut slow = Vec::new();
        for number in 0..50 {
            let mut wire = stage.connect().await;
            wire.send(&header("hearth.test")[..number + 1]).await;
            slow.push(crate::stage::Actor::new(wire, &stage.mallory, 0));
        }
        let mut midway = stage.enter(Open).await;
        midway.send(format!("<auth xmlns='{}'", ns::SASL).as_bytes(), 0).await;
        stage.chat_goes_on("item 47").await;
        midway.expects(&Cut, "item 46, before authentication").await;
        for mut wire in slow {
            wire.expects(&Cut, "item 47").await;
        }
        stage.chat_goes_on("item 47, after").await;
        stage.is_clear().await;
    }
}
