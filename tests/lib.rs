//! Stories: what users live through, told to real servers.
//!
//! One test binary per folder; what several of them need is here.

/// What test binaries share.
pub mod support {
    pub mod child;
    pub mod ports;
    pub mod process;
    pub mod tools;
}
