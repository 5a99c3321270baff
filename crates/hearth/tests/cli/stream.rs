//! A client just good enough to see what a server does: in the clear, one stanza at a time.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use protocol::sasl::scram::{Client, Hash};

pub(crate) struct Stream {
    socket: TcpStream,
    unread: String,
}

impl Stream {
    /// Opens a stream to localhost.
    pub(crate) fn open(address: SocketAddr) -> Self {
        let mut stream = Self {
            socket: TcpStream::connect(address).unwrap(),
            unread: String::new(),
        };
        stream.send_header();
        stream
    }

    fn send_header(&mut self) {
        self.send("<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>");
    }

    pub(crate) fn features(&mut self) -> String {
        self.until("</stream:features>")
    }

    /// Logs in with the password "secret", where encryption is not required, and binds a resource.
    pub(crate) fn log_in(&mut self, user: &str) {
        let answer = self.authenticate(user, "secret");
        assert!(answer.starts_with("<success"), "{answer}");
        self.send_header();
        self.features();
        self.send(
            "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>x</resource></bind></iq>",
        );
        self.until("</iq>");
    }

    /// Proves the password; returns the server's last word on that.
    pub(crate) fn authenticate(&mut self, user: &str, password: &str) -> String {
        self.features();
        let client = Client::new(Hash::Sha256, user, "rOprNGfwEbeRWgbNEkqO");
        let first = STANDARD.encode(client.first());
        self.send(&format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>{first}</auth>"
        ));
        let challenge = self.until("</challenge>");
        let challenge = challenge.split(['<', '>']).rev().nth(2).unwrap();
        let challenge = String::from_utf8(STANDARD.decode(challenge).unwrap()).unwrap();
        let (answer, _) = client.answer(&challenge, password).unwrap();
        let answer = STANDARD.encode(answer);
        self.send(&format!(
            "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{answer}</response>"
        ));
        let mut answer = self.until(">");
        let end = if answer.starts_with("<success") {
            "</success>"
        } else {
            "</failure>"
        };
        answer.push_str(&self.until(end));
        answer
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.socket.write_all(text.as_bytes()).unwrap();
    }

    /// Reads up to and with `end`.
    pub(crate) fn until(&mut self, end: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            if let Some(at) = self.unread.find(end) {
                let rest = self.unread.split_off(at + end.len());
                return std::mem::replace(&mut self.unread, rest);
            }
            let read = self.socket.read(&mut buffer).unwrap();
            assert!(read > 0, "the stream ended with {:?} and without {end}", self.unread);
            self.unread.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
    }

    /// Reads to the end of the connection.
    pub(crate) fn rest(&mut self) -> String {
        self.socket.read_to_string(&mut self.unread).unwrap();
        std::mem::take(&mut self.unread)
    }
}
