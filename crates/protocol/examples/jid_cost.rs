//! What an address costs: `cargo run --release -p protocol --example jid_cost`.

use std::hint::black_box;
use std::time::Instant;

use protocol::Jid;

const BATCHES: u32 = 1_000;
const BATCH: u32 = 1_000;

fn main() {
    for text in [
        "example.org",
        "juliet@example.org",
        "juliet@example.org/balcony",
        "juliet@example.org/gajim.7YH3KQ2Z-4f2a-9c1e",
        "Juliet@Example.org/balcony",
        "juliet@example.org/Anna \u{1f600}",
        "j\u{fc}rgen@example.org/balcony",
        "juliet@b\u{fc}cher.example/balcony",
    ] {
        println!("{:>6} ns  {text}", fastest(text));
    }
}

/// Nanoseconds for one address, in the fastest of many batches: the others were disturbed.
fn fastest(text: &str) -> u128 {
    let batch = || {
        let start = Instant::now();
        for _ in 0..BATCH {
            black_box(black_box(text).parse::<Jid>().is_ok());
        }
        start.elapsed().as_nanos() / u128::from(BATCH)
    };
    (0..BATCHES).map(|_| batch()).min().unwrap_or_default()
}
