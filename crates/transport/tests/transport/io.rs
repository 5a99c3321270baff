//! Reading and writing, with and without TLS.

use std::future::poll_fn;
use std::io::IoSlice;
use std::task::Poll;

use bytes::BytesMut;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use transport::Io;

use super::support::{client_of, server, socket_pair, soon};

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// A client's end and ours, in each of the ways a stream can be carried.
async fn connections() -> Vec<(&'static str, Box<dyn Stream>, Io)> {
    let (client, socket) = socket_pair().await;
    let (old, old_io, _) = client_of(&[&TLS12]).meet_well(&server()).await;
    let (new, new_io, _) = client_of(&[&TLS13]).meet_well(&server()).await;
    vec![
        ("plain", Box::new(client), Io::from(socket)),
        ("TLS 1.2", Box::new(old), old_io),
        ("TLS 1.3", Box::new(new), new_io),
    ]
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

/// Waits until at least so many bytes (of TLS: in whole records) are there to be read.
async fn arrived(io: &Io, length: usize) {
    let records = if io.is_encrypted() { length / 300 * 21 } else { 0 };
    let mut there = vec![0; 2 * length];
    soon(async { while io.socket().peek(&mut there).await.unwrap() < length + records {} }).await;
}

async fn write_all(client: &mut dyn Stream, bytes: &[u8]) {
    client.write_all(bytes).await.unwrap();
    client.flush().await.unwrap();
}

#[tokio::test]
async fn what_is_said_arrives_whole_in_both_directions() {
    for (kind, mut client, mut io) in connections().await {
        for length in [1, 300, 16_384, 16_385, 100_000, 1_000_000] {
            let said = pattern(length);
            let there_and_back = async {
                let mut heard = BytesMut::new();
                while heard.len() < length {
                    assert_ne!(io.fill(&mut heard, 1 << 20).await.unwrap(), 0);
                }
                io.send(|batch| batch.extend_from_slice(&heard)).unwrap();
                io.drain().await.unwrap();
                assert_eq!(io.pending(), 0);
            };
            let mut echo = vec![0; length];
            let (mut reader, mut writer) = tokio::io::split(&mut client);
            soon(async {
                tokio::join!(
                    there_and_back,
                    async {
                        writer.write_all(&said).await.unwrap();
                        writer.flush().await.unwrap();
                    },
                    async {
                        reader.read_exact(&mut echo).await.unwrap();
                    }
                )
            })
            .await;
            assert_eq!(echo, said, "{kind}, {length} bytes");
        }
    }
}

#[tokio::test]
async fn all_that_has_arrived_is_read_in_one_go() {
    for (kind, mut client, mut io) in connections().await {
        for _ in 0..50 {
            write_all(&mut client, &[b'x'; 300]).await;
        }
        arrived(&io, 15_000).await;
        let mut heard = BytesMut::new();
        let read = soon(io.fill(&mut heard, 1 << 20)).await.unwrap();
        assert_eq!((read, heard.len()), (15_000, 15_000), "{kind}");
        let idle = poll_fn(|cx| Poll::Ready(io.poll_fill(cx, &mut heard, 1 << 20).is_pending())).await;
        assert!(idle, "{kind}");
    }
}

#[tokio::test]
async fn a_budget_bounds_what_is_read() {
    for (kind, mut client, mut io) in connections().await {
        for _ in 0..100 {
            write_all(&mut client, &[b'x'; 300]).await;
        }
        let mut heard = BytesMut::new();
        let first = soon(io.fill(&mut heard, 1000)).await.unwrap();
        // Over TLS it is the records of one short read.
        assert!((1..=4096).contains(&first), "{kind}: {first}");
        while heard.len() < 30_000 {
            assert!(soon(io.fill(&mut heard, 1000)).await.unwrap() <= 4096, "{kind}");
        }
    }
}

#[tokio::test]
async fn an_idle_buffer_has_no_memory() {
    for (_, _client, mut io) in connections().await {
        let mut buffer = BytesMut::new();
        assert!(poll_fn(|cx| Poll::Ready(io.poll_fill(cx, &mut buffer, 4096).is_pending())).await);
        assert_eq!(buffer.capacity(), 0);
    }
}

#[tokio::test]
async fn the_end_of_a_stream_is_read_as_nothing() {
    for (kind, mut client, mut io) in connections().await {
        write_all(&mut client, b"bye").await;
        client.shutdown().await.unwrap();
        let mut heard = BytesMut::new();
        while soon(io.fill(&mut heard, 4096)).await.unwrap() != 0 {}
        assert_eq!(&heard[..], b"bye", "{kind}");
        assert_eq!(
            soon(io.fill(&mut heard, 4096)).await.unwrap(),
            0,
            "{kind}: and stays so"
        );
        // Our direction is still open.
        io.send(|batch| batch.extend_from_slice(b"farewell")).unwrap();
        io.shutdown().await.unwrap();
        let mut answer = Vec::new();
        soon(client.read_to_end(&mut answer)).await.unwrap();
        assert_eq!(answer, b"farewell", "{kind}");
    }
}

#[tokio::test]
async fn who_does_not_read_makes_us_keep_one_batch_at_most() {
    for (kind, mut client, mut io) in connections().await {
        let batch = pattern(64 << 10);
        let mut sent = 0;
        loop {
            io.send(|out| out.extend_from_slice(&batch)).unwrap();
            sent += batch.len();
            if io.pending() > 0 {
                break;
            }
        }
        assert!(io.pending() <= batch.len() + 1024, "{kind}: {}", io.pending());
        assert!(poll_fn(|cx| Poll::Ready(io.poll_drain(cx).is_pending())).await);
        let mut heard = vec![0; sent];
        soon(async { tokio::join!(io.drain(), client.read_exact(&mut heard)) })
            .await
            .0
            .unwrap();
        assert!(heard.chunks(batch.len()).all(|chunk| chunk == batch), "{kind}");
    }
}

#[tokio::test]
async fn the_standard_traits_work_in_small_steps() {
    for (kind, mut client, mut io) in connections().await {
        let said = pattern(50_000);
        let mut heard = Vec::new();
        let reading = async {
            let mut small = [0; 77];
            while heard.len() < said.len() {
                let read = io.read(&mut small).await.unwrap();
                heard.extend_from_slice(&small[..read]);
            }
        };
        soon(async { tokio::join!(reading, write_all(&mut client, &said)) }).await;
        assert_eq!(heard, said, "{kind}");
        let slices = [IoSlice::new(b"one "), IoSlice::new(b""), IoSlice::new(b"two")];
        assert!(io.is_write_vectored());
        assert_eq!(soon(io.write_vectored(&slices)).await.unwrap(), 7);
        io.flush().await.unwrap();
        let mut answer = [0; 7];
        soon(client.read_exact(&mut answer)).await.unwrap();
        assert_eq!(&answer, b"one two", "{kind}");
        assert_eq!(
            soon(io.write(&pattern(100_000))).await.unwrap(),
            16 << 10,
            "a record at a time"
        );
    }
}

#[tokio::test]
async fn new_keys_from_the_client_are_followed_and_a_flood_of_them_is_not() {
    let (mut client, mut io, _) = client_of(&[&TLS13]).meet_well(&server()).await;
    let mut heard = BytesMut::new();
    for round in 0..100_u8 {
        client.get_mut().1.refresh_traffic_keys().unwrap();
        client.write_all(&[round]).await.unwrap();
        client.flush().await.unwrap();
        heard.clear();
        assert_eq!(soon(io.fill(&mut heard, 4096)).await.unwrap(), 1);
        // The answer to the request for new keys comes before what we say with them.
        io.send(|batch| batch.push(round)).unwrap();
        assert_eq!(soon(client.read_u8()).await.unwrap(), round);
    }
    for _ in 0..10_000 {
        client.get_mut().1.refresh_traffic_keys().unwrap();
    }
    let flood = async {
        let _ = client.flush().await;
        let _ = client.read_u8().await;
    };
    let reading = async {
        let ended = io.fill(&mut heard, 4096).await;
        drop(io);
        ended
    };
    let (ended, ()) = soon(async { tokio::join!(reading, flood) }).await;
    assert!(ended.is_err(), "{ended:?}");
}

#[tokio::test]
async fn a_forged_record_ends_the_connection_with_an_alert() {
    for version in [&TLS12, &TLS13] {
        let (mut client, mut io, _) = client_of(&[version]).meet_well(&server()).await;
        let (socket, _) = client.get_mut();
        socket.write_all(&[23, 3, 3, 0, 32]).await.unwrap();
        socket.write_all(&[0; 32]).await.unwrap();
        let error = soon(io.fill(&mut BytesMut::new(), 4096)).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
        let alert = soon(client.read_u8()).await.unwrap_err();
        assert!(alert.to_string().contains("BadRecordMac"), "{alert}");
    }
}

#[tokio::test]
async fn records_cut_anywhere_are_put_together() {
    for version in [&TLS12, &TLS13] {
        // A client whose bytes pass through a hand that delivers them one at a time.
        let (client_socket, mut middle_client) = socket_pair().await;
        let (middle_server, server_socket) = socket_pair().await;
        middle_server.set_nodelay(true).unwrap();
        let hand = tokio::spawn(async move {
            let (mut from, mut to) = middle_client.split();
            let (mut back, mut forth) = middle_server.into_split();
            tokio::join!(
                async {
                    let mut byte = [0];
                    while from.read(&mut byte).await.unwrap_or(0) == 1 {
                        if forth.write_all(&byte).await.is_err() {
                            break;
                        }
                        tokio::task::yield_now().await;
                    }
                },
                async { tokio::io::copy(&mut back, &mut to).await }
            )
        });
        let (server, client) = (server(), client_of(&[version]));
        let (connected, accepted) =
            soon(async { tokio::join!(client.connect(client_socket), server.accept(server_socket)) }).await;
        let (mut connected, mut io) = (connected.unwrap(), accepted.unwrap().0);
        let said = pattern(5000);
        write_all(&mut connected, &said).await;
        let mut heard = BytesMut::new();
        while heard.len() < said.len() {
            soon(io.fill(&mut heard, 1 << 20)).await.unwrap();
        }
        assert_eq!(heard, said);
        hand.abort();
    }
}
