//! Shaking hands: what is agreed, what is refused, and how long it may take.

use std::future::poll_fn;
use std::process::Stdio;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use rustls::HandshakeKind;
use rustls::crypto::aws_lc_rs::kx_group;
use rustls::version::{TLS12, TLS13};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use transport::{Io, TlsError, TlsSettings, TlsVersion};

use super::support::{client, client_by, client_of, server, server_with, socket_pair, soon};

#[tokio::test]
async fn both_versions_agree_and_bind_to_the_same_channel() {
    for (version, name) in [(&TLS12, TlsVersion::Tls12), (&TLS13, TlsVersion::Tls13)] {
        let (client, _io, facts) = client_of(&[version]).meet_well(&server()).await;
        let (_, session) = client.get_ref();
        let exported = session
            .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""))
            .unwrap();
        let leaf = &session.peer_certificates().unwrap()[0];
        assert_eq!(facts.version, name);
        assert_eq!(facts.bindings.exporter, Some(exported), "{name:?}");
        assert_eq!(
            facts.bindings.server_end_point.as_deref(),
            Some(Sha256::digest(leaf).as_slice()),
            "{name:?}"
        );
        assert_eq!(facts.sni.as_deref(), Some("localhost"));
        assert_eq!(
            facts.cipher,
            session.negotiated_cipher_suite().unwrap().suite().as_str().unwrap()
        );
        assert!(facts.client.is_none());
    }
}

#[tokio::test]
async fn a_resumed_session_binds_to_its_own_channel_and_the_same_certificate() {
    for version in [&TLS12, &TLS13] {
        let (server, mut client) = (server(), client_of(&[version]));
        client.config.enable_early_data = true;
        let (mut first, mut io, before) = client.meet_well(&server).await;
        // The ticket arrives with the first bytes.
        io.send(|batch| batch.push(b'!')).unwrap();
        soon(first.read_u8()).await.unwrap();
        let (second, _io, after) = client.meet_well(&server).await;
        let (_, session) = second.get_ref();
        assert!(!session.is_early_data_accepted());
        assert_eq!(session.handshake_kind(), Some(HandshakeKind::Resumed));
        let exported = session
            .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""))
            .unwrap();
        assert_eq!(after.bindings.exporter, Some(exported));
        assert_ne!(after.bindings.exporter, before.bindings.exporter);
        assert_eq!(after.bindings.server_end_point, before.bindings.server_end_point);
    }
}

#[tokio::test]
async fn a_ticket_goes_with_the_first_answer_and_both_goodbyes_with_each_other() {
    for (version, is_held) in [(&TLS12, false), (&TLS13, true)] {
        let (mut client, mut io, _) = client_of(&[version]).meet_well(&server()).await;
        assert_eq!(io.pending() > 0, is_held, "{version:?}");
        // Neither a look for what has come, nor what comes, sends it alone.
        let mut unread = BytesMut::new();
        poll_fn(|cx| {
            assert!(io.poll_fill(cx, &mut unread, 64).is_pending());
            Poll::Ready(())
        })
        .await;
        client.write_all(b"?").await.unwrap();
        client.flush().await.unwrap();
        soon(io.fill(&mut unread, 64)).await.unwrap();
        assert_eq!((io.pending() > 0, &unread[..]), (is_held, &b"?"[..]), "{version:?}");
        io.send(|batch| batch.push(b'!')).unwrap();
        assert_eq!(io.pending(), 0, "{version:?}");
        soon(client.read_u8()).await.unwrap();

        io.hold(|batch| batch.push(b'.')).unwrap();
        let pending = io.pending();
        assert!(pending > 0, "{version:?}");
        soon(io.shutdown()).await.unwrap();
        assert_eq!(io.pending(), 0);
        let mut last = Vec::new();
        soon(client.read_to_end(&mut last)).await.unwrap();
        assert_eq!(last, b".", "TLS ended as it should, or this were an error");
    }
}

#[tokio::test]
async fn a_hello_that_must_be_repeated_still_binds() {
    let provider = rustls::crypto::CryptoProvider {
        // The client guesses a group that the server does not have.
        kx_groups: vec![kx_group::MLKEM768, kx_group::X25519],
        ..rustls::crypto::aws_lc_rs::default_provider()
    };
    let (client, _io, facts) = client_by(provider, &[&TLS13]).meet_well(&server()).await;
    assert_eq!(
        client.get_ref().1.handshake_kind(),
        Some(HandshakeKind::FullWithHelloRetryRequest)
    );
    let exported = client
        .get_ref()
        .1
        .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""))
        .unwrap();
    assert_eq!(facts.bindings.exporter, Some(exported));
}

#[tokio::test]
async fn an_application_protocol_is_agreed_or_none_was_offered() {
    for (offered, agreed) in [
        (vec![], Some(None)),
        (vec!["xmpp-client"], Some(Some("xmpp-client"))),
        (vec!["h2", "xmpp-client"], Some(Some("xmpp-client"))),
        (vec!["http/1.1"], None),
    ] {
        let mut client = client();
        client.config.alpn_protocols = offered.iter().map(|name: &&str| name.as_bytes().to_vec()).collect();
        let (_client, outcome) = client.meet(&server()).await;
        match (outcome, agreed) {
            (Ok((_, facts)), Some(agreed)) => assert_eq!(facts.alpn.as_deref(), agreed.map(str::as_bytes)),
            (Err(TlsError::Protocol(rustls::Error::NoApplicationProtocol)), None) => {}
            (outcome, _) => panic!("{offered:?}: {outcome:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_older_than_allowed_is_refused() {
    let settings = TlsSettings {
        oldest: TlsVersion::Tls13,
        ..TlsSettings::default()
    };
    let (client, outcome) = client_of(&[&TLS12]).meet(&server_with(&settings)).await;
    assert!(client.unwrap_err().to_string().contains("ProtocolVersion"));
    assert!(
        matches!(outcome, Err(TlsError::Protocol(rustls::Error::PeerIncompatible(_)))),
        "{outcome:?}"
    );
}

/// OpenSSL still knows how to speak what rustls never learnt.
#[tokio::test]
async fn dead_versions_and_weak_ciphers_are_refused() {
    for options in [
        &["-tls1_1"][..],
        &["-tls1"],
        &["-tls1_2", "-cipher", "AES128-SHA"],
        &["-tls1_2", "-cipher", "AES256-GCM-SHA384"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
        &["-tls1_2", "-cipher", "aNULL"],
        &["-tls1_2", "-cipher", "eNULL"],
    ] {
        let Some(outcome) = openssl(options).await else { return };
        assert!(outcome.is_err(), "{options:?}: {outcome:?}");
    }
    let good = openssl(&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"])
        .await
        .unwrap();
    assert_eq!(good.unwrap().1.cipher, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
}

/// What comes of an `openssl s_client` with these options; none where there is no OpenSSL.
async fn openssl(options: &[&str]) -> Option<Result<(Io, transport::TlsFacts), TlsError>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut child = tokio::process::Command::new("openssl")
        .args(["s_client", "-connect", &listener.local_addr().unwrap().to_string()])
        // Its own security level would keep it from even trying.
        .args(options.iter().map(|option| match *option {
            "-cipher" => "-cipher".to_owned(),
            cipher if !cipher.starts_with('-') => format!("{cipher}:@SECLEVEL=0"),
            flag => flag.to_owned(),
        }))
        .args(if options.contains(&"-cipher") {
            &[][..]
        } else {
            &["-cipher", "ALL:@SECLEVEL=0"]
        })
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let accepted = async {
        let (socket, _) = listener.accept().await.unwrap();
        server().accept(socket).await
    };
    tokio::select! {
        outcome = soon(accepted) => Some(outcome),
        _ = child.wait() => Some(Err(TlsError::HungUp)),
    }
}

#[tokio::test]
async fn what_is_not_tls_is_refused_at_once_with_an_alert() {
    for greeting in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"<?xml version='1.0'?><stream:stream",
        b"SSH-2.0-x\r\n",
    ] {
        let (mut client, socket) = socket_pair().await;
        client.write_all(greeting).await.unwrap();
        let outcome = soon(server().accept(socket)).await;
        assert!(matches!(outcome, Err(TlsError::Protocol(_))), "{outcome:?}");
        let mut answer = Vec::new();
        let _ = soon(client.read_to_end(&mut answer)).await;
        assert_eq!(answer.first(), Some(&21), "an alert record");
    }
}

#[tokio::test]
async fn a_hello_without_end_is_cut_at_its_size() {
    let (mut client, socket) = socket_pair().await;
    let flood = tokio::spawn(async move {
        // A client hello of 64 KiB minus one, in records of 16 KiB.
        let mut record = vec![22, 3, 1, 0x40, 0x00];
        record.resize(5 + 0x4000, 0);
        record[5..9].copy_from_slice(&[1, 0, 0xff, 0xff]);
        let mut sent = 0;
        while client.write_all(&record).await.is_ok() {
            sent += record.len();
            record[5..9].copy_from_slice(&[0; 4]);
        }
        sent
    });
    let outcome = soon(server().accept(socket)).await;
    assert!(matches!(outcome, Err(TlsError::TooLarge)), "{outcome:?}");
    soon(flood).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_hello_that_drips_hits_the_deadline() {
    let (mut client, socket) = socket_pair().await;
    let started = tokio::time::Instant::now();
    let drip = tokio::spawn(async move {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        for byte in [22, 3, 1, 0x40, 0].into_iter().chain(std::iter::repeat(0)) {
            second.tick().await;
            if client.write_all(&[byte]).await.is_err() {
                return;
            }
        }
    });
    let outcome = server().accept(socket).await;
    assert!(matches!(outcome, Err(TlsError::Deadline)), "{outcome:?}");
    assert_eq!(started.elapsed().as_secs(), 10);
    drip.abort();
}

#[tokio::test]
async fn who_hangs_up_half_way_is_told_apart() {
    let (client, socket) = socket_pair().await;
    drop(client);
    let outcome = soon(server().accept(socket)).await;
    assert!(matches!(outcome, Err(TlsError::HungUp)), "{outcome:?}");
}

#[tokio::test]
async fn starttls_carries_nothing_over_from_the_clear() {
    let (_client, socket) = socket_pair().await;
    let outcome = server().start_tls(Io::from(socket), b"<message/>", None).await;
    assert!(matches!(outcome, Err(TlsError::Pipelined)), "{outcome:?}");

    let (client_socket, socket) = socket_pair().await;
    let (server, client) = (server(), client());
    let (connected, started) = soon(async {
        tokio::join!(
            client.connect(client_socket),
            server.start_tls(Io::from(socket), b"", None)
        )
    })
    .await;
    connected.unwrap();
    let (io, _) = started.unwrap();
    assert!(io.is_encrypted());
    let outcome = server.start_tls(io, b"", None).await;
    assert!(matches!(outcome, Err(TlsError::Twice)), "{outcome:?}");
}
