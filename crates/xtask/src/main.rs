//! House keeping: `cargo xtask verify`, `fix` and `test`.

mod command;
mod floors;
mod metadata;
mod test;
mod verify;

use std::process::ExitCode;

use anyhow::Result;

const HELP: &str = "\
cargo xtask verify           check formatting, lints, documentation, the floors of the house and, where
                             cargo-deny is at hand, the dependencies; writes nothing
cargo xtask fix              format, and mend what lints can mend by themselves
cargo xtask test [FILTER]…   run all tests, or those whose name, file or crate holds a FILTER; installs what they
                             need first: database servers and a terminal client from Debian (apt, as root or by
                             sudo), everything else below target/tools

Exit status: 0 all is well, 1 something is not, 2 wrong usage.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        [task, "--help" | "-h"] if ["verify", "fix", "test"].contains(task) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        ["verify"] => status(verify::verify()),
        ["fix"] => status(verify::fix()),
        ["test", filters @ ..] => status(test::test(filters)),
        _ => {
            eprintln!("cargo xtask does not know: {}\n\n{HELP}", words.join(" "));
            ExitCode::from(2)
        }
    }
}

/// Whether all was well; an error is told first.
fn status(outcome: Result<bool>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
