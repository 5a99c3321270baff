//! The links between the nodes of a cluster: two TLS connections to each peer, one for control and one for data.
//!
//! The control connection carries calls, tells and signs of life, the data connection the ordered stream of messages,
//! so that bulk never delays a heartbeat. What was sent but not handled is sent again after a reconnect: as long as
//! both processes live, the stream arrives in order, nothing lost and nothing doubled. When everything to a peer is
//! full, the sender is told so at once; nobody waits for a peer that stands still.
//!
//! *Threads.* Control runs where the cluster's own work is done, data where the server above handles it: a server that is
//! busy is not taken for a dead one, and no message is handed from thread to thread.
//!
//! *Groups.* Every call and tell carries the group it is meant for, and another group's is refused; who has none yet
//! speaks for itself. The data connection is greeted anew when the group changes, and goes on where it was.

mod authority;
mod connection;
mod control;
mod core;
mod dial;
mod frame;
mod greet;
mod hello;
mod identity;
mod links;
mod listener;
mod peer;
mod receiver;
mod settings;
mod socket;
mod window;

pub use self::core::Random;
pub use authority::{Authority, IdentityError};
pub use control::CallError;
pub use frame::MAX_BODY_BYTES;
pub use greet::GreetError;
pub use hello::{Hello, PROTOCOL, Protocol, Purpose, Refusal};
pub use identity::{Clock, Identity};
pub use links::{Links, PeerFigures, Proof, SendError};
pub use listener::{Port, free_port};
pub use receiver::{Failure, From, LinkEvent, Receiver};
pub use settings::LinkSettings;
pub use window::{PAUSE_MAX, UNHANDLED_BYTES, UNHANDLED_MESSAGES};
