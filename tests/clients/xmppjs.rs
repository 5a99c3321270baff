//! @xmpp/client, the JavaScript library of xmpp.js: web clients and bots.

use anyhow::Result;
use tests::support::tools;

use crate::stage::{Script, Security, Stage};

#[test]
fn by_starttls() -> Result<()> {
    check(Security::StartTls)
}

#[test]
fn by_direct_tls() -> Result<()> {
    check(Security::DirectTls)
}

fn check(security: Security) -> Result<()> {
    let stage = Stage::set(security)?;
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
