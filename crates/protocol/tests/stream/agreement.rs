//! What we accept, an independent strict parser accepts, and with the same meaning.

use proptest::prelude::*;

use super::{generator, oracle};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn about_streams(stream in generator::stream()) {
        oracle::check(stream.as_bytes());
    }

    #[test]
    fn about_damaged_streams(bytes in generator::damaged()) {
        oracle::check(&bytes);
    }

    #[test]
    fn about_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        oracle::check(&bytes);
    }
}

/// What once went wrong, and what others got wrong.
#[test]
fn about_known_traps() {
    let open = super::OPEN;
    for inside in [
        "<message><body>\u{1f600}</body></message>",
        "<message xmlns:a='u' xmlns:b='u'><x a:y='1'/><x b:y='2'/></message>",
        "<message><a xmlns='jabber:client&#10;x'/></message>",
        "<message\r\n>\r\n<a b='\r\n'\r\n/>\r\n</message\r\n>",
    ] {
        oracle::check([open, inside].concat().as_bytes());
    }
}
