#![allow(clippy::unwrap_used)]

use super::*;

const HOUR: i64 = 3_600 * 1_000_000;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

struct World {
    lockout: Lockout,
    settings: Settings,
    now: i64,
}

impl World {
    fn new() -> Self {
        Self {
            lockout: Lockout::new(b"secret".to_vec()),
            settings: Settings::default(),
            now: 1_000,
        }
    }

    fn target(&self, name: &str) -> Target {
        self.lockout.target("example.org", name)
    }

    fn fail(&self, name: &str, from: &str) -> Alarm {
        self.lockout
            .failed(self.target(name), address(from), self.now, &self.settings)
    }

    fn succeed(&self, name: &str, from: &str) {
        self.lockout.succeeded(self.target(name), address(from), self.now);
    }

    fn is_shut_out(&self, from: &str) -> bool {
        self.lockout.is_shut_out(address(from), self.now, &self.settings)
    }

    fn delay(&self, name: &str, from: &str) -> Duration {
        self.lockout
            .delay(self.target(name), address(from), self.now, &self.settings)
    }
}

#[test]
fn the_twenty_first_attempt_within_an_hour_is_refused_and_the_next_hour_begins_anew() {
    let mut world = World::new();
    for failure in 1..=20 {
        assert!(!world.is_shut_out("192.0.2.1"), "before failure {failure}");
        let alarm = world.fail(&format!("user{failure}"), "192.0.2.1");
        assert_eq!(alarm.is_shut_out, failure == 20);
    }
    assert!(world.is_shut_out("192.0.2.1"));
    assert!(!world.is_shut_out("192.0.2.2"));
    world.now += HOUR - 1;
    assert!(world.is_shut_out("192.0.2.1"));
    world.now += 1;
    assert!(!world.is_shut_out("192.0.2.1"));
}

#[test]
fn all_addresses_of_an_ipv6_network_count_together() {
    let world = World::new();
    for failure in 0..20 {
        world.fail("juliet", &format!("2001:db8::{failure:x}"));
    }
    assert!(world.is_shut_out("2001:db8::ffff"));
    assert!(!world.is_shut_out("2001:db8:0:1::1"));
}

#[test]
fn slips_before_a_success_are_forgiven_and_guesses_at_others_are_not() {
    let world = World::new();
    for _ in 0..19 {
        world.fail("juliet", "192.0.2.1");
    }
    world.succeed("juliet", "192.0.2.1");
    for _ in 0..19 {
        world.fail("juliet", "192.0.2.1");
    }
    assert!(!world.is_shut_out("192.0.2.1"));

    let world = World::new();
    for round in 0..20 {
        assert!(!world.is_shut_out("192.0.2.6"), "round {round}");
        world.fail("juliet", "192.0.2.6");
        world.succeed("mallory", "192.0.2.6");
    }
    assert!(world.is_shut_out("192.0.2.6"));
}

#[test]
fn an_account_under_attack_answers_slowly_except_at_home() {
    let mut world = World::new();
    world.succeed("juliet", "192.0.2.1");
    for failure in 1..=9_u8 {
        assert!(!world.fail("juliet", &format!("198.51.100.{failure}")).is_under_attack);
    }
    assert_eq!(world.delay("juliet", "203.0.113.1"), Duration::ZERO);
    assert!(world.fail("juliet", "198.51.100.10").is_under_attack);
    assert_eq!(world.delay("juliet", "203.0.113.1"), Duration::from_millis(500));
    for failure in 0..1_000 {
        world.fail("juliet", &format!("2001:db8:0:{failure:x}::1"));
    }
    assert_eq!(
        world.delay("juliet", "203.0.113.1"),
        Duration::from_secs(5),
        "it is bounded"
    );
    assert_eq!(
        world.delay("juliet", "192.0.2.1"),
        Duration::ZERO,
        "the owner's own address"
    );
    assert_eq!(world.delay("romeo", "203.0.113.1"), Duration::ZERO);
    world.now += HOUR;
    assert_eq!(world.delay("juliet", "203.0.113.1"), Duration::ZERO);
}

#[test]
fn exempt_addresses_are_never_refused() {
    let mut world = World::new();
    world.settings.exempt_addresses = vec![address("127.0.0.1")];
    for _ in 0..100 {
        world.fail("juliet", "127.0.0.1");
    }
    assert!(!world.is_shut_out("127.0.0.1"));
}

#[test]
fn the_memory_is_bounded() {
    let world = World::new();
    for number in 0..u32::try_from(MOST_ENTRIES).unwrap() + 1_000 {
        let from = IpAddr::from(std::net::Ipv4Addr::from(number));
        let target = world.lockout.target("example.org", &number.to_string());
        world.lockout.failed(target, from, world.now, &world.settings);
        world.lockout.succeeded(target, from, world.now);
    }
    let memory = world.lockout.memory.lock();
    assert_eq!(
        [memory.origins.len(), memory.targets.len(), memory.known.len()],
        [MOST_ENTRIES; 3]
    );
}

/// Two servers that count together, and know at once what the other has counted.
#[derive(Default)]
struct Together {
    addresses: Mutex<std::collections::HashMap<IpAddr, AddressFailures>>,
    accounts: Mutex<std::collections::HashMap<u64, u32>>,
}

impl SharedFailures for Together {
    fn at_address(&self, address: IpAddr) -> u32 {
        self.addresses.lock().get(&address).map_or(0, |failures| failures.count)
    }

    fn at_account(&self, account: u64) -> u32 {
        self.accounts.lock().get(&account).copied().unwrap_or(0)
    }

    fn note(&self, note: LoginNote) {
        if !note.is_success {
            *self.accounts.lock().entry(note.account).or_default() += 1;
        }
        let Some(address) = note.address else { return };
        let mut addresses = self.addresses.lock();
        let failures = addresses.entry(address).or_default();
        match note.is_success {
            true => failures.forgive(note.account),
            false => failures.add(note.account),
        }
    }
}

#[test]
fn who_guesses_at_several_servers_has_no_more_guesses() {
    let (one, other) = (World::new(), World::new());
    let together = Arc::new(Together::default());
    one.lockout.share(Arc::clone(&together) as _);
    other.lockout.share(together);
    assert_eq!(one.target("juliet"), other.target("juliet"));
    for failure in 1..=10 {
        assert!(!one.fail("juliet", "192.0.2.1").is_shut_out);
        assert_eq!(other.fail("juliet", "192.0.2.1").is_shut_out, failure == 10);
    }
    assert!(one.is_shut_out("192.0.2.1") && other.is_shut_out("192.0.2.1"));
    assert!(one.delay("juliet", "192.0.2.2") > Duration::ZERO && other.delay("juliet", "192.0.2.2") > Duration::ZERO);
    // A slip at one is forgiven by a success at the other.
    one.fail("romeo", "192.0.2.3");
    other.succeed("romeo", "192.0.2.3");
    for _ in 0..19 {
        one.fail("nurse", "192.0.2.3");
    }
    assert!(!other.is_shut_out("192.0.2.3"));
}
