//! The floors of the house: imports point down only, and some guests stay out of some rooms.

use crate::metadata::{Crate, Metadata};

/// Where a crate stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// In the house, on this floor.
    Floor(u8),
    /// Beside it: sees everything, and nothing in the house sees it, but for its tests.
    Apart,
}

use Place::{Apart, Floor};

/// Every crate has its place; a new one is put here first.
const HOUSE: &[(&str, Place)] = &[
    ("protocol", Floor(0)),
    ("acme", Floor(0)),
    ("transport", Floor(0)),
    ("storage", Floor(1)),
    ("auth", Floor(2)),
    ("cluster", Floor(2)),
    ("router", Floor(3)),
    ("c2s", Floor(4)),
    ("s2s", Floor(4)),
    ("muc", Floor(4)),
    ("pubsub", Floor(4)),
    ("ops", Floor(4)),
    ("features", Floor(5)),
    ("http", Floor(5)),
    ("console", Floor(5)),
    ("api", Floor(5)),
    ("hearth", Floor(6)),
    ("testkit", Apart),
    ("bench", Apart),
    ("tests", Apart),
    ("xtask", Apart),
];

/// Guests that only these crates of the house receive.
const ONLY: &[(&str, &[&str])] = &[
    ("sqlx", &["storage"]),
    ("instant-acme", &["acme"]),
    ("openraft", &["cluster"]),
    ("askama", &["console"]),
    ("axum", &["http", "console", "api"]),
    ("utoipa", &["api"]),
];

/// What a crate never knows, though its floor would allow it.
const NEVER: &[(&str, &[&str])] = &[
    ("cluster", &["protocol"]),
    ("router", &["rustls", "tokio-rustls"]),
    ("ops", &["hyper"]),
    ("features", &["transport", "socket2", "rustls", "tokio-rustls"]),
];

/// What a crate never knows, not even by way of others.
const NEVER_AT_ALL: &[(&str, &[&str])] = &[("protocol", &["tokio", "mio", "socket2", "rustls"])];

/// Crates that see no other crate of the house than these.
const SEES_ONLY: &[(&str, &[&str])] = &[("console", &["ops"]), ("api", &["ops"])];

/// What is wrong with the house, one sentence each.
pub(crate) fn complaints(metadata: &Metadata) -> Vec<String> {
    metadata.crates.iter().flat_map(complaints_about).collect()
}

fn complaints_about(subject: &Crate) -> Vec<String> {
    let name = &subject.name;
    let Some(place) = place(name) else {
        return vec![format!(
            "{name} has no floor yet: give it one in crates/xtask/src/floors.rs"
        )];
    };
    let mut complaints = Vec::new();
    for dependency in &subject.dependencies {
        complaints.extend(against(name, place, dependency));
    }
    // Tests may be told by the test kit; otherwise they keep to the floors, too.
    for dependency in subject.dev_dependencies.iter().filter(|name| *name != "testkit") {
        complaints.extend(against_floor(name, place, dependency));
    }
    for guest in listed(NEVER_AT_ALL, name).filter(|guest| subject.everything.contains(**guest)) {
        complaints.push(format!("{name} must not depend on {guest}, not even by way of others"));
    }
    complaints
}

fn against(name: &str, place: Place, dependency: &str) -> Option<String> {
    let is_no_room = place != Apart
        && ONLY
            .iter()
            .any(|(guest, rooms)| *guest == dependency && !rooms.contains(&name));
    if is_no_room || listed(NEVER, name).any(|guest| *guest == dependency) {
        return Some(format!("{name} must not depend on {dependency}"));
    }
    let is_neighbour = self::place(dependency).is_some();
    let sees_only = SEES_ONLY.iter().find(|(subject, _)| *subject == name);
    if is_neighbour && sees_only.is_some_and(|(_, seen)| !seen.contains(&dependency)) {
        return Some(format!("{name} must not depend on {dependency}"));
    }
    against_floor(name, place, dependency)
}

fn against_floor(name: &str, place: Place, dependency: &str) -> Option<String> {
    let wrong = match (place, self::place(dependency)?) {
        (_, _) if dependency == "hearth" => "is imported by nobody",
        (Floor(own), Floor(other)) if other == own => "stands on the same floor",
        (Floor(own), Floor(other)) if other > own => "stands above it",
        (Floor(_), Apart) => "stands beside the house",
        _ => return None,
    };
    Some(format!("{name} must not depend on {dependency}, which {wrong}"))
}

fn place(name: &str) -> Option<Place> {
    HOUSE.iter().find(|(known, _)| *known == name).map(|(_, place)| *place)
}

fn listed<'name>(
    table: &'static [(&str, &[&str])],
    name: &'name str,
) -> impl Iterator<Item = &'static &'static str> + use<'name> {
    table
        .iter()
        .filter(move |(subject, _)| *subject == name)
        .flat_map(|(_, guests)| guests.iter())
}

#[cfg(test)]
mod tests {
    use super::{Crate, complaints_about};

    /// What is said about a crate that is built from these and tested with those.
    fn check(name: &str, dependencies: &[&str], dev_dependencies: &[&str], expected: &[&str]) {
        let set = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let subject = Crate {
            targets: set(&[]),
            name: name.to_owned(),
            dependencies: set(dependencies),
            dev_dependencies: set(dev_dependencies),
            everything: set(dependencies),
        };
        assert_eq!(
            complaints_about(&subject),
            expected,
            "{name} with {dependencies:?} and {dev_dependencies:?}"
        );
    }

    #[test]
    fn imports_point_down_only() {
        check("router", &["protocol", "storage", "tokio"], &["proptest"], &[]);
        check(
            "storage",
            &["router"],
            &[],
            &["storage must not depend on router, which stands above it"],
        );
        check(
            "storage",
            &[],
            &["router"],
            &["storage must not depend on router, which stands above it"],
        );
        check(
            "c2s",
            &["muc"],
            &[],
            &["c2s must not depend on muc, which stands on the same floor"],
        );
        check(
            "protocol",
            &["transport"],
            &[],
            &["protocol must not depend on transport, which stands on the same floor"],
        );
    }

    #[test]
    fn who_stands_apart_sees_all_and_is_seen_by_tests_only() {
        check("testkit", &["router", "sqlx", "axum"], &["bench"], &[]);
        check("storage", &[], &["testkit"], &[]);
        check(
            "storage",
            &["testkit"],
            &[],
            &["storage must not depend on testkit, which stands beside the house"],
        );
        check(
            "bench",
            &["hearth"],
            &[],
            &["bench must not depend on hearth, which is imported by nobody"],
        );
    }

    #[test]
    fn some_guests_stay_out_of_some_rooms() {
        check("storage", &["sqlx"], &[], &[]);
        check("auth", &["sqlx"], &[], &["auth must not depend on sqlx"]);
        check("router", &["axum"], &[], &["router must not depend on axum"]);
        check("router", &["rustls"], &[], &["router must not depend on rustls"]);
        check("hearth", &["openraft"], &[], &["hearth must not depend on openraft"]);
        check(
            "cluster",
            &["openraft", "protocol"],
            &[],
            &["cluster must not depend on protocol"],
        );
        check(
            "protocol",
            &["tokio"],
            &[],
            &["protocol must not depend on tokio, not even by way of others"],
        );
        check("console", &["ops", "axum"], &[], &[]);
        check("console", &["router"], &[], &["console must not depend on router"]);
        check("api", &["ops", "axum", "utoipa"], &[], &[]);
        check("api", &["console"], &[], &["api must not depend on console"]);
    }

    #[test]
    fn a_new_crate_needs_a_floor() {
        check(
            "attic",
            &[],
            &[],
            &["attic has no floor yet: give it one in crates/xtask/src/floors.rs"],
        );
    }
}
