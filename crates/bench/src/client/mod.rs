//! A client of any XMPP server, thousands of times on one thread.
//!
//! What it says is rendered beforehand as far as possible, and what it hears is only looked at
//! where it must be: it shares a machine with the server it measures.

mod dial;
mod fleet;
mod session;
mod sessions;
mod target;
mod tls;

pub use fleet::{Failures, Fleet, Traffic};
pub use session::Goal;
pub use sessions::Sessions;
pub(crate) use target::SOURCES;
pub use target::{Accounts, Security, Target};
