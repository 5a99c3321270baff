//! The console: what operators see in a browser, told to real servers by hand-written requests and by a real browser.

#![allow(clippy::unwrap_used, reason = "a test that can not go on ends")]

mod api;
mod browser;
mod chromium;
mod cluster;
mod commands;
mod corpus;
mod door;
mod house;
mod matrix;
mod pages;
mod record;
mod setup;
