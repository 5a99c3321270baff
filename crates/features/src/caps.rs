//! XEP-0115: Entity Capabilities. A client that has met this server before need not ask what it can do.

use std::sync::{Arc, OnceLock};

use protocol::{ns, xep::disco};
use router::{Disco, Feature, Hooks, Xep};

use crate::host_info::{NODE, host_info};

/// Sums up the server's disco#info in its stream features.
#[derive(Default)]
pub(crate) struct Caps {
    announced: OnceLock<Disco>,
}

impl Feature for Caps {
    fn name(&self) -> &'static str {
        "caps"
    }

    fn xeps(&self) -> &'static [Xep] {
        &[Xep {
            number: 115,
            version: "1.6.0",
        }]
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        let disco = hooks.disco();
        disco.host_feature(ns::CAPS);
        disco.stream_feature(move |host| {
            let caps = disco::Caps {
                hash: Some("sha-1".to_owned()),
                node: NODE.to_owned(),
                ver: host_info(self.announced.get()?, host).verification()?,
            };
            Some(caps.to_element())
        });
    }

    fn announced(&self, all: &Disco) {
        // Where the table is read a second time, it says the same.
        let _ = self.announced.set(all.clone());
    }
}
