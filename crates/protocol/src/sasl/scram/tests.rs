#![allow(clippy::unwrap_used)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;
use crate::sasl::{Channel, ChannelBinding, Failure, FailureCondition};

const EXPORTER: &[u8] = b"keying material of this channel.";
const END_POINT: &[u8] = b"a hash of the certificate";
const CHANNEL: Channel<'_> = Channel {
    tls_exporter: Some(EXPORTER),
    tls_server_end_point: Some(END_POINT),
};
const SALT: &[u8] = b"sixteen bytes...";

/// A login as the server sees it.
#[derive(Clone)]
struct Login {
    hash: Hash,
    plus: bool,
    plus_offered: bool,
    channel: Channel<'static>,
    first: String,
    /// Turns the honest client-final-message into another one.
    tamper: fn(String) -> String,
}

impl Login {
    fn new(first: &str) -> Self {
        Self {
            hash: Hash::Sha256,
            plus: false,
            plus_offered: false,
            channel: Channel::default(),
            first: first.to_owned(),
            tamper: |message| message,
        }
    }

    fn plus(first: &str) -> Self {
        Self {
            plus: true,
            plus_offered: true,
            channel: CHANNEL,
            ..Self::new(first)
        }
    }

    fn tampered(tamper: fn(String) -> String) -> Self {
        Self {
            tamper,
            ..Self::new("n,,n=user,r=abc")
        }
    }

    fn run(&self) -> Result<(), FailureCondition> {
        let terms = Terms {
            plus: self.plus,
            plus_offered: self.plus_offered,
            channel: self.channel,
        };
        let condition = |failure: Failure| failure.condition;
        let first = ClientFirst::parse(self.first.as_bytes(), terms).map_err(condition)?;
        let derived = DerivedKeys::from_password(self.hash, "pencil", SALT, 1);
        let keys = Keys {
            salt: SALT,
            iterations: 1,
            stored_key: &derived.stored_key,
            server_key: &derived.server_key,
        };
        let (challenge, exchange) = first.challenge(self.hash, &keys, "xyz", ",h=AAAA");
        let (last, expected) = self.client().answer(&challenge, "pencil").unwrap();
        let server_final = exchange.finish((self.tamper)(last).as_bytes()).map_err(condition)?;
        assert_eq!(server_final, expected, "the server proves itself, too");
        Ok(())
    }

    /// The client whose first message this is, as far as it is a sensible one.
    fn client(&self) -> Client {
        let (header, _) = self.first.split_once("n=").unwrap();
        let client = Client::new(self.hash, "user", "abc");
        let data = |binding| self.channel.data(binding).unwrap_or_default();
        match header {
            "p=tls-exporter,," => client.bound(ChannelBinding::TlsExporter, data(ChannelBinding::TlsExporter)),
            "p=tls-server-end-point,," => client.bound(
                ChannelBinding::TlsServerEndPoint,
                data(ChannelBinding::TlsServerEndPoint),
            ),
            header => client.with_header(header),
        }
    }
}

fn check(login: &Login, expected: Result<(), FailureCondition>) {
    assert_eq!(login.run(), expected, "{}", login.first);
}

const MALFORMED: Result<(), FailureCondition> = Err(FailureCondition::MalformedRequest);
const NOT_AUTHORIZED: Result<(), FailureCondition> = Err(FailureCondition::NotAuthorized);

/// A conversation from a document, message by message.
fn check_vector(hash: Hash, salt: &str, nonce: &str, messages: [&str; 4]) {
    let [first, challenge, last, server_final] = messages;
    let salt = STANDARD.decode(salt).unwrap();
    let derived = DerivedKeys::from_password(hash, "pencil", &salt, 4096);
    let keys = Keys {
        salt: &salt,
        iterations: 4096,
        stored_key: &derived.stored_key,
        server_key: &derived.server_key,
    };
    let terms = Terms {
        plus: false,
        plus_offered: false,
        channel: Channel::default(),
    };
    let parsed = ClientFirst::parse(first.as_bytes(), terms).unwrap();
    assert_eq!(parsed.username, "user");
    let client_nonce = first.rsplit_once("r=").unwrap().1;
    let (sent, exchange) = parsed.challenge(hash, &keys, nonce, "");
    assert_eq!(sent, challenge);
    assert_eq!(exchange.finish(last.as_bytes()).unwrap(), server_final);
    let client = Client::new(hash, "user", client_nonce);
    assert_eq!(client.first(), first);
    assert_eq!(
        client.answer(challenge, "pencil").unwrap(),
        (last.to_owned(), server_final.to_owned())
    );
}

#[test]
fn the_example_of_rfc_5802_comes_out() {
    check_vector(
        Hash::Sha1,
        "QSXCR+Q6sek8bf92",
        "3rfcNHYJY1ZVvWVs7j",
        [
            "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
            "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ],
    );
}

#[test]
fn the_example_of_rfc_7677_comes_out() {
    check_vector(
        Hash::Sha256,
        "W22ZaJ0SNY7soEsUEjb6gQ==",
        "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        [
            "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ],
    );
}

/// XEP-0474's example, with channel binding, the attributes `h` and `t` (XEP-0515), and an extension of the client.
#[test]
fn the_examples_of_xep_0474_and_xep_0515_come_out() {
    const NONCE: &str = "12C4CD5C-E38E-4A98-8F6D-15C38F51CCC6";
    const OURS: &str = "a09117a6-ac50-4f2f-93f1-93799c2bddf6";
    let salt = STANDARD.decode("QSXCR+Q6sek8bf92").unwrap();
    let derived = DerivedKeys::from_password(Hash::Sha1, "pencil", &salt, 4096);
    let keys = Keys {
        salt: &salt,
        iterations: 4096,
        stored_key: &derived.stored_key,
        server_key: &derived.server_key,
    };
    let channel = Channel {
        tls_exporter: Some(b"THIS IS FAKE CB DATA"),
        tls_server_end_point: None,
    };
    for (attributes, extension, proof, verifier) in [
        (
            ",h=G6k/rBLDqgOhRRaCuuatSDFkJ08=",
            ",x=19C6532F-1CF4-4A27-A18D-DC9CEA41BBB3",
            "M/SIDjT+dfcxUh89jZEypRvFxB4=",
            "v=MQrMPvv7yv4x4Cq4W4Ih25EqS2c=",
        ),
        (
            ",h=G6k/rBLDqgOhRRaCuuatSDFkJ08=,t=0304",
            "",
            "KHUfN8dSy1K95crT4D5y1ItLJfs=",
            "v=3w34ZIMVRkx2f2Ozb3/ecRPVdv4=",
        ),
    ] {
        let terms = Terms {
            plus: true,
            plus_offered: true,
            channel,
        };
        let first = format!("p=tls-exporter,,n=user,r={NONCE}");
        let first = ClientFirst::parse(first.as_bytes(), terms).unwrap();
        let (_, exchange) = first.challenge(Hash::Sha1, &keys, OURS, attributes);
        let binding = STANDARD.encode(b"p=tls-exporter,,THIS IS FAKE CB DATA");
        let last = format!("c={binding},r={NONCE}{OURS}{extension},p={proof}");
        assert_eq!(exchange.finish(last.as_bytes()).as_deref(), Ok(verifier));
    }
}

#[test]
fn both_hashes_and_both_bindings_let_the_right_password_in() {
    for hash in [Hash::Sha1, Hash::Sha256] {
        check(
            &Login {
                hash,
                ..Login::new("n,,n=user,r=abc")
            },
            Ok(()),
        );
        check(
            &Login {
                hash,
                ..Login::new("y,,n=user,r=abc")
            },
            Ok(()),
        );
        check(
            &Login {
                hash,
                ..Login::new("n,a=romeo@example.org,n=user,r=abc")
            },
            Ok(()),
        );
        check(
            &Login {
                hash,
                ..Login::plus("p=tls-exporter,,n=user,r=abc")
            },
            Ok(()),
        );
        check(
            &Login {
                hash,
                ..Login::plus("p=tls-server-end-point,,n=user,r=abc")
            },
            Ok(()),
        );
    }
    // A client without channel binding may use the other form although we have it.
    check(
        &Login {
            plus_offered: true,
            ..Login::new("n,,n=user,r=abc")
        },
        Ok(()),
    );
}

#[test]
fn channel_binding_cannot_be_talked_away() {
    // The client would have bound, and did not see that it could.
    check(
        &Login {
            plus_offered: true,
            ..Login::new("y,,n=user,r=abc")
        },
        NOT_AUTHORIZED,
    );
    check(&Login::plus("n,,n=user,r=abc"), MALFORMED);
    check(&Login::plus("y,,n=user,r=abc"), MALFORMED);
    check(
        &Login {
            plus_offered: true,
            channel: CHANNEL,
            ..Login::new("p=tls-exporter,,n=user,r=abc")
        },
        MALFORMED,
    );
    check(&Login::plus("p=tls-unique,,n=user,r=abc"), MALFORMED);
    check(&Login::plus("p=TLS-EXPORTER,,n=user,r=abc"), MALFORMED);
    let end_point_only = Channel {
        tls_exporter: None,
        ..CHANNEL
    };
    check(
        &Login {
            channel: end_point_only,
            ..Login::plus("p=tls-exporter,,n=user,r=abc")
        },
        MALFORMED,
    );
    check(
        &Login {
            channel: end_point_only,
            ..Login::plus("p=tls-server-end-point,,n=user,r=abc")
        },
        Ok(()),
    );
}

#[test]
fn data_of_another_channel_does_not_bind() {
    let terms = Terms {
        plus: true,
        plus_offered: true,
        channel: CHANNEL,
    };
    let derived = DerivedKeys::from_password(Hash::Sha256, "pencil", SALT, 1);
    let keys = Keys {
        salt: SALT,
        iterations: 1,
        stored_key: &derived.stored_key,
        server_key: &derived.server_key,
    };
    let client = Client::new(Hash::Sha256, "user", "abc");
    let client = client.bound(ChannelBinding::TlsExporter, b"keying material of another one..");
    let first = ClientFirst::parse(client.first().as_bytes(), terms).unwrap();
    let (challenge, exchange) = first.challenge(Hash::Sha256, &keys, "xyz", "");
    let (last, _) = client.answer(&challenge, "pencil").unwrap();
    assert_eq!(exchange.finish(last.as_bytes()), Err(Failure::not_authorized()));
}

/// Signs a message that is not the honest one with the right password, so that nothing but what was changed is wrong.
fn signed(without_proof: &str) -> String {
    let derived = DerivedKeys::from_password(Hash::Sha256, "pencil", SALT, 1);
    let salt = STANDARD.encode(SALT);
    let auth_message = format!("n=user,r=abc,r=abcxyz,s={salt},i=1,h=AAAA,{without_proof}");
    let signature = Hash::Sha256.hmac(&derived.stored_key, &[auth_message.as_bytes()]);
    format!(
        "{without_proof},p={}",
        STANDARD.encode(&*derived.client_key.xor(&signature))
    )
}

#[test]
fn what_is_signed_must_also_be_true() {
    check(&Login::tampered(|_| signed("c=biws,r=abcxyz")), Ok(()));
    check(&Login::tampered(|_| signed("c=biws,r=abcxyw")), NOT_AUTHORIZED);
    check(&Login::tampered(|_| signed("c=biws,r=abc")), NOT_AUTHORIZED);
    check(&Login::tampered(|_| signed("c=biws,r=xyz")), NOT_AUTHORIZED);
    check(&Login::tampered(|_| signed("c=biws,r=abcxyzxyz")), NOT_AUTHORIZED);
    // "y,," and "n,a=x," in base64: not the header that the first message had.
    check(&Login::tampered(|_| signed("c=eSws,r=abcxyz")), NOT_AUTHORIZED);
    check(&Login::tampered(|_| signed("c=bixhPXgs,r=abcxyz")), NOT_AUTHORIZED);
    check(&Login::tampered(|_| signed("c=,r=abcxyz")), NOT_AUTHORIZED);
    check(&Login::tampered(|_| signed("c=biws,r=abcxyz,m=mandatory")), MALFORMED);
    check(&Login::tampered(|_| signed("c=b,r=abcxyz")), MALFORMED);
    check(&Login::tampered(|_| signed("r=abcxyz,c=biws")), MALFORMED);
}

#[test]
fn a_proof_is_right_to_the_last_bit_or_wrong() {
    fn with_proof(message: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
        let (rest, proof) = message.rsplit_once(",p=").unwrap();
        let mut proof = STANDARD.decode(proof).unwrap();
        change(&mut proof);
        format!("{rest},p={}", STANDARD.encode(proof))
    }
    check(&Login::tampered(|message| with_proof(&message, |_| {})), Ok(()));
    check(
        &Login::tampered(|message| with_proof(&message, |proof| proof[0] ^= 1)),
        NOT_AUTHORIZED,
    );
    check(
        &Login::tampered(|message| with_proof(&message, |proof| proof[31] ^= 128)),
        NOT_AUTHORIZED,
    );
    check(
        &Login::tampered(|message| with_proof(&message, |proof| proof.truncate(31))),
        NOT_AUTHORIZED,
    );
    check(
        &Login::tampered(|message| with_proof(&message, |proof| proof.push(0))),
        NOT_AUTHORIZED,
    );
    check(
        &Login::tampered(|message| with_proof(&message, Vec::clear)),
        NOT_AUTHORIZED,
    );
    check(
        &Login::tampered(|message| with_proof(&message, |proof| proof.fill(0))),
        NOT_AUTHORIZED,
    );
    check(&Login::tampered(|message| message + "!"), NOT_AUTHORIZED);
    check(&Login::tampered(|message| message.replace(",p=", ",q=")), MALFORMED);
    check(&Login::tampered(|message| message + ",x=y"), MALFORMED);
    check(&Login::tampered(|_| String::new()), MALFORMED);
}

#[test]
fn an_old_conversation_is_worth_nothing() {
    let derived = DerivedKeys::from_password(Hash::Sha256, "pencil", SALT, 1);
    let keys = Keys {
        salt: SALT,
        iterations: 1,
        stored_key: &derived.stored_key,
        server_key: &derived.server_key,
    };
    let terms = Terms {
        plus: false,
        plus_offered: false,
        channel: Channel::default(),
    };
    let client = Client::new(Hash::Sha256, "user", "abc");
    let begin = |nonce| {
        let first = ClientFirst::parse(client.first().as_bytes(), terms).unwrap();
        first.challenge(Hash::Sha256, &keys, nonce, "")
    };
    let (challenge, exchange) = begin("nonce1");
    let (last, _) = client.answer(&challenge, "pencil").unwrap();
    assert!(exchange.finish(last.as_bytes()).is_ok());
    let (_, exchange) = begin("nonce2");
    assert_eq!(exchange.finish(last.as_bytes()), Err(Failure::not_authorized()));
}

#[test]
fn a_client_answers_only_its_own_challenge() {
    let client = Client::new(Hash::Sha256, "user", "abc");
    for (challenge, expected) in [
        ("r=xyz,s=QQ==,i=1", ClientError::Nonce),
        ("r=abc,s=QQ==,i=1", ClientError::Nonce),
        ("r=abcx,s=?,i=1", ClientError::Malformed),
        ("r=abcx,s=QQ==,i=x", ClientError::Malformed),
        ("s=QQ==,i=1", ClientError::Malformed),
        ("", ClientError::Malformed),
    ] {
        assert_eq!(client.answer(challenge, "pencil"), Err(expected), "{challenge}");
    }
}

#[test]
fn keys_and_proofs_are_not_shown_even_when_debugging() {
    let derived = DerivedKeys::from_password(Hash::Sha256, "pencil", SALT, 1);
    let keys = Keys {
        salt: SALT,
        iterations: 1,
        stored_key: &derived.stored_key,
        server_key: &derived.server_key,
    };
    let shown = format!("{derived:?} {keys:?}");
    let byte = derived.stored_key[0].to_string();
    assert!(
        !shown.contains(&format!("[{byte},")) && shown.contains("Output(32 bytes)"),
        "{shown}"
    );
}

/// Messages that are nearly well-formed, and some that are nothing.
fn any_message() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("n,,".to_owned()),
        Just("y,,".to_owned()),
        Just("p=tls-exporter,,".to_owned()),
        Just("n=user".to_owned()),
        Just("r=abc".to_owned()),
        Just("r=abcxyz".to_owned()),
        Just("c=biws".to_owned()),
        Just("p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned()),
        "[a-z]=[ -~]{0,8}",
        "[,=\0\u{fc}]{1,3}",
    ];
    let nearly = proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.join(",").into_bytes());
    prop_oneof![3 => nearly, 1 => any::<Vec<u8>>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn nothing_but_the_password_gets_anybody_in(first in any_message(), last in any_message(), plus in any::<bool>()) {
        let terms = Terms { plus, plus_offered: true, channel: CHANNEL };
        let parsed = ClientFirst::parse(&first, terms).or_else(|_| {
            let honest: &[u8] = if plus { b"p=tls-exporter,,n=user,r=abc" } else { b"n,,n=user,r=abc" };
            ClientFirst::parse(honest, terms)
        });
        let derived = DerivedKeys::from_password(Hash::Sha256, "pencil", SALT, 1);
        let keys =
            Keys { salt: SALT, iterations: 1, stored_key: &derived.stored_key, server_key: &derived.server_key };
        let (_, exchange) = parsed.unwrap().challenge(Hash::Sha256, &keys, "xyz", "");
        prop_assert!(exchange.finish(&last).is_err());
    }

    #[test]
    fn no_mechanism_panics_whatever_comes(message in any_message()) {
        let _ = crate::sasl::plain::Message::parse(&message);
        let _ = crate::sasl::external::parse(&message);
        let _ = crate::sasl::anonymous::check(&message);
        if let Ok(token) = crate::sasl::hashed_token::Message::parse(&message) {
            prop_assert!(!token.proves("secret-token:a", EXPORTER));
        }
        if let Ok(text) = std::str::from_utf8(&message) {
            let _ = crate::sasl::payload::decode(text);
            let _ = crate::sasl::saslprep(text);
        }
    }
}
