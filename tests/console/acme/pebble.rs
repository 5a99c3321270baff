//! Pebble: an authority of RFC 8555 made for tests by those who run Let's Encrypt. It signs nothing that it has not looked
//! at, refuses one nonce of twenty, and changes what it may change from one run to the next.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tests::support::{child::Guarded, ports};

use crate::authority::Authority;
use crate::house::{LOOK_AGAIN, PATIENCE};

/// A running Pebble, for which every name leads to this machine.
pub(super) struct Pebble {
    folder: TempDir,
    address: SocketAddr,
    _names: Guarded,
    _process: Guarded,
}

impl Pebble {
    /// One that looks for challenges at this port; `more` is put into its configuration. `authority` vouches for it.
    pub(super) fn start(authority: &Authority, http_port: u16, more: Value) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        let issued = authority.issue(&["localhost"])?;
        fs::write(path("chain.pem"), &issued.chain)?;
        fs::write(path("key.pem"), &issued.key)?;
        let [dns, manage_names, listen, manage, tls] = [(); 5].map(|()| ports::free());
        let (dns, listen) = (dns?, listen?);
        let mut pebble = json!({
            "listenAddress": format!("127.0.0.1:{listen}"),
            "managementListenAddress": format!("127.0.0.1:{}", manage?),
            "certificate": path("chain.pem"),
            "privateKey": path("key.pem"),
            "httpPort": http_port,
            "tlsPort": tls?,
        });
        let more: Map<String, Value> = serde_json::from_value(more)?;
        pebble.as_object_mut().expect("an object").extend(more);
        fs::write(path("pebble.json"), json!({ "pebble": pebble }).to_string())?;
        let names = Guarded::spawn(
            Command::new("pebble-challtestsrv").args([
                "-http01=",
                "-https01=",
                "-tlsalpn01=",
                "-defaultIPv4=127.0.0.1",
                "-defaultIPv6=",
                &format!("-dns01=127.0.0.1:{dns}"),
                &format!("-management=127.0.0.1:{}", manage_names?),
            ]),
            &path("names.log"),
        )?;
        let process = Guarded::spawn(
            Command::new("pebble")
                .args(["-strict", "-dnsserver", &format!("127.0.0.1:{dns}"), "-config"])
                .arg(path("pebble.json"))
                .env("PEBBLE_VA_NOSLEEP", "1"),
            &path("pebble.log"),
        )?;
        let pebble = Self {
            address: (Ipv4Addr::LOCALHOST, listen).into(),
            folder,
            _names: names,
            _process: process,
        };
        let began = Instant::now();
        while TcpStream::connect(pebble.address).is_err() {
            ensure!(began.elapsed() < PATIENCE, "pebble does not listen: {}", pebble.log()?);
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(pebble)
    }

    /// The address of its directory.
    pub(super) fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.address.port())
    }

    /// What it said so far.
    pub(super) fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(self.log_file())?)
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("pebble.log")
    }

    /// How many certificates it has signed.
    pub(super) fn issued(&self) -> Result<usize> {
        Ok(self.log()?.matches("Issued certificate serial").count())
    }
}
