//! A server with two accounts, and how a client is told about them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tests::support::child;
use tests::support::process::{DOMAIN, Home, Server};

/// How long a client may take for all its steps; each step has a shorter deadline of its own.
const STORY: Duration = Duration::from_secs(480);

/// Juliet's password at the start; the last step changes it.
pub(crate) const JULIET_PASSWORD: &str = "a rose by any other name";
/// Romeo's password.
pub(crate) const ROMEO_PASSWORD: &str = "with the light wings of love";

/// How a client comes to encryption.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Security {
    /// RFC 6120 §5, on the port for all clients.
    StartTls,
    /// XEP-0368, on a port of its own.
    DirectTls,
}

/// A running server that Juliet and Romeo have accounts on.
pub(crate) struct Stage {
    server: Server,
    pub(crate) security: Security,
}

impl Stage {
    /// A server as it is out of the box.
    pub(crate) fn set(security: Security) -> Result<Self> {
        Self::set_with(security, &[])
    }

    /// The same with these settings.
    pub(crate) fn set_with(security: Security, settings: &[(&str, &str)]) -> Result<Self> {
        let home = settings
            .iter()
            .fold(Home::new()?, |home, (key, value)| home.with(key, value));
        let server = home.start()?;
        server.home().add_account("juliet", JULIET_PASSWORD)?;
        server.home().add_account("romeo", ROMEO_PASSWORD)?;
        Ok(Self { server, security })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match self.security {
            Security::StartTls => self.server.addresses().c2s,
            Security::DirectTls => self.server.addresses().c2s_tls,
        }
    }

    pub(crate) fn certificate(&self) -> Result<PathBuf> {
        self.server.certificate()
    }

    /// Adds to an error what the server has to say about it.
    pub(crate) fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        error.context(format!(
            "a client's story failed; the server's log ends:\n{}",
            self.server.home().log()
        ))
    }

    /// Runs a client's script to its end.
    pub(crate) fn play(&self, script: Script) -> Result<()> {
        let mut command = child::bounded(script.program, STORY);
        command.args(script.arguments).envs(script.environment);
        let story = self.describe(&mut command).and_then(|command| child::run(command, ""));
        print!("{}", story.map_err(|error| self.explain(error))?);
        Ok(())
    }

    /// What every script reads from its environment.
    fn describe<'command>(&self, command: &'command mut Command) -> Result<&'command mut Command> {
        let security = match self.security {
            Security::StartTls => "starttls",
            Security::DirectTls => "direct",
        };
        let address = self.address();
        Ok(command
            .env("XMPP_DOMAIN", DOMAIN)
            .env("XMPP_HOST", address.ip().to_string())
            .env("XMPP_PORT", address.port().to_string())
            .env("XMPP_SECURITY", security)
            .env(
                "XMPP_CERTIFICATE",
                self.certificate()
                    .context("clients trust the server's own certificate")?,
            )
            .env("JULIET_PASSWORD", JULIET_PASSWORD)
            .env("ROMEO_PASSWORD", ROMEO_PASSWORD))
    }
}

/// A client's script and how it is started.
pub(crate) struct Script {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<PathBuf>,
    pub(crate) environment: Vec<(&'static str, PathBuf)>,
}
