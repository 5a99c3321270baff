//! What makes a cluster of it all, and what the server above uses of it.
//!
//! One task, the driver, decides: it feeds the lease with what the links, the log and the database say, does what the
//! lease asks for, and begins and ends lives. Everything that waits is a task of its own that reports back.
//!
//! | to find | look in |
//! |---|---|
//! | switching on and off, state for a console | `cluster` |
//! | this process as a member: entries, messages, questions | `membership` |
//! | what the server above is told | `host` |
//! | the driver; what it is told, does, decides when | `driver`; `input`, `effects`; `ticks`, `life`, `leave`, `standing` |
//! | whether this process may act | `fence` |
//! | commands on their way into the log | `proposer` |
//! | who is at which address | `finder`, `known` |
//! | this server's row in the registry | `registrar` |
//! | what the links bring in | `post` |

mod cluster;
mod driver;
mod effects;
mod fence;
mod finder;
mod host;
mod input;
mod keys;
mod known;
mod leave;
mod life;
mod membership;
mod post;
mod proposer;
mod registrar;
mod standing;
mod ticks;

pub use cluster::{Cluster, Here, MemberHere, Options, Stands, StartError};
pub use fence::Fence;
pub use host::{Above, Host};
pub use membership::{Asked, Figures, Membership};
pub use proposer::NotDone;
