//! A feature: one stanza-level extension, in one file of the `features` crate and one line of its table.

use std::sync::Arc;

use crate::{Disco, Hooks};

/// An extension of the protocol.
///
/// From the table of features come the hooks, service discovery's answers and the list of supported XEPs.
pub trait Feature: Send + Sync + 'static {
    /// The word for it on every floor: file, configuration, log target, metric.
    fn name(&self) -> &'static str;

    /// The documents it follows.
    fn xeps(&self) -> &'static [Xep] {
        &[]
    }

    /// Registers what it wants to see and answer.
    fn hook(self: Arc<Self>, hooks: &mut Hooks);

    /// Is shown what all features announce, once every one has registered.
    fn announced(&self, _all: &Disco) {}
}

/// A XEP and the version of it that a feature follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Xep {
    /// As in XEP-0199.
    pub number: u16,
    /// As in "2.0.1".
    pub version: &'static str,
}
