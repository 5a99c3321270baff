//! What the metrics say.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use metrics::{Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use transport::{Gate, GateSettings, ListenerSettings, TlsError};

use super::support::{client, eventually, listen, server, socket_pair, soon};

type Figures = Arc<Mutex<BTreeMap<String, f64>>>;

/// Keeps all figures by name and labels.
#[derive(Default)]
struct Book(Figures);

struct Line(Figures, String);

impl Line {
    fn add(&self, value: f64) {
        *self.0.lock().unwrap().entry(self.1.clone()).or_default() += value;
    }
}

impl CounterFn for Line {
    fn increment(&self, value: u64) {
        self.add(f64::from(u32::try_from(value).unwrap()));
    }

    fn absolute(&self, _: u64) {}
}

impl GaugeFn for Line {
    fn increment(&self, value: f64) {
        self.add(value);
    }

    fn decrement(&self, value: f64) {
        self.add(-value);
    }

    fn set(&self, _: f64) {}
}

impl Book {
    fn line(&self, key: &Key) -> Arc<Line> {
        let labels: Vec<_> = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        Arc::new(Line(
            Arc::clone(&self.0),
            format!("{}{labels:?}", key.name()).replace('"', ""),
        ))
    }
}

impl Recorder for Book {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.line(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.line(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn every_connection_and_every_refusal_is_counted() {
    let book = Book::default();
    let figures = Arc::clone(&book.0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    metrics::with_local_recorder(&book, || runtime.block_on(happenings(&figures)));
    let expected = [
        ("connections_accepted[]", 1.0),
        ("connections_open[]", 0.0),
        ("connections_refused[reason=address]", 2.0),
        ("tls_handshakes[version=TLSv1.3]", 1.0),
        ("tls_handshakes_failed[reason=hung_up]", 1.0),
        ("tls_handshakes_failed[reason=pipelined]", 1.0),
        ("tls_handshakes_failed[reason=protocol]", 1.0),
    ];
    let figures = figures.lock().unwrap();
    let figures: Vec<(&str, f64)> = figures.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(figures, expected);
}

async fn happenings(figures: &Figures) {
    let gate = Gate::new(GateSettings {
        connections_per_address: 1,
        unlimited: Vec::new(),
        ..GateSettings::default()
    });
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&kept);
    let (address, _stop) = listen(ListenerSettings::default(), &gate, move |taken| {
        keep.lock().unwrap().push(taken);
    });
    let _first = TcpStream::connect(address).await.unwrap();
    for _ in 0..2 {
        let mut refused = TcpStream::connect(address).await.unwrap();
        assert_eq!(soon(refused.read(&mut [0; 1])).await.unwrap_or(0), 0);
    }
    assert_eq!(
        figures.lock().unwrap()["connections_open[]"].total_cmp(&1.0),
        std::cmp::Ordering::Equal
    );
    kept.lock().unwrap().clear();
    eventually(|| gate.open() == 0).await;

    client().meet_well(&server()).await;
    let (client, socket) = socket_pair().await;
    drop(client);
    assert!(matches!(server().accept(socket).await, Err(TlsError::HungUp)));
    let (mut client, socket) = socket_pair().await;
    client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    assert!(server().accept(socket).await.is_err());
    let (_client, socket) = socket_pair().await;
    assert!(server().start_tls(socket.into(), b"<", None).await.is_err());
}
