//! The gate: how many connections are open, from where, and whether one more may come.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use metrics::{counter, gauge};
use nix::sys::resource::{Resource, getrlimit};
use parking_lot::Mutex;

use crate::names;
use crate::network::owner;
use crate::rate::{Rate, RateLimit};
use crate::settings::GateSettings;

/// File descriptors left to the database, the logs and the operator when connections take all they can get.
const RESERVED_DESCRIPTORS: u64 = 64;
/// Addresses whose last complaint is remembered; a flood from more of them is counted but not written down.
const REMEMBERED_COMPLAINTS: usize = 1024;
/// One line in the log per address in this time.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(60);

/// Why a connection was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// [`GateSettings::connections`] are open, or as many as the process may have descriptors for.
    #[error("the server has as many connections as it may have")]
    Full,
    /// [`GateSettings::connections_per_address`] are open from there.
    #[error("the address has as many connections as it may have")]
    Address,
    /// A listed balancer sent no good PROXY header.
    #[error("the balancer did not say whose connection this is")]
    Proxy,
    /// The process is out of file descriptors.
    #[error("the process has no file descriptor left; raise its limit (LimitNOFILE, ulimit -n)")]
    Descriptors,
}

impl Refusal {
    fn label(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Address => "address",
            Self::Proxy => "proxy",
            Self::Descriptors => "descriptors",
        }
    }
}

/// Counts connections. Listeners that share one share its limits.
#[derive(Debug)]
pub struct Gate {
    settings: ArcSwap<GateSettings>,
    open: AtomicUsize,
    by_owner: Mutex<HashMap<IpAddr, usize, foldhash::fast::RandomState>>,
    pace: Mutex<RateLimit>,
    complaints: Mutex<HashMap<IpAddr, Instant, foldhash::fast::RandomState>>,
}

impl Gate {
    /// An open gate with nobody inside.
    pub fn new(settings: GateSettings) -> Arc<Self> {
        let pace = RateLimit::new(pace_of(&settings));
        Arc::new(Self {
            settings: ArcSwap::from_pointee(within_descriptors(settings)),
            open: AtomicUsize::new(0),
            by_owner: Mutex::default(),
            pace: Mutex::new(pace),
            complaints: Mutex::default(),
        })
    }

    /// Puts new limits in force. Who is inside stays, even when there are now too many.
    pub fn set(&self, settings: GateSettings) {
        self.pace.lock().set_rate(pace_of(&settings));
        self.settings.store(Arc::new(within_descriptors(settings)));
    }

    /// Connections that hold a permit, or are about to get one.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Connections from the address, or from its /64.
    pub fn open_from(&self, address: IpAddr) -> usize {
        self.by_owner.lock().get(&owner(address)).copied().unwrap_or(0)
    }

    /// How long to wait before one more connection may be accepted.
    pub(crate) fn pace(&self, now: Instant) -> Duration {
        self.pace.lock().spend(now, 1)
    }

    /// Takes one of the places that all addresses share.
    pub(crate) fn enter(self: &Arc<Self>) -> Result<Slot, Refusal> {
        let limit = self.settings.load().connections;
        let taken = self.open.try_update(Ordering::Relaxed, Ordering::Relaxed, |open| {
            (open < limit).then_some(open + 1)
        });
        taken.map_err(|_| Refusal::Full)?;
        gauge!(names::OPEN).increment(1.0);
        Ok(Slot { gate: Arc::clone(self) })
    }

    /// Counts a refusal, and writes it down unless the address had its line this minute.
    pub(crate) fn refuse(&self, address: IpAddr, refusal: Refusal, now: Instant) {
        counter!(names::REFUSED, "reason" => refusal.label()).increment(1);
        if self.may_complain(owner(address), now) {
            tracing::warn!(target: "transport", %address, "connection refused: {refusal}");
        }
    }

    fn may_complain(&self, owner: IpAddr, now: Instant) -> bool {
        let mut complaints = self.complaints.lock();
        if complaints
            .get(&owner)
            .is_some_and(|last| now.saturating_duration_since(*last) < COMPLAINT_INTERVAL)
        {
            return false;
        }
        if complaints.len() >= REMEMBERED_COMPLAINTS {
            complaints.retain(|_, last| now.saturating_duration_since(*last) < COMPLAINT_INTERVAL);
        }
        if complaints.len() >= REMEMBERED_COMPLAINTS {
            return false;
        }
        complaints.insert(owner, now);
        true
    }

    fn admit(&self, address: IpAddr) -> Result<Option<IpAddr>, Refusal> {
        let settings = self.settings.load();
        if settings.unlimited.iter().any(|network| network.contains(address)) {
            return Ok(None);
        }
        let owner = owner(address);
        let mut by_owner = self.by_owner.lock();
        let open = by_owner.entry(owner).or_insert(0);
        if *open >= settings.connections_per_address {
            return Err(Refusal::Address);
        }
        *open += 1;
        Ok(Some(owner))
    }

    fn leave(&self, owner: IpAddr) {
        let mut by_owner = self.by_owner.lock();
        if let Some(open) = by_owner.get_mut(&owner) {
            *open -= 1;
            if *open == 0 {
                by_owner.remove(&owner);
            }
        }
    }
}

/// One of the places that all addresses share; given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    gate: Arc<Gate>,
}

impl Slot {
    /// Counts the connection for its address.
    pub(crate) fn admit(self, address: IpAddr) -> Result<ConnectionPermit, Refusal> {
        let owner = self.gate.admit(address)?;
        counter!(names::ACCEPTED).increment(1);
        Ok(ConnectionPermit { slot: self, owner })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.gate.open.fetch_sub(1, Ordering::Relaxed);
        gauge!(names::OPEN).decrement(1.0);
    }
}

/// The right to be connected. It lives as long as the connection and gives its place back when dropped.
#[derive(Debug)]
pub struct ConnectionPermit {
    slot: Slot,
    owner: Option<IpAddr>,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        if let Some(owner) = self.owner {
            self.slot.gate.leave(owner);
        }
    }
}

fn pace_of(settings: &GateSettings) -> Rate {
    Rate {
        per_second: settings.accepts_per_second,
        burst: settings.accept_burst,
    }
}

/// Connections beyond the descriptor limit would take the last descriptor from the database, so there are none.
fn within_descriptors(settings: GateSettings) -> GateSettings {
    let Ok((soft, _)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return settings;
    };
    let room = soft - RESERVED_DESCRIPTORS.min(soft / 2);
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    GateSettings {
        connections: settings.connections.min(room),
        ..settings
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn narrow(per_address: usize) -> Arc<Gate> {
        Gate::new(GateSettings {
            connections_per_address: per_address,
            unlimited: vec!["192.0.2.0/24".parse().unwrap()],
            ..GateSettings::default()
        })
    }

    fn come(gate: &Arc<Gate>, address: &str) -> Result<ConnectionPermit, Refusal> {
        gate.enter()?.admit(address.parse().unwrap())
    }

    #[test]
    fn an_ipv6_customer_has_one_share_for_all_its_addresses() {
        let gate = narrow(2);
        let inside = [
            come(&gate, "2001:db8::1").unwrap(),
            come(&gate, "2001:db8::ffff:2").unwrap(),
        ];
        assert_eq!(come(&gate, "2001:db8:0:0:9::3").unwrap_err(), Refusal::Address);
        come(&gate, "2001:db8:0:1::1").unwrap();
        drop(inside);
        come(&gate, "2001:db8::1").unwrap();
        assert_eq!(gate.open(), 0);
    }

    #[test]
    fn listed_networks_have_no_share_of_their_own() {
        let gate = narrow(1);
        let inside: Vec<_> = (0..10).map(|_| come(&gate, "192.0.2.1").unwrap()).collect();
        assert_eq!((gate.open(), gate.open_from("192.0.2.1".parse().unwrap())), (10, 0));
        drop(inside);
        assert_eq!(gate.open(), 0);
    }

    #[test]
    fn a_refused_connection_gives_its_place_back() {
        let gate = narrow(1);
        let _inside = come(&gate, "198.51.100.1").unwrap();
        come(&gate, "198.51.100.1").unwrap_err();
        assert_eq!((gate.open(), gate.open_from("198.51.100.1".parse().unwrap())), (1, 1));
    }

    #[test]
    fn a_limit_lowered_under_those_inside_lets_nobody_in_until_enough_have_left() {
        let gate = narrow(5);
        let mut inside: Vec<_> = (0..3).map(|_| come(&gate, "198.51.100.1").unwrap()).collect();
        gate.set(GateSettings {
            connections: 2,
            ..GateSettings::default()
        });
        assert_eq!(come(&gate, "198.51.100.2").unwrap_err(), Refusal::Full);
        inside.truncate(1);
        come(&gate, "198.51.100.2").unwrap();
    }

    #[test]
    fn the_last_descriptors_are_not_for_connections() {
        let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        let gate = Gate::new(GateSettings {
            connections: usize::MAX,
            ..GateSettings::default()
        });
        let room = u64::try_from(gate.settings.load().connections).unwrap();
        assert!(room < soft && room >= soft / 2, "{room} of {soft}");
    }

    #[test]
    fn an_address_has_one_line_a_minute_and_a_flood_of_addresses_few() {
        let gate = narrow(1);
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let (one, other): (IpAddr, IpAddr) = ("198.51.100.1".parse().unwrap(), "198.51.100.2".parse().unwrap());
        assert!(gate.may_complain(one, start));
        assert!(!gate.may_complain(one, after(59)));
        assert!(gate.may_complain(other, after(59)));
        assert!(gate.may_complain(one, after(60)));

        let written = (0..5000_u32).filter(|n| gate.may_complain(std::net::Ipv4Addr::from_bits(*n).into(), after(61)));
        assert_eq!(written.count(), REMEMBERED_COMPLAINTS - 2);
        assert!(gate.may_complain(std::net::Ipv4Addr::from_bits(5000).into(), after(121)));
    }
}
