//! As much of a browser as the console needs: it logs in, keeps cookies and reads pages.

use anyhow::{Context as _, ensure};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A page that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser in which somebody is logged in.
pub(super) struct Browser {
    address: SocketAddr,
    cookies: Vec<(String, String)>,
}

impl Browser {
    pub(super) fn log_in(address: SocketAddr, account: &str, password: &str) -> anyhow::Result<Self> {
        let mut browser = Self {
            address,
            cookies: Vec::new(),
        };
        let form = browser.send("GET", "/login", "")?;
        let csrf = between(&form, "name=\"csrf\" value=\"", "\"").context("the login has a form")?;
        let body = format!(
            "csrf={csrf}&address={}&password={password}",
            account.replace('@', "%40")
        );
        let answer = browser.send("POST", "/login", &body)?;
        ensure!(
            answer.starts_with("HTTP/1.1 303"),
            "the console lets {account} not in: {answer}"
        );
        Ok(browser)
    }

    /// A page, which has to be one.
    pub(super) fn get(&mut self, path: &str) -> anyhow::Result<String> {
        let answer = self.send("GET", path, "")?;
        ensure!(
            answer.starts_with("HTTP/1.1 200"),
            "{path}: {}",
            answer.lines().next().unwrap_or_default()
        );
        Ok(answer)
    }

    /// How many sessions there are, as the console says.
    pub(super) fn sessions(&mut self) -> anyhow::Result<usize> {
        let page = self.get("/sessions")?;
        let count = page.split(" session").find_map(|before| {
            let number = before.rsplit(|c: char| !c.is_ascii_digit()).next()?;
            number.parse().ok()
        });
        count.context("the page says how many sessions there are")
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> anyhow::Result<String> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n",
            self.address,
            body.len()
        );
        for (name, value) in &self.cookies {
            let _ = write!(request, "Cookie: {name}={value}\r\n");
        }
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(format!("{request}\r\n{body}").as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        for line in answer.lines().take_while(|line| !line.is_empty()) {
            let cookie = line
                .strip_prefix("set-cookie: ")
                .and_then(|rest| rest.split(';').next());
            if let Some((name, value)) = cookie.and_then(|pair| pair.split_once('=')) {
                self.cookies.retain(|(known, _)| known != name);
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(answer)
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}
