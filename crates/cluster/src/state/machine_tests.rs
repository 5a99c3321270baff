#![allow(clippy::unwrap_used)]
use super::*;
use crate::lease::ServerId;
use crate::state::{Image, ImageReader};

const CACHE: CacheId = CacheId(1);

fn up(node: u64, server: u64) -> Command {
    Command::Up(Member {
        node: NodeId(node),
        server: ServerId(server),
        joined_at_micros: 0,
    })
}

fn entry(owner: Option<u64>, stamp: u64, seq: u64) -> Entry {
    Entry {
        owner: owner.map(NodeId),
        stamp,
        seq,
        expires_at_micros: None,
        value: Bytes::from(format!("{stamp}.{seq}")),
    }
}

fn put(key: &'static str, entry: Entry, expect: Expect) -> Command {
    Command::Put(Put {
        cache: CACHE,
        key: Bytes::from(key),
        entry,
        expect,
    })
}

fn remove(key: &'static str, owner: Option<u64>, stamp: u64) -> Command {
    Command::Remove(Remove {
        cache: CACHE,
        key: Bytes::from(key),
        owner: owner.map(NodeId),
        stamp,
    })
}

/// Applies commands one after another to a state with the members 1 and 2 (on the servers of these numbers); the last one's
/// outcome, and how many changes it made.
#[track_caller]
fn check(commands: &[Command], outcome: &Outcome, changed: usize) -> Machine {
    let mut machine = Machine::default();
    for command in [up(1, 1), up(2, 2)] {
        machine.apply(command, &mut Vec::new());
    }
    let (last, before) = commands.split_last().unwrap();
    for command in before {
        machine.apply(command.clone(), &mut Vec::new());
    }
    let mut changes = Vec::new();
    assert_eq!(machine.apply(last.clone(), &mut changes), *outcome);
    assert_eq!(changes.len(), changed, "{changes:?}");
    machine
}

#[test]
fn the_first_has_the_key_and_a_proposal_that_comes_twice_does_no_harm() {
    let first = put("a", entry(Some(1), 7, 0), Expect::Free);
    check(std::slice::from_ref(&first), &Outcome::Done, 1);
    check(&[first.clone(), first.clone()], &Outcome::Done, 0);
    let second = put("a", entry(Some(2), 7, 0), Expect::Free);
    check(&[first.clone(), second], &Outcome::Taken(entry(Some(1), 7, 0)), 0);
    let next = put("a", entry(Some(1), 8, 0), Expect::Free);
    check(&[first, next], &Outcome::Taken(entry(Some(1), 7, 0)), 0);
}

#[test]
fn later_states_overtake_earlier_ones_never_the_other_way_round() {
    let first = put("a", entry(Some(1), 7, 0), Expect::Free);
    let at = |seq| put("a", entry(Some(1), 7, seq), Expect::Earlier);
    check(&[first.clone(), at(2)], &Outcome::Done, 1);
    let machine = check(&[first.clone(), at(2), at(1)], &Outcome::Done, 0);
    assert_eq!(machine.get(CACHE, b"a").unwrap().seq, 2);
    // The proposal that made it comes once more.
    check(&[first.clone(), at(2), first.clone()], &Outcome::Done, 0);
    check(&[at(1)], &Outcome::Stale, 0);
    check(&[first, remove("a", Some(1), 7), at(1)], &Outcome::Stale, 0);
}

#[test]
fn what_was_replaced_is_not_removed_by_its_predecessors_end() {
    let first = put("a", entry(Some(1), 7, 0), Expect::Free);
    check(&[first.clone(), remove("a", Some(1), 7)], &Outcome::Done, 1);
    check(&[first.clone(), remove("a", Some(1), 6)], &Outcome::Stale, 0);
    check(&[first, remove("a", Some(2), 7)], &Outcome::Stale, 0);
    check(&[remove("a", Some(1), 7)], &Outcome::Stale, 0);
}

#[test]
fn a_stamp_is_compared_and_set() {
    let first = put("a", entry(None, 1, 0), Expect::Free);
    let second = put("a", entry(None, 2, 0), Expect::Stamp(1));
    check(&[first.clone(), second.clone()], &Outcome::Done, 1);
    check(&[first.clone(), second.clone(), second.clone()], &Outcome::Done, 0);
    let late = put("a", entry(None, 3, 0), Expect::Stamp(1));
    check(&[first, second.clone(), late], &Outcome::Taken(entry(None, 2, 0)), 0);
    check(&[second], &Outcome::Stale, 0);
}

#[test]
fn an_entry_goes_from_its_owner_to_another_in_one_step_and_only_from_that_one() {
    let first = put("a", entry(Some(1), 7, 0), Expect::Free);
    let next = put("a", entry(Some(2), 7, 0), Expect::Of(NodeId(1), 7));
    check(&[first.clone(), next.clone()], &Outcome::Done, 1);
    check(&[first.clone(), next.clone(), next.clone()], &Outcome::Done, 0);
    check(
        &[first.clone(), next.clone(), remove("a", Some(1), 7)],
        &Outcome::Stale,
        0,
    );
    check(&[first, remove("a", Some(1), 7), next.clone()], &Outcome::Stale, 0);
    let other = put("a", entry(Some(2), 6, 0), Expect::Free);
    check(&[other, next], &Outcome::Taken(entry(Some(2), 6, 0)), 0);
}

#[test]
fn nothing_of_a_dead_node_remains_or_comes_back() {
    let own = put("a", entry(Some(1), 7, 0), Expect::Free);
    let down = Command::Down(NodeId(1));
    let machine = check(&[own.clone(), down.clone()], &Outcome::Done, 1);
    assert_eq!(machine.size(CACHE), Size::default());
    check(&[down.clone(), down.clone()], &Outcome::Done, 0);
    check(&[down.clone(), own], &Outcome::Refused, 0);
    check(&[down, up(1, 1)], &Outcome::Refused, 0);
    check(&[Command::Down(NodeId(3)), up(3, 3)], &Outcome::Refused, 0);
}

#[test]
fn the_next_life_on_a_server_ends_the_one_before() {
    let own = put("a", entry(Some(1), 7, 0), Expect::Free);
    let machine = check(&[own, up(3, 1)], &Outcome::Done, 2);
    assert_eq!(
        machine.members().keys().copied().collect::<Vec<_>>(),
        [NodeId(2), NodeId(3)]
    );
    assert_eq!(machine.size(CACHE), Size::default());
    check(&[up(3, 1), up(1, 1)], &Outcome::Refused, 0);
}

#[test]
fn what_was_to_vanish_vanishes_at_its_time() {
    let mut lock = entry(Some(1), 7, 0);
    lock.expires_at_micros = Some(100);
    let lock = put("a", lock, Expect::Free);
    check(&[lock.clone(), Command::Expire(99)], &Outcome::Done, 0);
    check(&[lock, Command::Expire(100)], &Outcome::Done, 1);
}

fn put_of(number: u64) -> Command {
    let mut shared = entry(None, number, 0);
    shared.expires_at_micros = Some(i64::try_from(number % 7).unwrap());
    Command::Put(Put {
        cache: CACHE,
        key: Bytes::from(format!("shared {number}")),
        entry: shared,
        expect: Expect::Anything,
    })
}

#[test]
fn a_state_comes_back_from_its_pieces_as_it_was() {
    let mut machine = Machine::default();
    for command in [up(1, 1), up(2, 2), Command::Down(NodeId(2))] {
        machine.apply(command, &mut Vec::new());
    }
    for number in 0..5_000_u64 {
        let mut new = entry(Some(1), number, 0);
        new.value = Bytes::from(vec![1; 700]);
        let key = Bytes::from(number.to_string());
        let cache = CacheId(u8::try_from(number % 3).unwrap());
        let put = Put {
            cache,
            key,
            entry: new,
            expect: Expect::Free,
        };
        machine.apply(Command::Put(put), &mut Vec::new());
        let shared = put_of(number);
        machine.apply(shared, &mut Vec::new());
    }
    machine.apply(bound(1_000), &mut Vec::new());
    let image = Image(machine.clone());
    // What happens meanwhile does not show.
    let before = machine.clone();
    machine.apply(Command::Down(NodeId(1)), &mut Vec::new());
    let (mut reader, mut pieces) = (ImageReader::default(), 0);
    for piece in image.pieces() {
        assert!(piece.len() <= 1024 * 1024 && reader.take(&piece));
        pieces += 1;
    }
    let copy = reader.finish().0;
    assert!(pieces > 4);
    assert_eq!(copy, before);
    assert_ne!(copy, machine);
    assert!(!ImageReader::default().take(b"garbage\xff\xff\xff"));
}

fn bound(entries: u64) -> Command {
    let bound = Bound {
        entries: Some(entries),
        bytes: None,
    };
    Command::Bound(CACHE, bound)
}

fn keys(machine: &Machine) -> Vec<&str> {
    let keys = machine
        .entries(CACHE)
        .map(|entry| std::str::from_utf8(entry.key).unwrap());
    let mut keys: Vec<_> = keys.collect();
    keys.sort_unstable();
    keys
}

#[test]
fn the_oldest_shared_entries_make_room_and_what_a_node_owns_is_refused_instead() {
    let shared = |key, stamp| put(key, entry(None, stamp, 0), Expect::Anything);
    let own = |key, stamp| put(key, entry(Some(1), stamp, 0), Expect::Anything);
    // One is written and one goes.
    let full = [bound(2), shared("a", 1), shared("b", 2)];
    let machine = check(&[&full[..], &[shared("c", 3)]].concat(), &Outcome::Done, 2);
    assert_eq!((keys(&machine), machine.evicted(CACHE)), (vec!["b", "c"], 1));
    // Written anew is young again.
    let machine = check(
        &[&full[..], &[shared("a", 3), shared("c", 4)]].concat(),
        &Outcome::Done,
        2,
    );
    assert_eq!(keys(&machine), ["a", "c"]);
    // Who owns something takes the room of the shared, and nobody takes it from there.
    let owned = [&full[..], &[own("c", 3), own("d", 4)]].concat();
    let machine = check(&owned, &Outcome::Done, 2);
    assert_eq!(keys(&machine), ["c", "d"]);
    check(&[&owned[..], &[own("e", 5)]].concat(), &Outcome::Full, 0);
    check(&[&owned[..], &[shared("e", 5)]].concat(), &Outcome::Full, 0);
    check(&[&owned[..], &[own("d", 5)]].concat(), &Outcome::Done, 1);
    // A bound that comes late holds for what is there.
    let machine = check(&[shared("a", 1), shared("b", 2), bound(1)], &Outcome::Done, 1);
    assert_eq!(keys(&machine), ["b"]);
}

#[test]
fn bytes_are_bounded_too_and_known_without_counting() {
    let of = |key, bytes: usize| {
        let mut entry = entry(None, 1, 0);
        entry.value = Bytes::from(vec![0; bytes]);
        put(key, entry, Expect::Anything)
    };
    let bytes = |most| {
        let bound = Bound {
            entries: None,
            bytes: Some(most),
        };
        Command::Bound(CACHE, bound)
    };
    let machine = check(
        &[bytes(20), of("a", 9), of("b", 9), of("b", 8), of("c", 9)],
        &Outcome::Done,
        2,
    );
    let size = Size { entries: 2, bytes: 19 };
    assert_eq!((keys(&machine), machine.size(CACHE)), (vec!["b", "c"], size));
    check(&[bytes(20), of("a", 20)], &Outcome::Full, 0);
}

#[test]
fn tokens_of_locks_only_grow_and_a_claim_that_comes_twice_has_one() {
    let claim = |owner, request, token, until_micros| {
        Command::Claim(Claim {
            cache: CACHE,
            key: Bytes::from("a"),
            owner: NodeId(owner),
            request,
            token,
            until_micros,
        })
    };
    let first = claim(1, 5, 100, 1_000);
    check(std::slice::from_ref(&first), &Outcome::Locked(100), 1);
    check(&[first.clone(), first.clone()], &Outcome::Locked(100), 0);
    // Kept for longer, never for less.
    let machine = check(&[first.clone(), claim(1, 5, 200, 2_000)], &Outcome::Locked(100), 1);
    assert_eq!(machine.next_due(), Some(2_000));
    check(&[first.clone(), claim(1, 5, 200, 500)], &Outcome::Locked(100), 0);
    // Another request, even of the same node, waits; then its token is higher whatever its clock says.
    let there = check(std::slice::from_ref(&first), &Outcome::Locked(100), 1);
    let there = there.get(CACHE, b"a").unwrap().to_entry();
    check(&[first.clone(), claim(1, 6, 200, 1_000)], &Outcome::Taken(there), 0);
    for end in [
        Command::Down(NodeId(1)),
        Command::Expire(1_000),
        remove("a", Some(1), 100),
    ] {
        check(&[first.clone(), end, claim(2, 5, 50, 1_000)], &Outcome::Locked(101), 1);
    }
    check(&[claim(3, 5, 1, 1)], &Outcome::Refused, 0);
}
