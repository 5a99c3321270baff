//! What is remembered of commands between their steps: so many, for so long, and each for the client that began it.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use protocol::{Jid, StanzaError, xep::commands, xep::data_forms::Form};

/// Commands under way, of all administrators; far more than anybody fills in at a time.
const MOST: usize = 256;
/// Commands of one client; the oldest is forgotten for a new one.
const MOST_OF_CLIENT: usize = 4;
/// A form that nobody has touched for so long will not be filled in any more.
const LIFETIME: Duration = Duration::from_secs(600);

/// All of them.
#[derive(Default)]
pub(super) struct Running {
    commands: Mutex<HashMap<String, Begun>>,
}

/// A command under way.
#[derive(Clone)]
pub(super) struct Begun {
    /// Full JID of the client.
    pub(super) client: Jid,
    pub(super) node: &'static str,
    /// The forms that were filled in so far.
    pub(super) filled: Vec<Form>,
    touched_at: Instant,
}

impl Begun {
    pub(super) fn new(client: Jid, node: &'static str) -> Self {
        Self {
            client,
            node,
            filled: Vec::new(),
            touched_at: Instant::now(),
        }
    }
}

impl Running {
    /// Takes one out to go on with it. Only the client that began it does, and only with the same command.
    ///
    /// # Errors
    /// Where there is none such, or it is too old.
    pub(super) fn take(&self, id: &str, client: &Jid, node: &str) -> Result<Begun, StanzaError> {
        self.take_at(id, client, node, Instant::now())
    }

    fn take_at(&self, id: &str, client: &Jid, node: &str, now: Instant) -> Result<Begun, StanzaError> {
        let mut commands = self.commands.lock();
        let is_it = |begun: &Begun| begun.client == *client && begun.node == node;
        if !commands.get(id).is_some_and(is_it) {
            return Err(commands::refusal("bad-sessionid"));
        }
        let begun = commands.remove(id).ok_or_else(|| commands::refusal("bad-sessionid"))?;
        match now.duration_since(begun.touched_at) > LIFETIME {
            true => Err(commands::expired()),
            false => Ok(begun),
        }
    }

    /// Keeps one until its next step.
    pub(super) fn keep(&self, id: String, begun: Begun) {
        self.keep_at(id, begun, Instant::now());
    }

    fn keep_at(&self, id: String, begun: Begun, now: Instant) {
        let mut commands = self.commands.lock();
        let own = |commands: &HashMap<String, Begun>| {
            let own = commands.iter().filter(|(_, other)| other.client == begun.client);
            let oldest = own
                .clone()
                .min_by_key(|(_, other)| other.touched_at)
                .map(|(id, _)| id.clone());
            (own.count(), oldest)
        };
        if let (MOST_OF_CLIENT.., Some(oldest)) = own(&commands) {
            commands.remove(&oldest);
        }
        if commands.len() >= MOST {
            commands.retain(|_, other| now.duration_since(other.touched_at) <= LIFETIME);
        }
        if commands.len() >= MOST
            && let Some(oldest) = commands
                .iter()
                .min_by_key(|(_, other)| other.touched_at)
                .map(|(id, _)| id.clone())
        {
            commands.remove(&oldest);
        }
        commands.insert(
            id,
            Begun {
                touched_at: now,
                ..begun
            },
        );
    }

    /// The client is gone.
    pub(super) fn forget(&self, client: &Jid) {
        self.commands.lock().retain(|_, begun| begun.client != *client);
    }
}

/// A name for a command under way that nobody guesses.
pub(super) fn new_id() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system's random source works");
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn jid(text: &str) -> Jid {
        text.parse().unwrap()
    }

    #[test]
    fn only_who_began_goes_on_and_not_for_ever() {
        let (running, a, now) = (Running::default(), jid("a@x/1"), Instant::now());
        running.keep_at("s".to_owned(), Begun::new(a.clone(), "n"), now);
        for (id, client, node) in [
            ("t", "a@x/1", "n"),
            ("s", "a@x/2", "n"),
            ("s", "b@x/1", "n"),
            ("s", "a@x/1", "m"),
        ] {
            assert!(
                running.take_at(id, &jid(client), node, now).is_err(),
                "{id} {client} {node}"
            );
        }
        assert!(running.take_at("s", &a, "n", now + LIFETIME).is_ok());
        assert!(running.take_at("s", &a, "n", now).is_err(), "it was taken");
        running.keep_at("s".to_owned(), Begun::new(a.clone(), "n"), now);
        let late = now + LIFETIME + Duration::from_secs(1);
        assert_eq!(running.take_at("s", &a, "n", late).err(), Some(commands::expired()));
    }

    #[test]
    fn there_are_so_many_and_no_more() {
        let (running, now) = (Running::default(), Instant::now());
        for number in 0..10 {
            let at = now + Duration::from_millis(number);
            running.keep_at(number.to_string(), Begun::new(jid("a@x/1"), "n"), at);
        }
        assert_eq!(running.commands.lock().len(), MOST_OF_CLIENT);
        assert!(running.take("9", &jid("a@x/1"), "n").is_ok());
        for number in 0..2 * MOST {
            running.keep_at(number.to_string(), Begun::new(jid(&format!("b{number}@x/1")), "n"), now);
        }
        assert_eq!(running.commands.lock().len(), MOST);
        running.forget(&jid(&format!("b{}@x/1", 2 * MOST - 1)));
        assert_eq!(running.commands.lock().len(), MOST - 1);
    }
}
