//! What is found out about a client's certificate, and that none of it can refuse the client.

use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, KeyPair, OtherNameValue, SanType};
use rustls::HandshakeKind;
use rustls::version::{TLS12, TLS13};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use transport::{Certificates, ClientCertificate, TlsError, TlsServer, TlsSettings, TrustAnchors, Verdict};

use super::support::{Authority, authority, client_with_certificate, server, soon};

const XMPP_ADDR: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 8, 5];
const SRV_NAME: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 8, 7];

fn jid(name: &str) -> SanType {
    SanType::OtherName((XMPP_ADDR.to_vec(), OtherNameValue::Utf8String(name.to_owned())))
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

fn named(names: Vec<SanType>) -> CertificateParams {
    let mut parameters = CertificateParams::new(Vec::<String>::new()).unwrap();
    parameters.subject_alt_names = names;
    parameters
}

/// What the server that trusts `authority` thinks of a certificate issued by `issuer`.
async fn judged(
    trusted: &Authority,
    issuer: &Authority,
    parameters: CertificateParams,
    version: &'static rustls::SupportedProtocolVersion,
) -> ClientCertificate {
    let key = KeyPair::generate().unwrap();
    let files = issuer.issue_with("client", &parameters, &key);
    let leaf = CertificateDer::from_pem_slice(&std::fs::read(files.chain).unwrap()).unwrap();
    let fingerprint: [u8; 32] = Sha256::digest(&leaf).into();
    let certificates = Certificates::new(vec![trusted.pair(&["localhost"])]).unwrap();
    let server = TlsServer::new(&certificates, trusted.anchors(), &TlsSettings::default()).unwrap();
    let (_client, _io, facts) = client_with_certificate(&[version], vec![leaf], &key)
        .meet_well(&server)
        .await;
    let seen = *facts.client.unwrap();
    assert_eq!(seen.fingerprint, fingerprint);
    seen
}

#[tokio::test]
async fn names_are_read_and_the_chain_is_judged() {
    let authority = authority();
    for version in [&TLS12, &TLS13] {
        let names = vec![
            jid("romeo@example.org"),
            dns("Example.ORG"),
            jid("romeo@b\u{fc}cher.example"),
        ];
        let seen = judged(&authority, &authority, named(names), version).await;
        assert_eq!(seen.verdict, Verdict::Client);
        assert_eq!(seen.xmpp_addresses, ["romeo@example.org", "romeo@b\u{fc}cher.example"]);
        assert_eq!(seen.dns_names, ["example.org"]);
        assert!(seen.srv_names.is_empty());
    }
}

#[tokio::test]
async fn names_of_services_are_told_from_names_of_users() {
    let authority = authority();
    // rcgen writes no IA5String into an otherName, so the extension is spelt out.
    let name = b"_xmpp-server.example.org";
    let string = der(0x16, name);
    let oid = [0x06, 8, 0x2b, 6, 1, 5, 5, 7, 8, 7];
    let other = der(0xa0, &[&oid[..], &der(0xa0, &string)].concat());
    let not_ours = der(0xa0, &[&oid[..], &der(0xa0, &der(0x0c, name))].concat());
    let mut parameters = named(Vec::new());
    let content = der(0x30, &[other, not_ours].concat());
    parameters
        .custom_extensions
        .push(CustomExtension::from_oid_content(&[2, 5, 29, 17], content));
    let seen = judged(&authority, &authority, parameters, &TLS13).await;
    assert_eq!(
        seen.srv_names,
        ["_xmpp-server.example.org"],
        "the one of the right string type"
    );
    assert!(seen.xmpp_addresses.is_empty() && seen.dns_names.is_empty());
    assert_eq!(SRV_NAME.last(), Some(&7));
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
}

#[tokio::test]
async fn who_is_not_vouched_for_is_let_in_and_known_as_such() {
    let (authority, stranger) = (authority(), authority());
    let day = Duration::from_secs(86_400);
    let with = |change: fn(&mut CertificateParams, Duration)| {
        let mut parameters = named(vec![jid("romeo@example.org")]);
        change(&mut parameters, day);
        parameters
    };
    let unchanged = || with(|_, _| {});
    for (issuer, parameters, verdict) in [
        (&stranger, unchanged(), "UnknownIssuer"),
        (
            &authority,
            with(|it, day| it.not_after = (SystemTime::now() - day).into()),
            "expired",
        ),
        (
            &authority,
            with(|it, day| it.not_before = (SystemTime::now() + day).into()),
            "not valid yet",
        ),
        (
            &authority,
            with(|it, _| it.subject_alt_names = vec![jid("romeo@example.org"); 600]),
            "too large",
        ),
    ] {
        let seen = judged(&authority, issuer, parameters, &TLS13).await;
        let Verdict::Untrusted(reason) = &seen.verdict else {
            panic!("{verdict}: {seen:?}")
        };
        assert!(reason.contains(verdict), "{verdict}: {reason}");
        assert!(seen.xmpp_addresses.len() <= 100);
    }
    let many = with(|it, _| it.subject_alt_names = (0..150).map(|n| jid(&format!("user{n}@example.org"))).collect());
    let seen = judged(&authority, &authority, many, &TLS13).await;
    assert_eq!((seen.verdict, seen.xmpp_addresses.len()), (Verdict::Client, 100));
}

#[tokio::test]
async fn a_server_certificate_is_no_users() {
    let authority = authority();
    let mut parameters = named(vec![dns("example.org")]);
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    assert_eq!(
        judged(&authority, &authority, parameters.clone(), &TLS13).await.verdict,
        Verdict::ServerOnly
    );
    parameters.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    assert_eq!(
        judged(&authority, &authority, parameters, &TLS13).await.verdict,
        Verdict::Client
    );
}

#[tokio::test]
async fn without_anchors_nobody_is_vouched_for_and_trust_can_come_later() {
    let authority = authority();
    let key = KeyPair::generate().unwrap();
    let files = authority.issue_with("client", &named(vec![jid("romeo@example.org")]), &key);
    let leaf = CertificateDer::from_pem_slice(&std::fs::read(files.chain).unwrap()).unwrap();
    let client = client_with_certificate(&[&TLS13], vec![leaf], &key);
    let server = server();
    let (mut stream, mut io, facts) = client.meet_well(&server).await;
    assert!(matches!(facts.client.unwrap().verdict, Verdict::Untrusted(_)));
    io.send(|batch| batch.push(b'!')).unwrap();
    soon(stream.read_u8()).await.unwrap();

    server.trust(authority.anchors());
    let (stream, _io, facts) = client.meet_well(&server).await;
    assert_eq!(stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Resumed));
    assert_eq!(
        facts.client.unwrap().verdict,
        Verdict::Client,
        "a resumed session is judged by today's anchors"
    );
}

#[tokio::test]
async fn a_chain_of_a_megabyte_ends_the_handshake() {
    let authority = authority();
    let key = KeyPair::generate().unwrap();
    let files = authority.issue_with("client", &named(vec![jid("romeo@example.org")]), &key);
    let leaf = CertificateDer::from_pem_slice(&std::fs::read(files.chain).unwrap()).unwrap();
    let chain = vec![leaf.clone(); 60 * 1024 / leaf.len()];
    let (_, outcome) = client_with_certificate(&[&TLS13], chain, &key).meet(&server()).await;
    assert!(matches!(outcome, Err(TlsError::TooLarge)), "{outcome:?}");
    let chain = vec![leaf.clone(); 12];
    let (_client, _io, facts) = client_with_certificate(&[&TLS13], chain, &key)
        .meet_well(&server())
        .await;
    assert_eq!(
        facts.client.unwrap().verdict,
        Verdict::Untrusted("the chain is too large".to_owned())
    );
}

#[tokio::test]
async fn clients_need_not_be_asked() {
    let key = KeyPair::generate().unwrap();
    let authority = authority();
    let files = authority.issue_with("client", &named(vec![jid("romeo@example.org")]), &key);
    let leaf = CertificateDer::from_pem_slice(&std::fs::read(files.chain).unwrap()).unwrap();
    let settings = TlsSettings {
        ask_for_certificate: false,
        ..TlsSettings::default()
    };
    let server = super::support::server_with(&settings);
    let (_client, _io, facts) = client_with_certificate(&[&TLS13], vec![leaf], &key)
        .meet_well(&server)
        .await;
    assert!(facts.client.is_none());
}

#[test]
fn anchors_come_from_files_and_from_the_system() {
    assert!(TrustAnchors::read(&[], false).unwrap().is_empty());
    assert_eq!(authority().anchors().len(), 1);
    let error = TrustAnchors::read(&["/nonexistent/ca.pem".into()], false).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/ca.pem"), "{error}");
}
