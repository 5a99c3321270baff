//! Certificates from authorities, by orders that need nobody (RFC 8555). Knows no database, no host of ours and no file:
//! whoever orders says where the answer to a challenge is kept.
//!
//! | to find | look in |
//! |---|---|
//! | what an authority wants before all else | `directory` |
//! | the account there | `account` |
//! | an order, from the wish to the chain | `order` |
//! | how it is asked: HTTPS, bounded | `wire` |
//! | why it failed | `failure` |

mod account;
mod directory;
mod failure;
mod order;
mod wire;

pub use account::{Account, Binding, NewAccount};
pub use directory::{Directory, look};
pub use failure::{Failure, Kind};
pub use order::{Challenges, Issued, Promise};
