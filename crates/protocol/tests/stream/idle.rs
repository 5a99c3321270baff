//! What a connection costs while nothing is said.

use protocol::{
    ns,
    stream::{Limits, Tokenizer},
};

use super::{OPEN, read_with};

#[test]
fn an_idle_stream_holds_no_buffer() {
    assert!(size_of::<Tokenizer>() <= 128, "{} bytes", size_of::<Tokenizer>());
    let mut tokenizer = Tokenizer::new(ns::CLIENT, Limits::client());
    let message = format!("<message><body>{}</body></message>", "x".repeat(100_000));
    for bytes in [
        OPEN,
        &message,
        "  \n",
        "<presence/>",
        "<r xmlns='urn:xmpp:sm:3'/> ",
        &message,
    ] {
        read_with(&mut tokenizer, bytes.as_bytes(), 1000);
        assert!(!tokenizer.is_partial(), "after {} bytes", bytes.len());
    }
    for bytes in ["<", "presence", ">", " ", "<show>"] {
        read_with(&mut tokenizer, bytes.as_bytes(), 1000);
        assert!(tokenizer.is_partial(), "after {bytes}");
    }
}
