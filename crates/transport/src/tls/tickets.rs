//! Session tickets: a client that comes back skips half the handshake, and we remember nothing for it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::ProducesTickets;

/// A ticketer whose keys can be thrown away.
///
/// They are when a certificate changes: a resumed session binds to the certificate of the session before it
/// (RFC 5929 §4), and we know only the one we have now.
pub(super) struct Tickets {
    current: ArcSwap<Arc<dyn ProducesTickets>>,
}

impl Tickets {
    pub(super) fn new() -> Result<Self, rustls::Error> {
        Ok(Self {
            current: ArcSwap::from_pointee(Ticketer::new()?),
        })
    }

    /// Makes all tickets given so far worthless.
    pub(super) fn renew(&self) -> Result<(), rustls::Error> {
        self.current.store(Arc::new(Ticketer::new()?));
        Ok(())
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        self.current.load().enabled()
    }

    fn lifetime(&self) -> u32 {
        self.current.load().lifetime()
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.current.load().encrypt(plain)
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.current.load().decrypt(cipher)
    }
}

impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tickets").finish_non_exhaustive()
    }
}
