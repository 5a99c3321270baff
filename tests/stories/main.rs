//! What users live through, told to a whole server over real sockets.
//!
//! Every story has fresh users. The database is SQLite unless `HEARTH_STORY_DATABASE` names another.

mod binding;
mod chat;
mod client_state;
mod fence;
mod login;
mod offline;
mod ping;
mod registration;
mod resume_elsewhere;
mod sasl2;
mod scram;
mod shared_rosters;
mod shutdown;
mod stream_management;
