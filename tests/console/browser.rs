//! A browser made by hand: it keeps cookies, and sends every byte of a request as a test wants it.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser with a cookie jar, at one server.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    pub(crate) address: SocketAddr,
    pub(crate) cookies: BTreeMap<String, String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Browser {
    /// Nobody is logged in.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            cookies: BTreeMap::new(),
        }
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// Sends these fields as a form, exactly.
    pub(crate) fn post_raw(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = "application/x-www-form-urlencoded";
        self.send("POST", path, &[("Content-Type", form)], &encoded(fields))
    }

    /// The same with what the form on the page `from` carries against forgery.
    pub(crate) fn post(&mut self, from: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.get(from).field("csrf");
        self.post_raw(path, &[&[("csrf", csrf.as_str())], fields].concat())
    }

    pub(crate) fn log_in(&mut self, address: &str, password: &str) -> Answer {
        self.post("/login", "/login", &[("address", address), ("password", password)])
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.address
        );
        if !self.cookies.is_empty() {
            let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            request += &format!("Cookie: {}\r\n", pairs.collect::<Vec<_>>().join("; "));
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let answer = exchange(self.address, request.as_bytes());
        for (_, value) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, rest) = value.split_once('=').unwrap();
            let kept = rest.split(';').next().unwrap();
            if kept.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), kept.to_owned());
            }
        }
        answer
    }
}

/// Sends bytes and reads the answer to its end.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A server that has heard enough may close before it has read all.
    let _ = stream.write_all(request);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    Answer::read(&String::from_utf8_lossy(&bytes))
}

pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{}={}", percent(name), percent(value)));
    pairs.collect::<Vec<_>>().join("&")
}

pub(crate) fn percent(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers = lines.filter_map(|line| line.split_once(": "));
        Self {
            status: status.and_then(|text| text.parse().ok()).unwrap_or(0),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The value of a field of the first form that has it; empty where there is none.
    pub(crate) fn field(&self, name: &str) -> String {
        let begin = format!("name=\"{name}\" value=\"");
        let found = self.body.split_once(&begin).and_then(|(_, rest)| rest.split_once('"'));
        found.map_or_else(String::new, |(value, _)| value.to_owned())
    }

    /// Fails unless the answer is of this status and says this.
    #[track_caller]
    pub(crate) fn says(&self, status: u16, words: &str) -> &Self {
        assert!(
            self.status == status && self.body.contains(words),
            "not {status} with {words:?}, but {} {:?}:\n{}",
            self.status,
            self.header("location"),
            self.body
        );
        self
    }

    /// Fails unless the answer leads there.
    #[track_caller]
    pub(crate) fn leads_to(&self, place: &str) {
        let location = self.header("location");
        assert_eq!((self.status, location), (303, place), "{}", self.body);
    }
}
