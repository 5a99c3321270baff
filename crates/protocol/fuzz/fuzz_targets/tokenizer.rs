//! Any bytes, in any chunks, under any limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::{
    ns,
    stream::{Frame, Limits, Tokenizer, document, tree},
};

fuzz_target!(|data: &[u8]| {
    let Some((&control, bytes)) = data.split_first() else { return };
    let (limits, content_ns) = match control & 3 {
        0 => (Limits::before_authentication(), ns::CLIENT),
        1 => (Limits::client(), ns::CLIENT),
        2 => (Limits::server(), ns::SERVER),
        _ => (TIGHT, ns::CLIENT),
    };
    let whole = read(bytes, bytes.len().max(1), content_ns, limits);
    let parts = read(bytes, usize::from(control >> 2) + 1, content_ns, limits);
    assert_eq!(whole, parts);
    let _ = document(bytes, content_ns, limits);
    let _ = tree::parse_within(bytes, "", limits);
});

const TIGHT: Limits = Limits {
    stanza_bytes: 200,
    depth: 3,
    nodes: 8,
    attributes: 4,
    namespaces: 2,
    name_bytes: 12,
};

fn read(bytes: &[u8], chunk: usize, content_ns: &'static str, limits: Limits) -> Vec<String> {
    let mut tokenizer = Tokenizer::new(content_ns, limits);
    let mut seen = Vec::new();
    for mut input in bytes.chunks(chunk) {
        loop {
            match tokenizer.next(&mut input) {
                Ok(Some(frame)) => {
                    check(&frame, limits);
                    seen.push(format!("{frame:?}"));
                }
                Ok(None) => break,
                Err(error) => seen.push(format!("{:?}", error.condition)),
            }
        }
        assert!(input.is_empty());
    }
    seen
}

fn check(frame: &Frame, limits: Limits) {
    if let Frame::Stanza(stanza) = frame {
        assert!(stanza.children.len() < limits.nodes);
        for child in &stanza.children {
            let element = child.to_element();
            assert_eq!(child.text(), element.own_text());
            assert_eq!(protocol::Child::from_element(&element), *child);
        }
    }
}
