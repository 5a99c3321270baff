//! The binary.
mod config;
mod setting;
fn main() {}
