//! Where a story plays: a fresh database with one host, and a clock that the story moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use storage::{AccountId, Clock, Credentials, HostId, LogRow, Options, ScramKeys, Storage};
use testkit::databases::{Fresh, Kind, fresh};

/// 2026-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_767_225_600_000_000;
pub(crate) const SECOND: i64 = 1_000_000;

pub(crate) struct Ground {
    pub(crate) kind: Kind,
    pub(crate) fresh: Fresh,
    pub(crate) time: Arc<Time>,
    pub(crate) storage: Storage,
    pub(crate) host: HostId,
}

/// A clock that stands until it is moved.
pub(crate) struct Time(AtomicI64);

impl Time {
    pub(crate) fn pass(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for Time {
    fn now_micros(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Ground {
    pub(crate) async fn new(kind: Kind) -> Self {
        let fresh = fresh(kind).await.unwrap();
        let time = Arc::new(Time(AtomicI64::new(START)));
        let options = Options {
            clock: time.clone(),
            ..Options::new(fresh.url())
        };
        let storage = Storage::open(&options).await.unwrap();
        let host = storage.hosts().seed(&["capulet.example"]).await.unwrap()[0].id;
        Self {
            kind,
            fresh,
            time,
            storage,
            host,
        }
    }

    /// The same database opened once more, as by another node.
    pub(crate) async fn again(&self, change: impl FnOnce(&mut Options)) -> Storage {
        let mut options = Options {
            clock: self.time.clone(),
            ..Options::new(self.fresh.url())
        };
        change(&mut options);
        Storage::open(&options).await.unwrap()
    }

    pub(crate) async fn account(&self, localpart: &str) -> AccountId {
        self.storage
            .accounts()
            .create(self.host, localpart, &Credentials::default())
            .await
            .unwrap()
            .unwrap()
    }

    /// A message for an account, with the next id.
    pub(crate) fn message(&self, account: AccountId, text: &str) -> LogRow {
        LogRow {
            account,
            id: self.storage.log().next_id(),
            peer: "romeo@montague.example".to_owned(),
            stanza: format!("<message><body>{text}</body></message>").into(),
            expires_at: None,
        }
    }

    /// The stanzas nobody has acknowledged, in order.
    pub(crate) async fn unacknowledged(&self, account: AccountId) -> Vec<LogRow> {
        self.storage.log().unacknowledged(account, None, 100_000).await.unwrap()
    }
}

pub(crate) fn credentials(seed: u8) -> Credentials {
    let keys = |length: usize| ScramKeys {
        salt: vec![seed, 0, 255],
        iterations: 10_000 + u32::from(seed),
        stored_key: vec![seed; length],
        server_key: vec![seed ^ 0xff; length],
    };
    Credentials {
        sha1: Some(keys(20)),
        sha256: Some(keys(32)),
    }
}
