//! From where the console, and the API beside it, may be asked.

use std::net::IpAddr;

use transport::Network;

use crate::{Actor, ConsoleSettings, Value};

/// The property that says it.
const ALLOWED: &str = "console.allowed";

impl ConsoleSettings {
    /// Whether somebody at this address is answered; the machine itself always is.
    #[must_use]
    pub fn may_come(&self, from: IpAddr) -> bool {
        lets_in(&self.allowed, from)
    }
}

fn lets_in(allowed: &[Network], from: IpAddr) -> bool {
    allowed.is_empty() || from.to_canonical().is_loopback() || allowed.iter().any(|network| network.contains(from))
}

/// The address of whoever would not be answered any more after a change that they make themselves.
pub(crate) fn shut_out(actor: &Actor, property: &str, value: &Value) -> Option<IpAddr> {
    let (from, Value::List(texts)) = (actor.address()?, value) else {
        return None;
    };
    let allowed: Vec<Network> = texts.iter().filter_map(|text| text.parse().ok()).collect();
    (property == ALLOWED && !lets_in(&allowed, from)).then_some(from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Role;

    const OFFICE: &str = "192.0.2.0/24";

    #[test]
    fn who_is_in_none_of_the_networks_is_not_answered_but_for_the_machine_itself() {
        let check = |allowed: &[&str], from: &str, expected: bool| {
            let allowed: Vec<Network> = allowed.iter().map(|text| text.parse().unwrap()).collect();
            assert_eq!(lets_in(&allowed, from.parse().unwrap()), expected, "{allowed:?} {from}");
        };
        check(&[], "198.51.100.7", true);
        check(&[OFFICE], "192.0.2.200", true);
        check(&[OFFICE], "::ffff:192.0.2.200", true);
        check(&[OFFICE], "198.51.100.7", false);
        check(&[OFFICE], "2001:db8::1", false);
        check(&[OFFICE, "2001:db8::/64"], "2001:db8::1", true);
        for machine in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            check(&[OFFICE], machine, true);
        }
    }

    #[test]
    fn nobody_shuts_themselves_out() {
        let at = |address: &str| Actor::Account {
            jid: "juliet@capulet.example".parse().unwrap(),
            role: Role::Owner,
            address: Some(address.parse().unwrap()),
        };
        let check = |actor: &Actor, property: &str, texts: &[&str], expected: bool| {
            let value = Value::List(texts.iter().map(|text| (*text).to_owned()).collect());
            let is_shut_out = shut_out(actor, property, &value).is_some();
            assert_eq!(is_shut_out, expected, "{actor} {property} {texts:?}");
        };
        check(&at("198.51.100.7"), ALLOWED, &[OFFICE], true);
        check(&at("198.51.100.7"), ALLOWED, &[OFFICE, "198.51.100.7"], false);
        check(&at("198.51.100.7"), ALLOWED, &[], false);
        check(&at("198.51.100.7"), "connections.unlimited", &[OFFICE], false);
        check(&at("::1"), ALLOWED, &[OFFICE], false);
        let local = Actor::Local {
            user: "root".to_owned(),
        };
        check(&local, ALLOWED, &[OFFICE], false);
    }
}
