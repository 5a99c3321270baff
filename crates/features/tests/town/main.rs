//! What people at different nodes of one cluster see of each other, and what they must not see twice.

mod between;
mod chat;
mod conflict;
mod contacts;
mod loss;
mod offline;
mod shared_rosters;
mod switch;
