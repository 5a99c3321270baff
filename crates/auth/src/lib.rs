//! Who are you: logins over the accounts in the database, and the keys and tokens that they need.
//!
//! A connection is described by a [`Binding`]. [`Authenticator::offered`] says what may be tried on it, and
//! [`Authenticator::start`] begins, with one database read and, for SCRAM, microseconds of arithmetic:
//!
//! ```text
//! let mut step = authenticator.start(&binding, mechanism, initial_response).await;
//! loop {
//!     step = match step {
//!         Step::Challenge(data, exchange) => exchange.respond(&answer_to(data)).await,
//!         Step::Success(authenticated) => …,
//!         Step::Failure(failure) => …,
//!     }
//! }
//! ```
//!
//! An abandoned exchange is dropped. Nothing here knows where stanzas go.
//!
//! | to find | look in |
//! |---|---|
//! | what is offered on which connection | `authenticator` |
//! | one mechanism | `scram`, `plain`, `external` with `certificate`, `anonymous`, `token` |
//! | what all of them share: looking up, pacing, admitting | `candidate` |
//! | who may be looked up in memory (`storage` keeps it): whoever was here before | `candidate`, `lockout/` |
//! | how many guesses may be made | `lockout/` |
//! | what an attacker learns of accounts that do not exist | `decoy` |
//! | passwords and their keys | `passwords`, `stretch`, `upgrade` |

mod anonymous;
mod authenticator;
mod binding;
mod candidate;
mod certificate;
mod decoy;
mod error;
mod exchange;
mod external;
mod lockout;
mod passwords;
mod plain;
mod random;
mod scram;
mod settings;
mod step;
mod stretch;
mod token;
mod upgrade;

pub use authenticator::Authenticator;
pub use binding::{Binding, ClientIdentity};
pub use error::PasswordError;
pub use exchange::Exchange;
pub use lockout::{AddressFailures, LoginNote, SharedFailures};
pub use random::{Random, SystemRandom};
pub use settings::{BadCertificateAccount, CertificateAccount, Settings};
pub use step::{Authenticated, Step};
pub use token::{IssuedToken, TokenRequest, TokenUse};
pub use upgrade::{UnknownUpgrade, Upgrade, UpgradeTask};
