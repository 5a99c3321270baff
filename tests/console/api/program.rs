//! A program with a token.

use std::net::SocketAddr;

use serde_json::Value;

use crate::browser::{Answer, Browser};

/// A program that uses the API.
pub(crate) struct Program {
    pub(crate) address: SocketAddr,
    authorization: String,
}

impl Program {
    /// One with this token.
    pub(crate) fn new(address: SocketAddr, token: &str) -> Self {
        Self {
            address,
            authorization: format!("Bearer {token}"),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], "")
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, &[JSON], &body.to_string())
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[JSON], &body.to_string())
    }

    /// Exactly this, and the token.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let token = [("Authorization", self.authorization.as_str())];
        let path = format!("/api/v1{path}");
        Browser::new(self.address).send(method, &path, &[&token, headers].concat(), body)
    }
}

pub(crate) const JSON: (&str, &str) = ("Content-Type", "application/json");

impl Answer {
    /// Fails unless the answer is of this status; what went wrong is always a problem in JSON.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.body);
        if status >= 400 {
            assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
            assert_eq!(self.json()["status"], status, "{}", self.body);
        }
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.body))
    }
}
