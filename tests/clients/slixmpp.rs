//! slixmpp, a Python library: bots and gateways.

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
    let script = Script {
        program: tools::installed("python/bin/python")?,
        arguments: vec![tools::source("clients/slixmpp/steps.py")],
        environment: vec![("PYTHONDONTWRITEBYTECODE", "1".into())],
    };
    Stage::set(security)?.play(script)
}
