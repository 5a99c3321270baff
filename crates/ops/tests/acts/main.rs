//! Acts on a real database, with a record of what live sessions were told.
#![allow(clippy::unwrap_used, missing_docs)]

mod accounts;
mod cluster;
mod console;
mod groups;
mod people;
mod portable;
mod powers;
mod properties;
mod second_factor;
mod secrets;
mod sight;
mod talk;
mod tokens;
mod transfer;

use std::sync::{Arc, Mutex, OnceLock};

use auth::{Authenticator, SystemRandom};
use ops::{Accounts, Actor, Audit, Change, Leave, Live, Password, SessionInfo, Why};
use protocol::{Element, Jid};
use router::Share;
use storage::{AccountId, Options, Storage, SystemClock};

/// A server without streams.
struct House {
    storage: Storage,
    accounts: Accounts,
    live: Arc<Told>,
}

/// Remembers what it was told, and has one session of everybody.
#[derive(Default)]
struct Told {
    closed: Mutex<Vec<(String, Why)>>,
    left: Mutex<Vec<String>>,
    forgotten: Mutex<Vec<String>>,
    sharing_changes: Mutex<usize>,
    /// Where it looks what the record says while groups change.
    storage: OnceLock<Storage>,
    outcomes: Mutex<Vec<Option<String>>>,
    changed: Mutex<Vec<(String, String)>>,
}

impl Live for Told {
    fn list(&self) -> Vec<SessionInfo> {
        ["b@one.example/x", "a@one.example/x", "c@two.example/x"]
            .map(session)
            .into()
    }

    fn look_closer(&self, session: &mut SessionInfo) {
        session.status = Some(format!("{} is here", session.jid));
    }

    fn close(&self, jid: &Jid, why: &Why) -> usize {
        self.closed.lock().unwrap().push((jid.to_string(), why.clone()));
        1
    }

    fn take_leave<'a>(&'a self, account: &'a Jid, _: AccountId) -> Leave<'a> {
        self.left.lock().unwrap().push(account.to_string());
        Box::pin(std::future::ready(()))
    }

    fn forget(&self, account: &Jid) {
        self.forgotten.lock().unwrap().push(account.to_string());
    }

    fn sharing_changed(&self) -> Leave<'_> {
        *self.sharing_changes.lock().unwrap() += 1;
        Box::pin(async {
            if let Some(storage) = self.storage.get() {
                let last = storage.audit().list(&storage::AuditFilter::default(), 1).await.unwrap();
                self.outcomes.lock().unwrap().push(last[0].outcome.clone());
            }
        })
    }

    fn change<'a>(&'a self, account: &'a Jid, _: AccountId, payload: Element) -> Change<'a> {
        self.changed
            .lock()
            .unwrap()
            .push((account.to_string(), payload.to_xml()));
        Box::pin(std::future::ready(Ok(())))
    }

    fn shared_contacts(&self, _: &Jid) -> Vec<(Jid, Share)> {
        let share = Share {
            to: true,
            from: true,
            groups: vec!["Staff".to_owned()],
        };
        vec![("shared@one.example".parse().unwrap(), share)]
    }
}

fn session(jid: &str) -> SessionInfo {
    SessionInfo {
        jid: jid.into(),
        address: "127.0.0.1:1".into(),
        encrypted: true,
        mechanism: "PLAIN".into(),
        ..SessionInfo::default()
    }
}

/// Two hosts, nobody in them. Keys are stretched as little as may be.
async fn house() -> House {
    let storage = Storage::open(&Options::new("sqlite::memory:")).await.unwrap();
    storage.hosts().seed(&["one.example", "two.example"]).await.unwrap();
    let settings = auth::Settings {
        iterations: 4096,
        ..auth::Settings::default()
    };
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let authenticator = Authenticator::new(storage.clone(), settings, b"", clock, random)
        .await
        .unwrap();
    let live = Arc::new(Told::default());
    let audit = Audit::new(storage.clone(), "here".into());
    let accounts = Accounts::new(storage.clone(), Arc::clone(&live) as _, authenticator, audit);
    House {
        storage,
        accounts,
        live,
    }
}

fn local() -> Actor {
    Actor::Local { user: "root".into() }
}

fn password(text: &str) -> Password {
    Password::new(text.into())
}

impl House {
    async fn add(&self, address: &str) {
        self.accounts.add(&local(), address, &password("secret")).await.unwrap();
    }
}
