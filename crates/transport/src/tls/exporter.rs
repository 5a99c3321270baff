//! RFC 9266: the channel binding `tls-exporter`, by the exporters of TLS 1.3 (RFC 8446 §7.5) and 1.2 (RFC 5705).

use rustls::SupportedCipherSuite;
use rustls::crypto::tls13::OkmBlock;
use rustls::{Tls12CipherSuite, Tls13CipherSuite};

use super::witness::Secret;

/// RFC 9266 §2; the context is there, and empty.
const LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// The 32 bytes both ends can compute and nobody between them. None when TLS 1.2 left no trace of its randoms.
pub(super) fn binding(
    suite: SupportedCipherSuite,
    secret: &Secret,
    server_random: Option<&[u8; 32]>,
) -> Option<[u8; 32]> {
    match suite {
        SupportedCipherSuite::Tls13(suite) => export13(suite, &secret.block),
        SupportedCipherSuite::Tls12(suite) => Some(export12(suite, secret, server_random?)),
    }
}

fn export13(suite: &Tls13CipherSuite, secret: &OkmBlock) -> Option<[u8; 32]> {
    let nothing = suite.common.hash_provider.hash(&[]);
    let [length, label, context] = hkdf_label(nothing.as_ref().len(), LABEL, nothing.as_ref());
    let derived = suite
        .hkdf_provider
        .expander_for_okm(secret)
        .expand_block(&[&length, &label, &context]);
    let mut output = [0; 32];
    let [length, label, context] = hkdf_label(output.len(), b"exporter", nothing.as_ref());
    let expander = suite.hkdf_provider.expander_for_okm(&derived);
    expander.expand_slice(&[&length, &label, &context], &mut output).ok()?;
    Some(output)
}

/// RFC 8446 §7.1, `HkdfLabel`: length, label and context, the latter two with a length byte before them.
fn hkdf_label(length: usize, label: &[u8], context: &[u8]) -> [Vec<u8>; 3] {
    let short = |bytes: &[u8]| u8::try_from(bytes.len()).expect("labels and hashes are under 256 bytes");
    let length = u16::try_from(length)
        .expect("a hash is under 64 KiB")
        .to_be_bytes()
        .to_vec();
    let full = [b"tls13 ", label].concat();
    let label = [&[short(&full)], full.as_slice()].concat();
    let context = [&[short(context)], context].concat();
    [length, label, context]
}

fn export12(suite: &Tls12CipherSuite, secret: &Secret, server_random: &[u8; 32]) -> [u8; 32] {
    // RFC 5705 §4: the two randoms, then the context with its length in two bytes.
    let seed = [&secret.client_random[..], server_random, &[0, 0]].concat();
    let mut output = [0; 32];
    suite
        .prf_provider
        .for_secret(&mut output, secret.block.as_ref(), LABEL, &seed);
    output
}

/// The server's random, from the record that begins our side of a handshake.
pub(super) fn server_random(record: &[u8]) -> Option<[u8; 32]> {
    const HANDSHAKE: u8 = 22;
    const SERVER_HELLO: u8 = 2;
    // Record header (type, version, length), message header (type, length), version, random.
    let [HANDSHAKE, _, _, _, _, SERVER_HELLO, _, _, _, _, _, rest @ ..] = record else {
        return None;
    };
    rest.first_chunk().copied()
}
