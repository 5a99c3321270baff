//! A deployment of two hosts with a few accounts, whose time stands still and whose randomness is a count.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use auth::{Authenticated, Authenticator, Binding, ClientIdentity, Random, Settings, Step};
use protocol::sasl::scram::{Client, Hash};
use protocol::sasl::{ChannelBinding, Failure, FailureCondition};
use storage::{AccountId, Clock, HostId, Options, Storage};

pub(crate) const HOST: &str = "example.org";
pub(crate) const OTHER_HOST: &str = "example.net";
pub(crate) const EXPORTER: [u8; 32] = [7; 32];
pub(crate) const END_POINT: [u8; 32] = [9; 32];
pub(crate) const PASSWORD: &str = "r0m30 myr0m30";
/// An hour of this world's clock.
pub(crate) const HOUR: i64 = 3_600 * 1_000_000;

/// What a login led to: a bare JID, or why it did not.
pub(crate) type Outcome = Result<Authenticated, Failure>;

pub(crate) struct World {
    pub(crate) authenticator: Authenticator,
    pub(crate) storage: Storage,
    pub(crate) clock: Arc<StillClock>,
    pub(crate) host: HostId,
    pub(crate) juliet: AccountId,
}

pub(crate) struct StillClock(AtomicI64);

impl Clock for StillClock {
    fn now_micros(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl StillClock {
    pub(crate) fn advance(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::Relaxed);
    }
}

struct Count(AtomicU64);

impl Random for Count {
    fn fill(&self, buffer: &mut [u8]) {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        let hash = Hash::Sha256.digest(&count.to_be_bytes());
        buffer
            .iter_mut()
            .zip(hash.iter().cycle())
            .for_each(|(byte, random)| *byte = *random);
    }
}

/// An iteration count with which a test does not take all day.
pub(crate) const ITERATIONS: u32 = 20;

/// The defaults, but cheap.
pub(crate) fn cheap() -> Settings {
    Settings {
        iterations: ITERATIONS,
        ..Settings::default()
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(cheap()).await
    }

    /// With `juliet` and `romeo` at one host and another `juliet` at the other.
    pub(crate) async fn with(settings: Settings) -> Self {
        let clock = Arc::new(StillClock(AtomicI64::new(1_700_000_000_000_000)));
        let options = Options {
            clock: clock.clone(),
            keeps_logins: true,
            ..Options::new("sqlite::memory:")
        };
        let storage = Storage::open(&options).await.unwrap();
        let authenticator = authenticator(&storage, settings, b"", clock.clone()).await;
        let host = storage.hosts().add(HOST).await.unwrap();
        let other = storage.hosts().add(OTHER_HOST).await.unwrap();
        let mut world = Self {
            authenticator,
            storage,
            clock,
            host,
            juliet: AccountId::new(0),
        };
        world.juliet = world.account(host, "juliet", PASSWORD).await;
        world.account(host, "romeo", "wherefore art thou").await;
        world.account(other, "juliet", "another juliet").await;
        world
    }

    pub(crate) async fn account(&self, host: HostId, name: &str, password: &str) -> AccountId {
        let credentials = self.authenticator.make_credentials(password).await.unwrap();
        self.storage
            .accounts()
            .create(host, name, &credentials)
            .await
            .unwrap()
            .unwrap()
    }

    pub(crate) async fn scram(&self, binding: &Binding, mechanism: &str, user: &str, password: &str) -> Outcome {
        self.scram_as(binding, mechanism, None, user, password).await
    }

    /// SCRAM with a GS2 header that is not the usual one of the mechanism.
    pub(crate) async fn scram_as(
        &self,
        binding: &Binding,
        mechanism: &str,
        header: Option<&str>,
        user: &str,
        password: &str,
    ) -> Outcome {
        let client = client(mechanism, header, user);
        let step = self
            .authenticator
            .start(binding, mechanism, Some(client.first().as_bytes()))
            .await;
        let Step::Challenge(challenge, exchange) = step else {
            return outcome(step);
        };
        let (last, expected) = client
            .answer(std::str::from_utf8(&challenge).unwrap(), password)
            .unwrap();
        let outcome = outcome(exchange.respond(last.as_bytes()).await);
        if let Ok(authenticated) = &outcome {
            let server_final = authenticated.additional_data.as_deref().unwrap();
            assert_eq!(
                server_final,
                expected.as_bytes(),
                "the server proves that it knows the password"
            );
        }
        outcome
    }

    pub(crate) async fn plain(&self, binding: &Binding, authzid: &str, user: &str, password: &str) -> Outcome {
        self.one_message(binding, "PLAIN", format!("{authzid}\0{user}\0{password}").as_bytes())
            .await
    }

    pub(crate) async fn one_message(&self, binding: &Binding, mechanism: &str, message: &[u8]) -> Outcome {
        outcome(self.authenticator.start(binding, mechanism, Some(message)).await)
    }
}

pub(crate) async fn authenticator(
    storage: &Storage,
    settings: Settings,
    pepper: &[u8],
    clock: Arc<StillClock>,
) -> Authenticator {
    let random = Arc::new(Count(AtomicU64::new(0)));
    Authenticator::new(storage.clone(), settings, pepper, clock, random)
        .await
        .unwrap()
}

/// A client for a SCRAM mechanism, bound by the exporter where it is a `-PLUS` form.
fn client(mechanism: &str, header: Option<&str>, user: &str) -> Client {
    let hash = if mechanism.contains("256") {
        Hash::Sha256
    } else {
        Hash::Sha1
    };
    let client = Client::new(hash, user, "fyko+d2lbbFgONRv9qkxdawL");
    let client = match mechanism.ends_with("-PLUS") {
        true => client.bound(ChannelBinding::TlsExporter, &EXPORTER),
        false => client,
    };
    header.into_iter().fold(client, Client::with_header)
}

pub(crate) fn outcome(step: Step) -> Outcome {
    match step {
        Step::Success(authenticated) => Ok(*authenticated),
        Step::Failure(failure) => Err(failure),
        Step::Challenge(..) => panic!("the exchange should have ended"),
    }
}

/// What a test compares: who got in, or why not.
pub(crate) fn told(outcome: &Outcome) -> Result<&str, FailureCondition> {
    match outcome {
        Ok(authenticated) => Ok(authenticated.jid.as_str()),
        Err(failure) => Err(failure.condition),
    }
}

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A connection inside TLS, from a documentation address.
pub(crate) fn tls() -> Binding {
    Binding {
        host: HOST.to_owned(),
        encrypted: true,
        tls_version: Some(0x0304),
        tls_exporter: Some(EXPORTER),
        tls_server_end_point: Some(END_POINT.to_vec()),
        client_certificate: None,
        address: address("192.0.2.1"),
    }
}

/// A connection in the clear.
pub(crate) fn clear() -> Binding {
    Binding {
        encrypted: false,
        tls_version: None,
        tls_exporter: None,
        tls_server_end_point: None,
        ..tls()
    }
}

/// A connection inside TLS, with a verified certificate for these addresses.
pub(crate) fn certified(addresses: &[&str]) -> Binding {
    let xmpp_addresses = addresses.iter().map(|address| (*address).to_owned()).collect();
    let certificate = ClientIdentity {
        xmpp_addresses,
        fingerprint: [3; 32],
    };
    Binding {
        client_certificate: Some(certificate),
        ..tls()
    }
}
