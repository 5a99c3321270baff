//! XEP-0199: XMPP Ping. Answers with an empty result.

use std::sync::Arc;

use protocol::ns;
use router::{Answer, Feature, Hooks, Request, To, Xep};

/// Answers pings.
pub(crate) struct Ping;

impl Feature for Ping {
    fn name(&self) -> &'static str {
        "ping"
    }

    fn xeps(&self) -> &'static [Xep] {
        &[Xep {
            number: 199,
            version: "2.0.1",
        }]
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.answer(To::Host, "ping", ns::PING, &self, pong);
        hooks.answer(To::OwnAccount, "ping", ns::PING, &self, pong);
    }
}

async fn pong(_ping: Arc<Ping>, _request: Request) -> Answer {
    Ok(None)
}
