//! Third-party clients, unmodified, at a real server: what two people do with each, by STARTTLS and by
//! direct TLS.
//!
//! A client's own script tells the story (`slixmpp/steps.py`, `xmppjs/steps.mjs`, `tokio_xmpp/main.rs`;
//! profanity is typed at in a terminal) and names the step that fails. Which client needs what from a
//! server: `README.md` beside this file.

mod profanity;
mod slixmpp;
mod stage;
mod terminal;
mod tokio_xmpp;
mod xmppjs;
