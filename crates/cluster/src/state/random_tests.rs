//! Random commands in random batches: nodes that cut them differently, or came late by a copy, agree.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use proptest::prelude::*;

use super::{
    Bound, CacheId, Change, Claim, Command, Entry, Expect, Image, ImageReader, Machine, Member, Outcome, Put, Remove,
    Size,
};
use crate::NodeId;
use crate::lease::ServerId;

fn entry() -> impl Strategy<Value = Entry> {
    let expires = proptest::option::of(0..50_i64);
    (proptest::option::of(1..5_u64), 0..4_u64, 0..4_u64, expires, 0..9_usize).prop_map(
        |(owner, stamp, seq, expires_at_micros, bytes)| Entry {
            owner: owner.map(NodeId),
            stamp,
            seq,
            expires_at_micros,
            value: Bytes::from(vec![7; bytes]),
        },
    )
}

fn key() -> impl Strategy<Value = Bytes> {
    (0..12_u8).prop_map(|number| Bytes::from(vec![number]))
}

fn cache() -> impl Strategy<Value = CacheId> {
    (0..2_u8).prop_map(CacheId)
}

fn expect() -> impl Strategy<Value = Expect> {
    prop_oneof![
        Just(Expect::Anything),
        Just(Expect::Free),
        Just(Expect::Earlier),
        (0..4_u64).prop_map(Expect::Stamp),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => (1..5_u64, 1..4_u64).prop_map(|(node, server)| Command::Up(Member {
            node: NodeId(node),
            server: ServerId(server),
            joined_at_micros: 0,
        })),
        1 => (1..5_u64).prop_map(|node| Command::Down(NodeId(node))),
        1 => (0..50_i64).prop_map(Command::Expire),
        1 => (cache(), proptest::option::of(0..8_u64), proptest::option::of(0..40_u64))
            .prop_map(|(cache, entries, bytes)| Command::Bound(cache, Bound { entries, bytes })),
        12 => (cache(), key(), entry(), expect())
            .prop_map(|(cache, key, entry, expect)| Command::Put(Put { cache, key, entry, expect })),
        4 => (cache(), key(), proptest::option::of(1..5_u64), 0..4_u64).prop_map(|(cache, key, owner, stamp)| {
            Command::Remove(Remove { cache, key, owner: owner.map(NodeId), stamp })
        }),
        4 => (cache(), key(), 1..5_u64, 0..3_u64, 0..9_u64, 0..50_i64).prop_map(
            |(cache, key, owner, request, token, until_micros)| Command::Claim(Claim {
                cache,
                key,
                owner: NodeId(owner),
                request,
                token,
                until_micros,
            })
        ),
    ]
}

fn apply(machine: &mut Machine, commands: &[Command]) -> (Vec<Outcome>, Vec<Change>) {
    let mut changes = Vec::new();
    let commands = commands.iter().cloned();
    let outcomes = commands.map(|command| machine.apply(command, &mut changes)).collect();
    (outcomes, changes)
}

fn copy(machine: &Machine) -> Machine {
    let mut reader = ImageReader::default();
    for piece in Image(machine.clone()).pieces() {
        assert!(reader.take(&piece));
    }
    reader.finish().0
}

/// What is kept beside the entries says what the entries say.
fn is_consistent(machine: &Machine) {
    for cache in [CacheId(0), CacheId(1)] {
        let mut counted = Size::default();
        for entry in machine.entries(cache) {
            counted.entries += 1;
            counted.bytes += (entry.key.len() + entry.value.len()) as u64;
        }
        assert_eq!(machine.size(cache), counted);
        let shared = machine.entries(cache).filter(|entry| entry.owner.is_none());
        assert_eq!(machine.shared(cache).count(), shared.count());
        let of_nobody_here = machine
            .entries(cache)
            .filter_map(|entry| entry.owner)
            .find(|owner| !machine.members().contains_key(owner));
        assert_eq!(of_nobody_here, None);
    }
    let all = [CacheId(0), CacheId(1)]
        .into_iter()
        .flat_map(|cache| machine.entries(cache));
    assert_eq!(
        machine.next_due(),
        all.filter_map(|entry| entry.expires_at_micros).min()
    );
}

proptest! {
    #[test]
    fn machines_that_applied_the_same_are_the_same(
        commands in proptest::collection::vec(command(), 0..200),
        cuts in proptest::collection::vec(1..20_usize, 1..200),
    ) {
        let mut whole = Machine::default();
        let (outcomes, _) = apply(&mut whole, &commands);
        is_consistent(&whole);
        let (mut cut, mut told, mut rest) = (Machine::default(), Vec::new(), &commands[..]);
        for size in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (batch, after) = rest.split_at((*size).min(rest.len()));
            // A copy that is held while the next batch is applied, and one that went over the wire.
            let held = cut.clone();
            cut = copy(&cut);
            prop_assert_eq!(&held, &cut);
            told.extend(apply(&mut cut, batch).0);
            rest = after;
        }
        prop_assert_eq!(outcomes, told);
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn a_command_that_comes_twice_at_once_changes_nothing_the_second_time(
        commands in proptest::collection::vec(command(), 0..60),
        last in command().prop_filter("it tells the second time from the first", |command| match command {
            Command::Put(put) => match put.expect {
                Expect::Anything => false,
                // Whoever compares and sets has drawn another stamp.
                Expect::Stamp(stamp) => stamp != put.entry.stamp,
                _ => true,
            },
            _ => true,
        }),
    ) {
        let mut machine = Machine::default();
        apply(&mut machine, &commands);
        apply(&mut machine, std::slice::from_ref(&last));
        let once = machine.clone();
        let (_, changes) = apply(&mut machine, &[last]);
        prop_assert_eq!(changes, vec![]);
        prop_assert!(machine == once);
    }
}
