//! Taking over at once, after a failover that may have forgotten a take-over.

use std::collections::BTreeMap;

use crate::lease::{Answer, Departed, Effect, Lease, Micros, NEVER, RaftView, Row, SECOND, ServerId, Settings};
use crate::{Group, NodeId};

const GROUP: Group = Group { epoch: 1, id: 1 };

/// Life 2 on server 1 is listed with life 1 on server 0; life 3 then answers there. Its lease is out, and it reads the row
/// at these moments, in seconds. Whether it takes over at once.
fn check(reads: &[Micros], answer_at: Micros, expected: bool) {
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
        members,
    };
    let mut takes = false;
    let last = reads.iter().copied().max().unwrap_or_default().max(answer_at);
    for second in 1..=last {
        let now = second * SECOND;
        if second == answer_at {
            lease.on_attempt(ServerId(0), Answer::Lives(NodeId(3)), now - 10_000, now);
        }
        if reads.contains(&second) {
            lease.on_row(&row, now - 10_000, now);
        }
        let is_take_over = |effect: &Effect| matches!(effect, Effect::TakeOver { at_once: true, .. });
        takes |= lease.take_effects().iter().any(is_take_over);
    }
    assert_eq!(takes, expected, "reads at {reads:?}, an answer at {answer_at}");
}

#[test]
fn a_survivor_takes_over_at_once_only_where_no_forgotten_group_can_act() {
    let always: Vec<Micros> = (1..=9).collect();
    check(&always, 8, true);
    check(&always, 10, false);
    // Reads fail from 9 s on; at 12 s the row is there again, as it was before.
    let with_gap: Vec<Micros> = (1..=8).chain([12]).collect();
    check(&with_gap, 11, false);
    let and_on: Vec<Micros> = (1..=8).chain(12..=18).collect();
    check(&and_on, 11, true);
}
