//! Client streams.
