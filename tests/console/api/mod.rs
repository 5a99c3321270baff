//! The REST API, told to real servers by programs with tokens.

mod bad_input;
mod matrix;
mod people;
pub(crate) mod program;
mod resources;
mod tokens;

use tests::support::process::DOMAIN;

use crate::house::House;
use program::Program;

impl House {
    /// A program that acts on behalf of this administrator, with a token of this role.
    pub(crate) fn program(&self, owner: &str, role: &[&str]) -> Program {
        let name = format!("of-{owner}-{}", role.join("-"));
        let owner = format!("{owner}@{DOMAIN}");
        let arguments = [&["token", "add", &name, "--owner", &owner, "--role"], role].concat();
        let token = self.hearth(&arguments).unwrap();
        Program::new(self.console(), token.trim())
    }

    /// One for each role, in the order of the matrix.
    pub(crate) fn programs(&self) -> [(&'static str, Program); 3] {
        [
            ("owner", self.program("owner", &["owner"])),
            ("chief", self.program("chief", &["host", "--host", DOMAIN])),
            ("reader", self.program("reader", &["read-only"])),
        ]
    }
}
