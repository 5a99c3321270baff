//! A process without file descriptors says no, and yes again once it has some.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use transport::ListenerSettings;

use super::support::{listen, open_gate};

const CHILD: &str = "TRANSPORT_TEST_DESCRIPTORS";

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn accepting_survives_the_last_descriptor() {
    let child = Command::new("prlimit")
        .args(["--nofile=128:128", std::env::current_exe().unwrap().to_str().unwrap()])
        .args(["--exact", "descriptors::the_child", "--ignored", "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(child) = child else { return };
    let mut server = Server(child);
    let mut say = server.0.stdin.take().unwrap();
    let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines();
    let mut hear = move |start: &str| loop {
        let line = lines.next().expect("the child goes on").unwrap();
        if let Some(rest) = line.strip_prefix(start) {
            return rest.to_owned();
        }
    };
    let address: SocketAddr = hear("address ").parse().unwrap();
    assert_eq!(visit(address).unwrap(), "hello");
    writeln!(say, "take all").unwrap();
    hear("taken");
    for _ in 0..3 {
        assert_ne!(visit(address).unwrap_or_default(), "hello");
    }
    writeln!(say, "give back").unwrap();
    hear("given");
    assert_eq!(visit(address).unwrap(), "hello");
}

/// What the server says before it closes; an error when it closes without a word.
fn visit(address: SocketAddr) -> std::io::Result<String> {
    let mut client = TcpStream::connect(address)?;
    client.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut words = String::new();
    client.read_to_string(&mut words)?;
    Ok(words)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "runs as the child of the test above"]
async fn the_child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let (address, _stop) = listen(ListenerSettings::default(), &open_gate(), |taken| {
        let _ = taken.socket.try_write(b"hello");
    });
    println!("\naddress {address}");
    let talk = tokio::task::spawn_blocking(|| {
        let mut held = Vec::new();
        for line in std::io::stdin().lines() {
            match line.unwrap().as_str() {
                "take all" => {
                    while let Ok(file) = File::open("/dev/null") {
                        held.push(file);
                    }
                    println!("taken");
                }
                _ => {
                    held.clear();
                    println!("given");
                }
            }
        }
    });
    talk.await.unwrap();
}
