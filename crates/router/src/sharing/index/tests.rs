#![allow(clippy::unwrap_used)]

use super::*;

fn group(number: i64, shown_to: ShownTo, viewers: &[i64], members: &[&str]) -> SharedGroup {
    SharedGroup {
        number: GroupNumber::new(number),
        version: number,
        domain: "verona".to_owned(),
        display_name: format!("G{number}"),
        shown_to,
        viewers: viewers.iter().copied().map(GroupNumber::new).collect(),
        members: members.iter().map(|member| (*member).to_owned()).collect(),
    }
}

fn index(groups: Vec<SharedGroup>) -> SharingIndex {
    SharingIndex::of(&SharedGroups { version: 7, groups })
}

fn jid(local: &str) -> Jid {
    format!("{local}@verona").parse().unwrap()
}

/// Who sees whom of a, b, c and d, as in `a>b`.
fn check(groups: Vec<SharedGroup>, expected: &[&str]) {
    let index = index(groups);
    let mut seen = Vec::new();
    for viewer in ["a", "b", "c", "d"] {
        let view = index.view(&jid(viewer));
        for other in ["a", "b", "c", "d"] {
            let (one, two) = (jid(viewer), jid(other));
            let sees = index.sees(one.as_str(), two.as_str());
            assert_eq!(view.contacts.contains_key(&two), sees, "{viewer} lists {other}");
            let share = index.share(one.as_str(), two.as_str());
            assert_eq!(
                (share.to, share.from),
                (sees, index.sees(two.as_str(), one.as_str())),
                "{viewer} and {other}"
            );
            if sees {
                assert_eq!(view.contacts[&two], share, "{viewer} and {other}");
                let is_watched = index.chosen_watchers(&two).contains(&one) || index.is_shown_to_all(&two);
                assert!(is_watched, "{viewer} watches {other}");
                seen.push(format!("{viewer}>{other}"));
            }
        }
    }
    assert_eq!(seen, expected);
}

#[test]
fn who_sees_whom_is_what_each_group_says() {
    use ShownTo::{Groups, Host, Members, Nobody};
    check(vec![group(1, Nobody, &[], &["a", "b"])], &[]);
    check(vec![group(1, Members, &[], &["a", "b"])], &["a>b", "b>a"]);
    check(vec![group(1, Host, &[], &["a"])], &["b>a", "c>a", "d>a"]);
    let one_sided = vec![group(1, Groups, &[2], &["a", "b"]), group(2, Nobody, &[], &["c"])];
    check(one_sided, &["a>b", "b>a", "c>a", "c>b"]);
    let both = vec![group(1, Groups, &[2], &["a"]), group(2, Groups, &[1], &["c"])];
    check(both, &["a>c", "c>a"]);
    // A group that does not exist shows nothing to nobody.
    check(vec![group(1, Groups, &[9], &["a"])], &[]);
}

#[test]
fn nobody_of_another_host_sees_what_everybody_of_this_one_does() {
    let index = index(vec![group(1, ShownTo::Host, &[], &["a"])]);
    let stranger: Jid = "b@mantua".parse().unwrap();
    assert!(!index.sees(stranger.as_str(), "a@verona"));
    assert_eq!(index.view(&stranger), View::default());
    assert!(index.sees("b@verona", "a@verona"));
}

#[test]
fn names_of_all_groups_that_show_a_contact_are_said() {
    let index = index(vec![
        group(2, ShownTo::Members, &[], &["a", "b"]),
        group(1, ShownTo::Host, &[], &["b"]),
    ]);
    assert_eq!(index.share("a@verona", "b@verona").groups, ["G1", "G2"]);
    assert_eq!(index.share("c@verona", "b@verona").groups, ["G1"]);
}

#[test]
fn a_print_changes_with_what_is_seen_and_who_sees_and_with_nothing_else() {
    let groups = || {
        vec![
            group(1, ShownTo::Groups, &[2], &["a"]),
            group(2, ShownTo::Nobody, &[], &["c"]),
            group(3, ShownTo::Members, &[], &["d"]),
        ]
    };
    let before = index(groups());
    let changed = |number: usize| {
        let mut groups = groups();
        groups[number].version = 99;
        let after = index(groups);
        ["a", "b", "c", "d"].map(|local| before.print(&jid(local)) != after.print(&jid(local)))
    };
    assert_eq!(changed(0), [true, false, true, false]);
    assert_eq!(changed(1), [true, false, true, false]);
    assert_eq!(changed(2), [false, false, false, true]);
    assert_eq!(before.print(&jid("b")), 0);
}

#[test]
fn a_roster_has_no_more_shared_contacts_than_its_bound() {
    let names: Vec<String> = (0..SHARED_CONTACTS_MAX + 5)
        .map(|number| format!("u{number}"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let index = index(vec![group(1, ShownTo::Host, &[], &names)]);
    assert_eq!(index.view(&jid("a")).contacts.len(), SHARED_CONTACTS_MAX);
}

/// Numbers that only look random, the same at each run.
fn draw(seed: &mut u64, below: u64) -> u64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % below
}

#[test]
fn a_change_affects_everybody_with_whom_somebody_stands_otherwise() {
    use std::sync::Arc;

    use crate::sharing::{Affected, SharingChange};

    const PEOPLE: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    let mut seed = 1;
    let mut narrow = 0;
    let mut groups: Vec<SharedGroup> = Vec::new();
    for version in 1..3_000 {
        let before = Arc::new(index(groups.clone()));
        let place = usize::try_from(draw(&mut seed, 4)).unwrap();
        match (groups.get_mut(place), draw(&mut seed, 8)) {
            (None, _) => {
                let shown = [ShownTo::Nobody, ShownTo::Members, ShownTo::Host, ShownTo::Groups];
                let shown = shown[usize::try_from(draw(&mut seed, 4)).unwrap()];
                let mut made = group(version, shown, &[], &[]);
                made.viewers.extend(groups.first().map(|group| group.number));
                groups.push(made);
            }
            (Some(_), 0) => {
                let gone = groups.remove(place).number;
                for group in groups.iter_mut().filter(|group| group.viewers.contains(&gone)) {
                    group.viewers.retain(|viewer| *viewer != gone);
                    group.version = version;
                }
            }
            (Some(group), 1) => {
                group.display_name.push('x');
                group.version = version;
            }
            (Some(group), _) => {
                let who = PEOPLE[usize::try_from(draw(&mut seed, 6)).unwrap()].to_owned();
                match group.members.iter().position(|member| *member == who) {
                    Some(place) => _ = group.members.remove(place),
                    None => group.members.push(who),
                }
                group.version = version;
            }
        }
        let change = SharingChange::of(before, Arc::new(index(groups.clone())));
        for one in PEOPLE.map(jid) {
            let affected = change.affects(&one);
            narrow += u32::from(matches!(affected, Affected::These(_)));
            for other in PEOPLE.map(jid) {
                let [was, is] = [&change.before, &change.after].map(|index| index.share(one.as_str(), other.as_str()));
                let is_said = match affected {
                    Affected::Nobody => false,
                    Affected::These(these) => these.contains(&other),
                    Affected::Anybody => true,
                };
                assert!(
                    was == is || is_said,
                    "{version}: {one} and {other}: {was:?}, {is:?}, {affected:?}"
                );
            }
        }
    }
    assert!(
        narrow > 1_000,
        "most changes are found without looking at everybody: {narrow}"
    );
}
