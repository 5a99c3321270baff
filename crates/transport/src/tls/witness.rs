//! What rustls tells its callbacks in the course of a handshake, kept for the connection it belongs to.
//!
//! The unbuffered connection, which saves 4 KiB for each idle client, has no exporter of its own and tells nobody
//! which certificate it showed. Both pass through callbacks that do not know their connection. But they are called
//! while we drive that very connection, on this thread, so a note pinned to the thread finds its owner.

use std::cell::RefCell;
use std::sync::Arc;

use rustls::KeyLog;
use rustls::crypto::tls13::OkmBlock;

use super::pair::Pair;

/// The notes of one handshake.
#[derive(Default)]
pub(super) struct Notes {
    /// The host that the client named before TLS began, for one that does not name it again by SNI.
    pub(super) expected_host: Option<String>,
    pub(super) sni: Option<Box<str>>,
    pub(super) served: Option<Arc<Pair>>,
    pub(super) secret: Option<Secret>,
}

/// What the exporter is derived from. `OkmBlock` is wiped when dropped.
pub(super) struct Secret {
    pub(super) client_random: [u8; 32],
    /// TLS 1.3: the exporter secret. TLS 1.2: the master secret.
    pub(super) block: OkmBlock,
}

thread_local! {
    static PINNED: RefCell<Option<Notes>> = const { RefCell::new(None) };
}

/// Pins `notes` to the thread while `work` drives their connection.
pub(super) fn observe<R>(notes: &mut Notes, work: impl FnOnce() -> R) -> R {
    PINNED.set(Some(std::mem::take(notes)));
    let result = work();
    *notes = PINNED.take().unwrap_or_default();
    result
}

pub(super) fn expected_host() -> Option<String> {
    PINNED.with_borrow(|notes| notes.as_ref()?.expected_host.clone())
}

pub(super) fn note_served(sni: Option<&str>, pair: &Arc<Pair>) {
    PINNED.with_borrow_mut(|notes| {
        if let Some(notes) = notes {
            notes.sni = sni.map(Box::from);
            notes.served = Some(Arc::clone(pair));
        }
    });
}

/// A key log that logs nothing: it notes what the exporter needs, and only while a handshake is observed.
#[derive(Debug)]
pub(super) struct SecretWitness;

impl KeyLog for SecretWitness {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let Ok(client_random) = client_random.try_into() else {
            return;
        };
        if !self.will_log(label) || secret.len() > OkmBlock::MAX_LEN {
            return;
        }
        PINNED.with_borrow_mut(|notes| {
            if let Some(notes) = notes {
                notes.secret = Some(Secret {
                    client_random,
                    block: OkmBlock::new(secret),
                });
            }
        });
    }

    fn will_log(&self, label: &str) -> bool {
        matches!(label, "EXPORTER_SECRET" | "CLIENT_RANDOM")
    }
}
