//! @xmpp/client, the JavaScript library of xmpp.js: web clients and bots.

use anyhow::Result;
use tests::support::tools;

use crate::stage::{Script, Security, Stage};

/// COMPAT(@xmpp/client, 0.14): it goes through a thread pool for each iteration, and through the scheduler on a busy
/// machine. So it gets the fewest iterations there are, and time.
const SETTINGS: &[(&str, &str)] = &[
    ("HEARTH_PROPERTIES__SASL__SCRAM_ITERATIONS", "4096"),
    ("HEARTH_PROPERTIES__C2S__NEGOTIATION_SECS", "300"),
];

#[test]
fn by_starttls() -> Result<()> {
    check(Security::StartTls)
}

#[test]
fn by_direct_tls() -> Result<()> {
    check(Security::DirectTls)
}

fn check(security: Security) -> Result<()> {
    let stage = Stage::set_with(security, SETTINGS)?;
    let script = Script {
        program: tools::installed("clients/node")?,
        arguments: vec![tools::source("clients/xmppjs/steps.mjs")],
        environment: vec![
            ("XMPP_CLIENT_PACKAGES", tools::installed("clients")?),
            ("NODE_EXTRA_CA_CERTS", stage.certificate()?),
            // The server listens on 127.0.0.1 only, and the client takes the first address of `localhost`.
            ("NODE_OPTIONS", "--dns-result-order=ipv4first".into()),
        ],
    };
    stage.play(script)
}
