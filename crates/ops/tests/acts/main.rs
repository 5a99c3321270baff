//! Acts on a real database, with a record of what live sessions were told.
#![allow(clippy::unwrap_used, missing_docs)]

mod accounts;
mod cluster;
mod console;
mod powers;
mod properties;
mod tokens;
mod transfer;

use std::sync::{Arc, Mutex};

use auth::{Authenticator, SystemRandom};
use ops::{Accounts, Actor, Audit, Leave, Live, Password, SessionInfo, Why};
use protocol::Jid;
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
}

impl Live for Told {
    fn list(&self) -> Vec<SessionInfo> {
        ["b@one.example/x", "a@one.example/x", "c@two.example/x"]
            .map(session)
            .into()
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
}

fn session(jid: &str) -> SessionInfo {
    SessionInfo {
        jid: jid.into(),
        address: "127.0.0.1:1".into(),
        encrypted: true,
        mechanism: "PLAIN".into(),
        priority: None,
        bound_at: 0,
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
