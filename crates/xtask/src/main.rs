//! House keeping: `cargo xtask verify`, `fix`, `test` and `cluster`.

mod cluster;
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
cargo xtask cluster          run three servers on this machine as a cluster, with PostgreSQL below them and two accounts,
                             until Ctrl-C; what they keep is in target/cluster
    --nodes N                so many servers, 1 to 9
    --keep                   go on with what the last run left; otherwise everything is new
    --debug                  an unoptimised build, which is made sooner

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
        [task, "--help" | "-h"] if ["verify", "fix", "test", "cluster"].contains(task) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        ["verify"] => status(verify::verify()),
        ["fix"] => status(verify::fix()),
        ["test", filters @ ..] => status(test::test(filters)),
        ["cluster", options @ ..] => match cluster::Options::read(options) {
            Some(options) => status(cluster::cluster(&options)),
            None => unknown(&words),
        },
        _ => unknown(&words),
    }
}

fn unknown(words: &[&str]) -> ExitCode {
    eprintln!("cargo xtask does not know: {}\n\n{HELP}", words.join(" "));
    ExitCode::from(2)
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
