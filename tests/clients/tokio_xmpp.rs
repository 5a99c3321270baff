//! tokio-xmpp, the Rust library of xmpp-rs.

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
        program: tools::example("tokio_xmpp_client")?,
        arguments: vec![],
        // It trusts what the system trusts; this says that the system trusts the server's certificate.
        environment: vec![("SSL_CERT_FILE", stage.certificate()?)],
    };
    stage.play(script)
}
