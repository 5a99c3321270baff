//! Certificates that come by themselves.
//!
//! | to find | look in |
//! |---|---|
//! | what this server knows of authorities, and answers them | `desk` |
//! | orders, one after the other, by one server of all | `job` |
//! | what all servers use, brought into this one's files | `shared` |

mod desk;
mod job;
mod shared;

pub(crate) use desk::{AcmeDesk, ChallengeDesk};
pub(crate) use job::AcmeJob;
pub(crate) use shared::Shared;
