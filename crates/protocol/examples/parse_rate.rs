//! How long the parser and the writer take for what a chat server sees most.
//!
//! `cargo run --release -p protocol --example parse_rate`. Beside ours stands what quick-xml alone takes for the
//! events of the same bytes, without any check: figures depend on the machine, ratios less so.

use std::{hint::black_box, time::Instant};

use protocol::{
    Stanza, ns,
    stream::{Frame, Limits, Tokenizer, tree},
};

const OPEN: &[u8] = b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>";

const CHAT: &str = "<message to='juliet@example.org/balcony' from='romeo@example.org/orchard' \
    id='5f0c0c2e-7d4e-4b1c-a7a6-0d5b1d5b8f10' type='chat'><body>Art thou not Romeo, and a Montague? Neither, fair \
    saint.</body><active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/>\
    <markable xmlns='urn:xmpp:chat-markers:0'/><origin-id xmlns='urn:xmpp:sid:0' \
    id='5f0c0c2e-7d4e-4b1c-a7a6-0d5b1d5b8f10'/></message>";

const ESCAPED: &str = "<message to=\"juliet@example.org\" id=\"m1\" type=\"chat\" xmlns=\"jabber:client\">\
    <body>It&apos;s &quot;fine&quot; &amp; \u{43e}\u{43a}\n\u{1f600}</body></message>";

const PRESENCE: &str = "<presence><show>away</show><priority>1</priority><c xmlns='http://jabber.org/protocol/caps' \
    hash='sha-1' node='https://example.org/client' ver='QgayPKawpkPSDYmwT/WM94uAlu0='/></presence>";

const ACK: &str = "<a xmlns='urn:xmpp:sm:3' h='4711'/>";

const ROUNDS: u32 = 1000;
const RUNS: u32 = 1000;

fn main() {
    for (name, xml) in [
        ("chat", CHAT),
        ("escaped", ESCAPED),
        ("presence", PRESENCE),
        ("ack", ACK),
    ] {
        println!("{name}, {} bytes", xml.len());
        parsing(xml);
        if let Some(stanza) = stanza(xml) {
            writing(&stanza);
        }
    }
}

fn parsing(xml: &str) {
    let many = xml.repeat(16);
    let mut tokenizer = open();
    report("  bytes to frame, sixteen in a read", 16, || {
        let mut input = black_box(many.as_bytes());
        while let Ok(Some(frame)) = tokenizer.next(&mut input) {
            black_box(&frame);
        }
    });
    report("  bytes to frame, one in a read", 1, || {
        let mut input = black_box(xml.as_bytes());
        black_box(tokenizer.next(&mut input)).ok();
    });
    let (front, back) = xml.split_at(xml.len() / 2);
    report("  bytes to frame, in two reads", 1, || {
        for mut part in [black_box(front.as_bytes()), back.as_bytes()] {
            black_box(tokenizer.next(&mut part)).ok();
        }
    });
    report("  bytes to tree", 1, || {
        black_box(tree::parse(black_box(xml.as_bytes()), ns::CLIENT)).ok();
    });
    report("  quick-xml, events only", 1, || {
        let mut reader = quick_xml::Reader::from_reader(black_box(xml.as_bytes()));
        while let Ok(event) = reader.read_event() {
            if matches!(black_box(event), quick_xml::events::Event::Eof) {
                break;
            }
        }
    });
}

fn writing(stanza: &Stanza) {
    let mut out = Vec::with_capacity(4096);
    report("  stanza to bytes", 1, || {
        out.clear();
        black_box(stanza).write(&mut out);
        black_box(&out);
    });
    report("  clone and drop", 1, || {
        black_box(black_box(stanza).clone());
    });
}

fn open() -> Tokenizer {
    let mut tokenizer = Tokenizer::new(ns::CLIENT, Limits::client());
    let opened = tokenizer.next(&mut &*OPEN);
    assert!(matches!(opened, Ok(Some(Frame::Open(_)))), "{opened:?}");
    tokenizer
}

fn stanza(xml: &str) -> Option<Stanza> {
    match open().next(&mut xml.as_bytes()) {
        Ok(Some(Frame::Stanza(stanza))) => Some(stanza),
        _ => None,
    }
}

/// Prints the best of many short runs, which is the one that nothing else on the machine disturbed.
fn report(name: &str, items: u32, mut act: impl FnMut()) {
    let rounds = (ROUNDS / items).max(1);
    let best = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            (0..rounds).for_each(|_| act());
            start.elapsed() / (rounds * items)
        })
        .min()
        .unwrap_or_default();
    println!("{name:40} {best:?}");
}
