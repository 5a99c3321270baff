//! Which certificate is shown to whom, and what is wrong with the files they come from.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use rustls::HandshakeKind;
use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256, Sha384};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use transport::{
    CertificateFolder, CertificateInfo, Certificates, Io, Pair, PairFiles, TlsServer, TlsSettings, TrustAnchors,
};

use super::support::{Authority, Client, authority, client, client_of, socket_pair, soon};

fn serving(pairs: Vec<Pair>) -> TlsServer {
    let certificates = Certificates::new(pairs).unwrap();
    TlsServer::new(&certificates, TrustAnchors::default(), &TlsSettings::default()).unwrap()
}

/// The first name of the certificate that a client asking for `name` is shown.
async fn shown(client: &Client, server: &TlsServer) -> String {
    let (client, _io, facts) = client.meet_well(server).await;
    let leaf = &client.get_ref().1.peer_certificates().unwrap()[0];
    assert_eq!(
        facts.bindings.server_end_point.as_deref(),
        Some(Sha256::digest(leaf).as_slice())
    );
    CertificateInfo::of(leaf).unwrap().subject_names[0].clone()
}

fn asking(name: &'static str) -> Client {
    Client { name, ..client() }
}

#[tokio::test]
async fn the_name_asked_for_chooses_the_certificate() {
    let authority = authority();
    let server = serving(vec![
        authority.pair(&["example.org", "conference.example.org"]),
        authority.pair(&["*.example.org"]),
        authority.pair(&["xn--bcher-kva.example", "*.xn--bcher-kva.example"]),
    ]);
    for (name, expected) in [
        ("example.org", "example.org"),
        ("conference.example.org", "example.org"),
        ("chat.example.org", "*.example.org"),
        ("CHAT.Example.ORG", "*.example.org"),
        ("a.chat.example.org", "example.org"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a.xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("elsewhere.test", "example.org"),
        ("127.0.0.1", "example.org"),
    ] {
        assert_eq!(shown(&asking(name), &server).await, expected, "{name}");
    }
}

#[tokio::test]
async fn without_a_name_in_tls_the_one_of_the_stream_chooses() {
    let authority = authority();
    let server = serving(vec![
        authority.pair(&["example.org"]),
        authority.pair(&["xn--bcher-kva.example"]),
    ]);
    let mut client = client();
    client.config.enable_sni = false;
    for (host, expected) in [
        (None, "example.org"),
        (Some("example.org"), "example.org"),
        (Some("xn--bcher-kva.example"), "xn--bcher-kva.example"),
        (Some("b\u{fc}cher.example"), "xn--bcher-kva.example"),
        (Some("elsewhere.test"), "example.org"),
    ] {
        let (ours, theirs) = socket_pair().await;
        let (connected, started) =
            soon(async { tokio::join!(client.connect(ours), server.start_tls(Io::from(theirs), b"", host)) }).await;
        let (_, facts) = started.unwrap();
        assert_eq!(facts.sni, None);
        let connected = connected.unwrap();
        let leaf = &connected.get_ref().1.peer_certificates().unwrap()[0];
        assert_eq!(
            CertificateInfo::of(leaf).unwrap().subject_names[0],
            expected,
            "{host:?}"
        );
    }
}

#[tokio::test]
async fn of_two_kinds_of_key_the_client_gets_one_it_can_check() {
    let authority = authority();
    let names = vec!["example.org".to_owned()];
    let edwards = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let edwards = authority.issue_with("edwards", &CertificateParams::new(names.clone()).unwrap(), &edwards);
    let plain = authority.issue("plain", &["example.org"]);
    let server = serving(vec![edwards.read().unwrap(), plain.read().unwrap()]);
    // rustls clients of TLS 1.2 and 1.3 know both; the order is the operator's.
    let (connected, _io, facts) = asking("example.org").meet_well(&server).await;
    let leaf = connected.get_ref().1.peer_certificates().unwrap()[0].clone();
    assert_eq!(leaf, first_certificate(&edwards));
    // The authority has signed it with ECDSA and SHA-256, and that is what the binding hashes by.
    assert_eq!(
        facts.bindings.server_end_point.as_deref(),
        Some(Sha256::digest(&leaf).as_slice())
    );
}

#[test]
fn the_end_point_is_hashed_as_the_certificate_was_signed() {
    for (algorithm, hash) in [
        (
            &rcgen::PKCS_ECDSA_P256_SHA256,
            (|der| Some(Sha256::digest(der).to_vec())) as fn(&[u8]) -> Option<Vec<u8>>,
        ),
        (&PKCS_ECDSA_P384_SHA384, |der| Some(Sha384::digest(der).to_vec())),
        (&PKCS_ED25519, |_| None),
    ] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certificate = CertificateParams::new(vec!["example.org".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        let info = CertificateInfo::of(certificate.der()).unwrap();
        assert_eq!(info.end_point.map(Vec::from), hash(certificate.der()), "{algorithm:?}");
        assert!(info.self_signed);
    }
}

#[tokio::test]
async fn a_reload_is_for_new_connections_and_the_old_live_on() {
    let authority = authority();
    let files = authority.issue("site", &["example.org", "old.example"]);
    let certificates = Certificates::read(std::slice::from_ref(&files)).unwrap();
    let server = TlsServer::new(&certificates, TrustAnchors::default(), &TlsSettings::default()).unwrap();
    let client = client_of(&[&rustls::version::TLS13]);
    let (mut old, mut io, before) = client.meet_well(&server).await;
    io.send(|batch| batch.push(b'1')).unwrap();
    assert_eq!(soon(old.read_u8()).await.unwrap(), b'1');

    authority.issue("site", &["example.org", "new.example"]);
    certificates.reload(std::slice::from_ref(&files)).unwrap();
    assert!(certificates.covers("new.example") && !certificates.covers("old.example"));

    let (new, _io, after) = client.meet_well(&server).await;
    let session = new.get_ref().1;
    assert_eq!(
        session.handshake_kind(),
        Some(HandshakeKind::Full),
        "the old ticket is worthless"
    );
    let leaf = &session.peer_certificates().unwrap()[0];
    assert_eq!(
        CertificateInfo::of(leaf).unwrap().subject_names,
        ["example.org", "new.example"]
    );
    assert_ne!(before.bindings.server_end_point, after.bindings.server_end_point);

    old.write_all(b"2").await.unwrap();
    io.send(|batch| batch.push(b'3')).unwrap();
    assert_eq!(soon(old.read_u8()).await.unwrap(), b'3');
}

#[test]
fn a_bad_file_is_named_and_changes_nothing() {
    let authority = authority();
    let good = authority.issue("good", &["example.org"]);
    let certificates = Certificates::read(std::slice::from_ref(&good)).unwrap();
    let bad = |chain: &str, key: &str| PairFiles::new(authority.path().join(chain), authority.path().join(key));
    let write = |name: &str, text: &[u8]| fs::write(authority.path().join(name), text).unwrap();
    write("empty", b"");
    write("text", b"this is not PEM");
    write(
        "broken",
        b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
    );
    write("cut", b"-----BEGIN CERTIFICATE-----\nMIIB\n");
    write(
        "nonsense",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    write(
        "locked",
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    write("odd", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    write("long", &vec![b'\n'; (1 << 20) + 1]);
    authority.issue("other", &["example.org"]);
    authority.issue("nameless", &[]);
    expired(&authority);

    for (files, file, reason) in [
        (bad("absent", "good.key"), "absent", "cannot read"),
        (bad("empty", "good.key"), "empty", "holds no CERTIFICATE block"),
        (bad("text", "good.key"), "text", "holds no CERTIFICATE block"),
        (bad("good.key", "good.crt"), "good.key", "the wrong way round"),
        (bad("broken", "good.key"), "broken", "damaged PEM"),
        (bad("cut", "good.key"), "cut", "damaged PEM"),
        (bad("nonsense", "good.key"), "nonsense", "cannot be understood"),
        (bad("long", "good.key"), "long", "longer than 1 MiB"),
        (bad("good.crt", "absent"), "absent", "cannot read"),
        (bad("good.crt", "empty"), "empty", "holds no PRIVATE KEY block"),
        (bad("good.crt", "good.crt"), "good.crt", "the wrong way round"),
        (bad("good.crt", "locked"), "locked", "decrypt it first"),
        (bad("good.crt", "odd"), "odd", "cannot be used"),
        (bad("good.crt", "other.key"), "other.key", "does not belong"),
        (bad("nameless.crt", "nameless.key"), "nameless.crt", "names no domain"),
        (bad("expired.crt", "expired.key"), "expired.crt", "has expired"),
        (bad("early.crt", "early.key"), "early.crt", "not valid yet"),
    ] {
        let error = certificates
            .reload(std::slice::from_ref(&files))
            .unwrap_err()
            .to_string();
        assert!(error.contains(reason), "{file}: {error}");
        assert!(
            error.contains(authority.path().join(file).to_str().unwrap()),
            "{file}: {error}"
        );
        assert!(certificates.covers("example.org"));
    }
    assert!(certificates.reload(&[]).is_err());
}

fn expired(authority: &Authority) {
    let day = Duration::from_secs(86_400);
    let now = SystemTime::now();
    for (stem, from, until) in [
        ("expired", now - 3 * day, now - day),
        ("early", now + day, now + 3 * day),
    ] {
        let mut parameters = CertificateParams::new(vec!["example.org".to_owned()]).unwrap();
        (parameters.not_before, parameters.not_after) = (from.into(), until.into());
        authority.issue_with(stem, &parameters, &KeyPair::generate().unwrap());
    }
}

#[test]
fn an_expired_certificate_is_better_than_no_server() {
    let authority = authority();
    expired(&authority);
    let files = PairFiles::new(
        authority.path().join("expired.crt"),
        authority.path().join("expired.key"),
    );
    assert!(Certificates::read(&[files]).unwrap().covers("example.org"));
}

#[test]
fn a_certificate_of_our_own_is_made_once_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("certs");
    let files = CertificateFolder::new(&folder).ensure("b\u{fc}cher.example").unwrap();
    let pair = files.read().unwrap();
    let info = pair.info();
    assert_eq!(info.subject_names, ["xn--bcher-kva.example"]);
    assert!(info.self_signed);
    assert!(info.not_before < SystemTime::now());
    assert!(info.not_after > SystemTime::now() + Duration::from_secs(9 * 365 * 86_400));
    assert_eq!(fs::metadata(&files.key).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);

    let made = first_certificate(&files);
    assert_eq!(
        first_certificate(&CertificateFolder::new(&folder).ensure("B\u{dc}CHER.example").unwrap()),
        made,
        "it is kept"
    );
    fs::write(&files.key, "").unwrap();
    assert_ne!(
        first_certificate(&CertificateFolder::new(&folder).ensure("b\u{fc}cher.example").unwrap()),
        made,
        "it was broken"
    );
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing is left lying about");
    files.read().unwrap();
}

#[test]
fn a_domain_that_is_no_file_name_stays_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    for domain in ["../../etc/passwd", "..", "/etc/x", "a/b", ".hidden"] {
        if let Ok(files) = CertificateFolder::new(folder.path()).ensure(domain) {
            assert_eq!(files.key.parent(), Some(folder.path()), "{domain}");
            assert!(
                !files.key.file_name().unwrap().to_str().unwrap().starts_with('.'),
                "{domain}"
            );
        }
    }
}

fn first_certificate(files: &PairFiles) -> CertificateDer<'static> {
    use rustls_pki_types::pem::PemObject;
    CertificateDer::from_pem_slice(&fs::read(&files.chain).unwrap()).unwrap()
}
