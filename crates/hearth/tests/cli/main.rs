//! The real program: its command line, its exit status, its files, its life and its end.
#![allow(clippy::unwrap_used, missing_docs)]

mod account;
mod admin;
mod check;
mod cluster;
mod config;
mod group;
mod home;
mod life;
mod property;
mod reload;
mod stream;
