//! `bench under`, which is not for people: see [`crate::child`].

use std::ffi::OsString;

/// Become another program that ends when the parent does.
#[derive(Debug, clap::Args)]
pub(super) struct Under {
    /// Whose rights it has.
    #[arg(long)]
    user: Option<String>,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    program: Vec<OsString>,
}

impl Under {
    pub(super) fn execute(&self) -> anyhow::Result<()> {
        crate::child::become_program(self.user.as_deref(), &self.program)
    }
}
