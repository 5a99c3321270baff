//! Any text that is a JID is prepared, once and for all.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::Jid;

fuzz_target!(|text: &str| {
    let Ok(jid) = text.parse::<Jid>() else { return };
    assert_eq!(jid.as_str().parse::<Jid>().as_ref(), Ok(&jid));
    assert_eq!(Jid::from_parts(jid.local(), jid.domain(), jid.resource()).as_ref(), Ok(&jid));
    assert_eq!(jid.to_bare().as_str(), jid.bare_str());
    assert!(jid.to_bare().is_bare());
    assert_eq!(jid.to_domain().as_str(), jid.domain());
    if let Some(resource) = jid.resource() {
        assert_eq!(jid.to_bare().with_resource(resource).as_ref(), Ok(&jid));
    }
});
