//! How many may come, and how fast.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use transport::{Accepted, BindError, Gate, GateSettings, Listener, ListenerSettings};

use super::support::{eventually, listen, open_gate, soon};

/// Connects until one is refused; says how many were let in.
async fn fill(address: SocketAddr, accepted: &mut mpsc::Receiver<Accepted>) -> (Vec<(Accepted, TcpStream)>, usize) {
    let mut inside = Vec::new();
    loop {
        let mut client = TcpStream::connect(address).await.unwrap();
        let outcome = soon(async {
            tokio::select! {
                taken = accepted.recv() => taken,
                _ = client.read_u8() => None,
            }
        })
        .await;
        match outcome {
            Some(taken) => inside.push((taken, client)),
            None => break,
        }
    }
    let count = inside.len();
    (inside, count)
}

#[tokio::test]
async fn one_address_gets_its_share_and_gets_it_back() {
    let (sender, mut accepted) = mpsc::channel(8);
    let gate = Gate::new(GateSettings {
        connections_per_address: 3,
        unlimited: Vec::new(),
        ..GateSettings::default()
    });
    let (address, _stop) = listen(ListenerSettings::default(), &gate, move |taken| {
        sender.try_send(taken).unwrap();
    });
    let (mut inside, count) = fill(address, &mut accepted).await;
    assert_eq!((count, gate.open_from(address.ip())), (3, 3));
    inside.pop();
    let (_more, count) = fill(address, &mut accepted).await;
    assert_eq!(count, 1);
}

#[tokio::test]
async fn all_addresses_together_have_a_limit_that_listeners_share() {
    let (sender, mut accepted) = mpsc::channel(8);
    let gate = Gate::new(GateSettings {
        connections: 4,
        ..GateSettings::default()
    });
    let other = sender.clone();
    let (one, _stop) = listen(ListenerSettings::default(), &gate, move |taken| {
        sender.try_send(taken).unwrap();
    });
    let (two, _stop2) = listen(ListenerSettings::default(), &gate, move |taken| {
        other.try_send(taken).unwrap();
    });
    let client = TcpStream::connect(one).await.unwrap();
    let first = soon(accepted.recv()).await.unwrap();
    let (inside, count) = fill(two, &mut accepted).await;
    assert_eq!((count, gate.open()), (3, 4));
    gate.set(GateSettings {
        connections: 5,
        ..GateSettings::default()
    });
    let (_more, count) = fill(one, &mut accepted).await;
    assert_eq!(count, 1, "the new limit is in force");
    drop((inside, first, client));
}

#[tokio::test]
async fn a_thousand_visits_leave_no_trace() {
    let gate = Gate::new(GateSettings {
        unlimited: Vec::new(),
        ..GateSettings::default()
    });
    let (address, _stop) = listen(ListenerSettings::default(), &gate, |mut taken| {
        tokio::spawn(async move {
            let _ = taken.socket.read(&mut [0; 16]).await;
            drop(taken);
        });
    });
    for visit in 0..1000_u32 {
        let client = TcpStream::connect(address).await.unwrap();
        if visit % 3 == 0 {
            let _ = client.try_write(b"<stream");
        }
        if visit % 2 == 0 {
            socket2::SockRef::from(&client)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
        }
    }
    eventually(|| gate.open() == 0 && gate.open_from(address.ip()) == 0).await;
    assert_eq!(Arc::strong_count(&gate), 2, "the listener and this test");
}

#[tokio::test(start_paused = true)]
async fn what_comes_faster_than_allowed_waits_and_is_served() {
    let gate = Gate::new(GateSettings {
        accepts_per_second: 10,
        accept_burst: 5,
        ..GateSettings::default()
    });
    let times = Arc::new(Mutex::new(Vec::new()));
    let started = tokio::time::Instant::now();
    let (sender, mut accepted) = mpsc::channel(32);
    let log = Arc::clone(&times);
    let (address, _stop) = listen(ListenerSettings::default(), &gate, move |taken| {
        log.lock().unwrap().push(started.elapsed().as_millis());
        sender.try_send(taken).unwrap();
    });
    let clients: Vec<_> = (0..15)
        .map(|_| std::net::TcpStream::connect(address).unwrap())
        .collect();
    for _ in &clients {
        accepted.recv().await.unwrap();
    }
    let times = times.lock().unwrap();
    assert!(times[4] < 10, "a burst of five at once: {times:?}");
    assert!((900..1100).contains(&times[14]), "ten more take a second: {times:?}");
}

#[tokio::test]
async fn a_stopped_listener_frees_its_port_and_leaves_its_connections() {
    let (sender, mut accepted) = mpsc::channel(1);
    let (address, stop) = listen(ListenerSettings::default(), &open_gate(), move |taken| {
        sender.try_send(taken).unwrap();
    });
    let client = TcpStream::connect(address).await.unwrap();
    let taken = soon(accepted.recv()).await.unwrap();
    assert!(taken.socket.nodelay().unwrap());
    drop(stop);
    // The accept loop is gone, and the sender with it.
    assert!(soon(accepted.recv()).await.is_none());
    let again = Listener::bind(address, ListenerSettings::default(), open_gate());
    assert_eq!(again.unwrap().local_addr(), address);
    taken.socket.try_write(b"!").unwrap();
    client.readable().await.unwrap();
    assert_eq!(client.try_read(&mut [0; 2]).unwrap(), 1);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let (address, _stop) = listen(ListenerSettings::default(), &open_gate(), |_| {});
    let error = Listener::bind(address, ListenerSettings::default(), open_gate()).unwrap_err();
    assert!(matches!(error, BindError::InUse(_)), "{error:?}");
    assert!(error.to_string().contains(&address.to_string()));
    let error = Listener::bind("192.0.2.1:0".parse().unwrap(), ListenerSettings::default(), open_gate()).unwrap_err();
    assert!(matches!(error, BindError::NotOurs(_)), "{error:?}");
}
