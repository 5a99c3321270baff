//! Any bytes of a client's stream mean the same to an independent strict parser.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/stream/oracle.rs"]
mod oracle;

const OPEN: &[u8] = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' xmlns:a='urn:a'>";

fuzz_target!(|data: &[u8]| {
    match data.split_first() {
        // Half of the time the header is there already, and the fuzzer can try its luck with stanzas.
        Some((control, bytes)) if control & 1 == 1 => oracle::check(&[OPEN, bytes].concat()),
        Some((_, bytes)) => oracle::check(bytes),
        None => {}
    }
});
