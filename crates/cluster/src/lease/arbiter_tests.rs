//! Taking over at once, after a failover that may have forgotten a take-over.

use std::collections::BTreeMap;

use crate::lease::{
    Answer, Departed, Effect, Grounds, Lease, Message, Micros, NEVER, RaftView, Row, SECOND, ServerId, Settings,
};
use crate::{Group, NodeId};

const GROUP: Group = Group { epoch: 1, id: 1 };

/// Life 2 on server 1 is listed with life 1 on server 0; then an attempt to reach that is answered so. Its lease is out, and it reads the row
/// at these moments, in seconds. Whether it takes over at once.
#[track_caller]
fn check(reads: &[Micros], answer_at: Micros, answer: Answer, expected: bool) {
    let members: BTreeMap<_, _> = [(NodeId(1), ServerId(0)), (NodeId(2), ServerId(1))].into();
    let mut lease = Lease::new(NodeId(2), ServerId(1), 1 << 50, Settings::default(), 0);
    lease.on_servers([ServerId(0), ServerId(1)]);
    let view = RaftView {
        group: GROUP,
        term: 1,
        leader: Some(NodeId(1)),
        members: members.clone(),
        voters: [NodeId(1)].into(),
        quorum_round: NEVER,
        departed: Departed::default(),
    };
    lease.on_raft(view, 0);
    let row = Row {
        group: Some(GROUP),
        lease_seq: 1,
        is_expired: false,
        is_released: false,
        members,
    };
    let mut takes = false;
    let last = reads.iter().copied().max().unwrap_or_default().max(answer_at);
    for second in 1..=last {
        let now = second * SECOND;
        if second == answer_at {
            lease.on_attempt(ServerId(0), answer, now - 10_000, now);
        }
        if reads.contains(&second) {
            lease.on_row(&row, now - 10_000, now);
        }
        let is_take_over = |effect: &Effect| {
            matches!(
                effect,
                Effect::TakeOver {
                    grounds: Grounds::AllDead,
                    ..
                }
            )
        };
        takes |= lease.take_effects().iter().any(is_take_over);
    }
    assert_eq!(takes, expected, "reads at {reads:?}, an answer at {answer_at}");
}

#[test]
fn a_survivor_takes_over_at_once_only_where_no_forgotten_group_can_act() {
    let always: Vec<Micros> = (1..=9).collect();
    let next_life = Answer::Lives(NodeId(3));
    check(&always, 8, next_life, true);
    // Reads fail from 9 s on; at 12 s the row is there again, as it was before.
    let with_gap: Vec<Micros> = (1..=8).chain([12]).collect();
    check(&with_gap, 11, next_life, false);
    let and_on: Vec<Micros> = (1..=8).chain(12..=18).collect();
    check(&and_on, 11, next_life, true);
    // Where nobody is, nobody acts.
    check(&[1, 2], 2, Answer::Refused, true);
    check(&[1, 2], 2, next_life, false);
}

/// A server that has read a row which nobody holds at these moments, in seconds. Whether it begins a new group at the last.
#[track_caller]
fn check_released(reads: &[Micros], expected: bool) {
    let mut lease = Lease::new(NodeId(2), ServerId(1), 0, Settings::default(), 0);
    lease.on_servers([ServerId(0), ServerId(1)]);
    let mut begins = false;
    for second in reads {
        // The group that released it did so between the reads.
        let row = Row {
            group: Some(GROUP),
            lease_seq: 1,
            is_expired: true,
            is_released: second == reads.last().expect("there are some"),
            members: BTreeMap::new(),
        };
        lease.on_row(&row, second * SECOND - 10_000, second * SECOND);
        let is_take_over = |effect: &Effect| {
            matches!(
                effect,
                Effect::TakeOver {
                    grounds: Grounds::Released,
                    ..
                }
            )
        };
        begins = lease.take_effects().iter().any(is_take_over);
    }
    assert_eq!(begins, expected, "reads at {reads:?}");
}

#[test]
fn a_row_that_nobody_holds_is_taken_by_whoever_has_watched_without_a_gap() {
    check_released(&[1, 2, 3, 4, 5, 6], true);
    check_released(&[1, 2, 3, 4, 5], false);
    check_released(&[1, 2, 3, 6, 7, 8, 9], false);
}

#[test]
fn a_row_that_nobody_holds_is_taken_at_once_when_all_others_say_that_they_do_not_act() {
    let check = |first_read: Micros, said: &[u64], second_word: Micros, at: Micros, expected: bool| {
        let mut lease = Lease::new(NodeId(2), ServerId(1), 0, Settings::default(), 0);
        lease.on_servers([ServerId(0), ServerId(1), ServerId(2)]);
        let row = Row {
            group: None,
            lease_seq: 0,
            is_expired: true,
            is_released: true,
            members: BTreeMap::new(),
        };
        lease.on_row(&row, first_read, first_read);
        for server in said {
            let server = ServerId(*server);
            lease.on_message(NodeId(9), idle(server, SECOND), SECOND);
        }
        assert!(lease.take_effects().is_empty());
        for server in said {
            let server = ServerId(*server);
            lease.on_message(NodeId(9), idle(server, second_word), second_word);
        }
        lease.on_row(&row, at, at);
        let is_take_over = |effect: &Effect| matches!(effect, Effect::TakeOver { .. });
        assert_eq!(
            lease.take_effects().iter().any(is_take_over),
            expected,
            "{said:?} at {at}"
        );
    };
    let (half, again) = (SECOND / 2, SECOND + SECOND / 2);
    check(half, &[0, 2], again, again, true);
    check(half, &[0], again, again, false);
    check(half, &[0, 3], again, again, false);
    check(half, &[0, 2], again, 3 * SECOND, false);
    // Whoever said so before may have taken over since.
    check(again + 1, &[0, 2], again, again + 2, false);
}

#[test]
fn a_lease_that_is_past_is_not_waited_out_where_nobody_is_left() {
    let check = |refused: &[u64], is_expired: bool, expected: bool| {
        let mut lease = Lease::new(NodeId(2), ServerId(1), 0, Settings::default(), 0);
        lease.on_servers([ServerId(0), ServerId(1), ServerId(2)]);
        let row = Row {
            group: Some(GROUP),
            lease_seq: 1,
            is_expired,
            is_released: false,
            members: [(NodeId(1), ServerId(0))].into(),
        };
        lease.on_row(&row, SECOND / 2, SECOND / 2);
        for server in refused {
            lease.on_attempt(ServerId(*server), Answer::Refused, SECOND, SECOND);
        }
        lease.on_row(&row, SECOND, SECOND);
        let is_take_over = |effect: &Effect| matches!(effect, Effect::TakeOver { .. });
        assert_eq!(lease.take_effects().iter().any(is_take_over), expected, "{refused:?}");
    };
    check(&[0, 2], true, true);
    check(&[0, 2], false, false);
    check(&[0], true, false);
}

#[test]
fn a_founder_whose_log_has_no_leader_yet_does_not_take_over_from_itself() {
    let before = Lease::new(NodeId(1), ServerId(1), 0, Settings::default(), 0);
    let mut lease = before.taken(NodeId(2), GROUP, SECOND, SECOND).expect("it does not act");
    lease.on_servers([ServerId(0), ServerId(1)]);
    let row = Row {
        group: Some(GROUP),
        lease_seq: 1,
        is_expired: false,
        is_released: false,
        members: [(NodeId(2), ServerId(1))].into(),
    };
    for second in 2..=20 {
        lease.on_row(&row, second * SECOND, second * SECOND);
        lease.on_attempt(ServerId(0), Answer::Refused, second * SECOND, second * SECOND);
    }
    let is_take_over = |effect: &Effect| matches!(effect, Effect::TakeOver { .. });
    assert!(!lease.take_effects().iter().any(is_take_over));
}

/// A life that said so once may have been let in, by a leader that died a moment later.
#[test]
fn one_word_of_a_life_says_nothing_of_when_another_died() {
    let mut lease = Lease::new(NodeId(2), ServerId(1), 0, Settings::default(), 0);
    lease.on_servers([ServerId(0), ServerId(1), ServerId(2)]);
    let row = Row {
        group: Some(GROUP),
        lease_seq: 1,
        is_expired: true,
        is_released: false,
        members: [(NodeId(1), ServerId(0))].into(),
    };
    let takes = |lease: &mut Lease, at: Micros| {
        lease.on_row(&row, at, at);
        let is_take_over = |effect: &Effect| matches!(effect, Effect::TakeOver { .. });
        lease.take_effects().iter().any(is_take_over)
    };
    assert!(!takes(&mut lease, SECOND));
    let word =
        |lease: &mut Lease, asked_at: Micros, at: Micros| lease.on_message(NodeId(9), idle(ServerId(2), asked_at), at);
    word(&mut lease, SECOND, SECOND + 1);
    lease.on_attempt(ServerId(0), Answer::Refused, SECOND + 2, SECOND + 3);
    assert!(!takes(&mut lease, SECOND + 4));
    // Another that comes late says nothing more.
    word(&mut lease, SECOND, SECOND + 5);
    assert!(!takes(&mut lease, SECOND + 6));
    word(&mut lease, SECOND + 7, SECOND + 8);
    assert!(takes(&mut lease, SECOND + 9));
}

fn idle(server: ServerId, asked_at: Micros) -> Message {
    Message::Idle { server, asked_at }
}

/// By then this life has said again that it belongs to no group.
#[test]
fn a_take_over_that_comes_back_late_is_none() {
    let check = |answered: Micros, expected: bool| {
        let lease = Lease::new(NodeId(1), ServerId(1), 0, Settings::default(), 0);
        assert_eq!(
            lease.taken(NodeId(2), GROUP, SECOND, answered).is_some(),
            expected,
            "{answered}"
        );
    };
    check(5 * SECOND, true);
    check(5 * SECOND + 1, false);
}
