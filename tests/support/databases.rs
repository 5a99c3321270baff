//! Database servers for a whole run of tests: starts one of each kind, says `NAME=URL` for each and
//! then an empty line, and ends them when its standard input is closed.

use std::io::Read as _;

use testkit::databases::{Durability, Kind, Server};

fn main() {
    let starts = Kind::ALL.into_iter().filter_map(|kind| Some((kind, kind.variable()?)));
    let starting: Vec<_> = starts
        .map(|(kind, variable)| {
            (
                kind,
                variable,
                std::thread::spawn(move || Server::start(kind, Durability::Relaxed)),
            )
        })
        .collect();
    let mut servers = Vec::new();
    for (kind, variable, server) in starting {
        match server.join() {
            Ok(Ok(server)) => {
                println!("{variable}={}", server.url());
                servers.push(server);
            }
            Ok(Err(error)) => eprintln!("{kind} does not start: {error:#}"),
            Err(_) => eprintln!("{kind} does not start"),
        }
    }
    println!();
    // Whoever started us closes it, or ends, which closes it too.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    drop(servers);
}
