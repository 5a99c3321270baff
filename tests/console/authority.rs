//! An authority of a test's own, made with OpenSSL: a program that has nothing of ours in it.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

/// A root, an authority below it, and what it signs.
pub(crate) struct Authority {
    folder: TempDir,
}

/// A certificate with all that belongs to it, PEM.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    /// Its own.
    pub(crate) certificate: String,
    /// Its own and the authority's.
    pub(crate) chain: String,
    /// The key; empty where it is elsewhere.
    pub(crate) key: String,
}

const DAYS: i64 = 90;

impl Authority {
    pub(crate) fn new() -> Result<Self> {
        let it = Self {
            folder: tempfile::tempdir()?,
        };
        it.write(
            "ca.ext",
            "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n",
        )?;
        it.key("root")?;
        it.openssl("req -new -key root.key -subj /O=Test/CN=Test-Root -out root.csr")?;
        it.openssl("x509 -req -in root.csr -signkey root.key -days 3650 -extfile ca.ext -out root.crt")?;
        it.key("middle")?;
        it.openssl("req -new -key middle.key -subj /O=Test/CN=Test-Middle -out middle.csr")?;
        it.openssl("x509 -req -in middle.csr -CA root.crt -CAkey root.key -days 3650 -extfile ca.ext -out middle.crt")?;
        Ok(it)
    }

    /// The root's certificate.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("root.crt")
    }

    /// Signs a certificate for these domains.
    pub(crate) fn issue(&self, domains: &[&str]) -> Result<Issued> {
        self.issue_for(domains, DAYS)
    }

    /// The same, for so many days; fewer than none: it has run out.
    pub(crate) fn issue_for(&self, domains: &[&str], days: i64) -> Result<Issued> {
        self.key("leaf")?;
        self.openssl("req -new -key leaf.key -subj /CN=leaf -out leaf.csr")?;
        self.signed(domains, days, &self.read("leaf.key")?)
    }

    /// Signs what a request asks for.
    pub(crate) fn sign(&self, request: &str) -> Result<Issued> {
        self.write("leaf.csr", request)?;
        let text = self.openssl("req -in leaf.csr -noout -text -verify")?;
        let names = text.lines().find(|line| line.contains("DNS:"));
        let names = names.with_context(|| format!("the request has no names: {text}"))?;
        let names: Vec<&str> = names
            .split(',')
            .map(|name| name.trim().trim_start_matches("DNS:"))
            .collect();
        self.signed(&names, DAYS, "")
    }

    fn signed(&self, domains: &[&str], days: i64, key: &str) -> Result<Issued> {
        let names: Vec<String> = domains.iter().map(|domain| format!("DNS:{domain}")).collect();
        let usage = "extendedKeyUsage=serverAuth,clientAuth";
        self.write("leaf.ext", &format!("subjectAltName={}\n{usage}\n", names.join(",")))?;
        self.openssl(&format!(
            "x509 -req -in leaf.csr -CA middle.crt -CAkey middle.key -days {days} -extfile leaf.ext -out leaf.crt"
        ))?;
        let certificate = self.read("leaf.crt")?;
        Ok(Issued {
            chain: format!("{certificate}{}", self.read("middle.crt")?),
            certificate,
            key: key.to_owned(),
        })
    }

    fn key(&self, stem: &str) -> Result<()> {
        self.openssl(&format!(
            "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {stem}.key"
        ))?;
        Ok(())
    }

    /// SHA-256 of a certificate, as pages show it.
    pub(crate) fn fingerprint(&self, certificate: &str) -> Result<String> {
        self.write("asked.crt", certificate)?;
        let said = self.openssl("x509 -in asked.crt -noout -fingerprint -sha256")?;
        Ok(said.trim().split_once('=').context("a fingerprint")?.1.to_owned())
    }

    /// The fingerprint of what whoever asks for `host` is shown there, over TLS from the first byte.
    pub(crate) fn shown(&self, at: SocketAddr, host: &str) -> Result<String> {
        let shown = self.openssl(&format!("s_client -connect {at} -servername {host} -showcerts"))?;
        self.fingerprint(&shown)
    }

    fn read(&self, name: &str) -> Result<String> {
        Ok(fs::read_to_string(self.folder.path().join(name))?)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        Ok(fs::write(self.folder.path().join(name), text)?)
    }

    fn openssl(&self, words: &str) -> Result<String> {
        let output = Command::new("openssl")
            .args(words.split(' '))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .context("openssl is needed for this test")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "openssl {words}: {said}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
