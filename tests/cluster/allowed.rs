//! `console.allowed`, asked from addresses that are another machine's: the console and the API over a network.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tests::support::{child, process::Home};

use crate::net::{
    Net,
    Peer::{People, Server},
};

/// What this address is answered with, asked from here or by way of an entrance.
fn status(entrance: &[String], url: &str) -> Result<String> {
    let mut words = entrance.iter().map(String::as_str).chain(["curl"]);
    let mut curl = Command::new(words.next().context("there is a program")?);
    curl.args(words);
    curl.args(["-sk", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code}", url]);
    Ok(child::run(&mut curl, "")?.trim().to_owned())
}

#[test]
fn the_console_is_answered_in_the_networks_that_are_allowed_and_in_no_other() -> Result<()> {
    let net = Net::start(2)?;
    let (people, neighbour) = (net.address(People), net.address(Server(2)));
    let place = net.address(Server(1));
    let server = Home::new()?
        .through(net.entrance(1))
        .with("HEARTH_ADMIN__TLS_LISTEN", &format!("{place}:0"))
        .start()?;
    let console = server.addresses().admin_tls.context("the console listens with TLS")?;
    ensure!(console.ip().to_string() == place.to_string(), "{console}");
    // Whoever has no token is asked for one where they are answered at all.
    let check = |allowed: &str, here: bool, there: bool| -> Result<()> {
        server
            .home()
            .hearth(&["property", "set", "console.allowed", allowed], "")?;
        for (path, open) in [("/setup", "200"), ("/api/v1/server", "401")] {
            let url = format!("https://{console}{path}");
            let expected = |is_open: bool| if is_open { open } else { "403" };
            // A property holds everywhere within a moment.
            let began = std::time::Instant::now();
            let mut seen = (String::new(), String::new());
            while (seen.0.as_str(), seen.1.as_str()) != (expected(here), expected(there)) {
                ensure!(began.elapsed() < crate::PATIENCE, "{allowed:?} {path}: {seen:?}");
                seen = (status(&[], &url)?, status(&net.entrance(2), &url)?);
            }
        }
        Ok(())
    };
    check("", true, true)?;
    check("192.0.2.0/24", false, false)?;
    check(&format!("{people}/32"), true, false)?;
    check(&format!("192.0.2.0/24,{neighbour}"), false, true)?;
    let [a, b, c, _] = people.octets();
    check(&format!("{a}.{b}.{c}.0/24"), true, true)?;
    Ok(())
}
