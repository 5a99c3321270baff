//! The message log.

use std::sync::mpsc;

use storage::{LogId, LogRow, LogUsage, Storage, StorageError};

use crate::Ground;
use crate::ground::{SECOND, START};

on_every_database!(
    messages_come_back_in_order_until_they_are_acknowledged,
    an_acknowledgement_right_behind_its_message_leaves_nothing,
    messages_come_in_pages,
    a_message_is_kept_to_the_byte,
    a_message_ends_with_its_time,
    usage_counts_messages_and_bytes,
    thousands_at_once_are_all_written,
    writing_the_same_message_twice_writes_it_once,
    two_messages_with_one_id_are_not_both_accepted,
    a_full_queue_refuses_and_has_room_again_later,
    a_queue_is_full_of_bytes_too,
    callers_may_be_called_back,
    closing_writes_what_waits,
    sweeping_removes_what_is_over,
    an_answer_sorts_behind_what_was_read,
);

async fn append(g: &Ground, rows: &[LogRow]) {
    let waiting: Vec<_> = rows
        .iter()
        .map(|row| g.storage.log().append(row.clone()).unwrap())
        .collect();
    for appended in waiting {
        appended.await.unwrap();
    }
}

async fn messages_come_back_in_order_until_they_are_acknowledged(g: Ground) {
    let juliet = g.account("juliet").await;
    let other = g.account("rosaline").await;
    let rows: Vec<_> = ["one", "two", "three"].map(|text| g.message(juliet, text)).into();
    let others = [g.message(other, "four")];
    append(&g, &[&rows[..], &others].concat()).await;
    assert_eq!(g.unacknowledged(juliet).await, rows);
    g.storage.log().acknowledge(juliet, [rows[1].id, LogId::from_raw(77)]);
    // Only the account itself acknowledges.
    g.storage.log().acknowledge(juliet, [others[0].id]);
    assert_eq!(g.unacknowledged(juliet).await, [rows[0].clone(), rows[2].clone()]);
    assert_eq!(g.unacknowledged(other).await, others);
}

async fn an_acknowledgement_right_behind_its_message_leaves_nothing(g: Ground) {
    let juliet = g.account("juliet").await;
    for _ in 0..20 {
        let row = g.message(juliet, "caught in flight");
        let appended = g.storage.log().append(row.clone()).unwrap();
        tokio::task::yield_now().await;
        g.storage.log().acknowledge(juliet, [row.id]);
        appended.await.unwrap();
    }
    assert_eq!(g.unacknowledged(juliet).await, []);
}

async fn messages_come_in_pages(g: Ground) {
    let juliet = g.account("juliet").await;
    let rows: Vec<_> = (0..7).map(|index| g.message(juliet, &index.to_string())).collect();
    append(&g, &rows).await;
    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let page = g.storage.log().unacknowledged(juliet, after, 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        read.extend(page);
    }
    assert_eq!(read, rows);
}

async fn a_message_is_kept_to_the_byte(g: Ground) {
    let juliet = g.account("juliet").await;
    let every_byte: Vec<u8> = (0..=255).collect();
    let large: Vec<u8> = every_byte.iter().copied().cycle().take(5_000_000).collect();
    let peer = format!("{}🌹@{}", "ö".repeat(500), "x".repeat(1_000));
    let rows = [
        LogRow {
            stanza: every_byte.into(),
            peer,
            ..g.message(juliet, "")
        },
        LogRow {
            stanza: large.into(),
            expires_at: Some(i64::MAX),
            ..g.message(juliet, "")
        },
        LogRow {
            stanza: Vec::new().into(),
            peer: String::new(),
            ..g.message(juliet, "")
        },
    ];
    append(&g, &rows).await;
    assert_eq!(g.unacknowledged(juliet).await, rows);
    let nul = LogRow {
        peer: "a\0b".to_owned(),
        ..g.message(juliet, "")
    };
    assert!(matches!(g.storage.log().append(nul), Err(StorageError::Nul)));
}

async fn a_message_ends_with_its_time(g: Ground) {
    let juliet = g.account("juliet").await;
    let row = LogRow {
        expires_at: Some(START + SECOND),
        ..g.message(juliet, "quick")
    };
    append(&g, std::slice::from_ref(&row)).await;
    g.time.pass(SECOND - 1);
    assert_eq!(g.unacknowledged(juliet).await, [row]);
    g.time.pass(1);
    assert_eq!(g.unacknowledged(juliet).await, []);
}

async fn usage_counts_messages_and_bytes(g: Ground) {
    let juliet = g.account("juliet").await;
    assert_eq!(g.storage.log().usage(juliet).await.unwrap(), LogUsage::default());
    let rows: Vec<_> = [1, 20, 300]
        .map(|size| LogRow {
            stanza: vec![b'x'; size].into(),
            ..g.message(juliet, "")
        })
        .into();
    // Not waited for: what was handed over counts.
    for row in &rows {
        drop(g.storage.log().append(row.clone()).unwrap());
    }
    assert_eq!(
        g.storage.log().usage(juliet).await.unwrap(),
        LogUsage { rows: 3, bytes: 321 }
    );
    g.storage.log().acknowledge(juliet, [rows[1].id]);
    assert_eq!(
        g.storage.log().usage(juliet).await.unwrap(),
        LogUsage { rows: 2, bytes: 301 }
    );
}

async fn thousands_at_once_are_all_written(g: Ground) {
    let juliet = g.account("juliet").await;
    let other = g.account("rosaline").await;
    let rows: Vec<_> = (0..5_003)
        .map(|index| g.message(if index % 2 == 0 { juliet } else { other }, "many"))
        .collect();
    append(&g, &rows).await;
    let of = |account| {
        rows.iter()
            .filter(|row| row.account == account)
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(g.unacknowledged(juliet).await, of(juliet));
    assert_eq!(g.unacknowledged(other).await, of(other));
    g.storage
        .log()
        .acknowledge(juliet, of(juliet).iter().map(|row| row.id).take(1_777));
    assert_eq!(g.unacknowledged(juliet).await, of(juliet)[1_777..]);
    assert_eq!(g.unacknowledged(other).await, of(other));
}

async fn writing_the_same_message_twice_writes_it_once(g: Ground) {
    let juliet = g.account("juliet").await;
    let rows = [g.message(juliet, "one"), g.message(juliet, "two")];
    append(&g, &rows[..1]).await;
    append(&g, &rows).await;
    assert_eq!(g.unacknowledged(juliet).await, rows);
}

async fn two_messages_with_one_id_are_not_both_accepted(g: Ground) {
    let juliet = g.account("juliet").await;
    let first = g.message(juliet, "first");
    append(&g, std::slice::from_ref(&first)).await;
    let (before, behind) = (g.message(juliet, "before"), g.message(juliet, "behind"));
    let clash = LogRow {
        id: first.id,
        ..g.message(juliet, "other")
    };
    let answers = [before.clone(), clash, behind.clone()].map(|row| g.storage.log().append(row).unwrap());
    let mut refused = Vec::new();
    for answer in answers {
        refused.push(matches!(answer.await, Err(StorageError::Conflict(_))));
    }
    assert_eq!(refused, [false, true, false]);
    assert_eq!(g.unacknowledged(juliet).await, [first, before, behind]);
}

async fn a_full_queue_refuses_and_has_room_again_later(g: Ground) {
    let juliet = g.account("juliet").await;
    let small: Storage = g.again(|options| options.log_queue_rows = 3).await;
    // Nothing is awaited in between, so the writer has no chance to run.
    let waiting: Vec<_> = (0..3)
        .map(|_| small.log().append(g.message(juliet, "fits")).unwrap())
        .collect();
    assert!(matches!(
        small.log().append(g.message(juliet, "too many")),
        Err(StorageError::Full)
    ));
    for appended in waiting {
        appended.await.unwrap();
    }
    small
        .log()
        .append(g.message(juliet, "fits again"))
        .unwrap()
        .await
        .unwrap();
    assert_eq!(g.unacknowledged(juliet).await.len(), 4);
}

async fn a_queue_is_full_of_bytes_too(g: Ground) {
    let juliet = g.account("juliet").await;
    let small: Storage = g.again(|options| options.log_queue_bytes = 1_000).await;
    let sized = |size: usize| LogRow {
        stanza: vec![b'x'; size].into(),
        peer: String::new(),
        ..g.message(juliet, "")
    };
    assert!(matches!(small.log().append(sized(1_001)), Err(StorageError::Full)));
    let waiting = small.log().append(sized(600)).unwrap();
    assert!(matches!(small.log().append(sized(401)), Err(StorageError::Full)));
    let last = small.log().append(sized(400)).unwrap();
    waiting.await.unwrap();
    last.await.unwrap();
    small.log().append(sized(1_000)).unwrap().await.unwrap();
    assert_eq!(
        g.storage.log().usage(juliet).await.unwrap(),
        LogUsage { rows: 3, bytes: 2_000 }
    );
}

async fn callers_may_be_called_back(g: Ground) {
    let juliet = g.account("juliet").await;
    let (tell, told) = mpsc::channel();
    for index in 0..3 {
        let tell = tell.clone();
        g.storage
            .log()
            .append_then(g.message(juliet, "x"), move |result| {
                tell.send((index, result)).unwrap();
            })
            .unwrap();
    }
    g.storage.log().flush().await.unwrap();
    let told: Vec<_> = told.try_iter().map(|(index, result)| (index, result.is_ok())).collect();
    assert_eq!(told, [(0, true), (1, true), (2, true)]);
}

async fn closing_writes_what_waits(g: Ground) {
    let juliet = g.account("juliet").await;
    let other = g.again(|_| {}).await;
    let row = g.message(juliet, "last words");
    let appended = other.log().append(row.clone()).unwrap();
    other.close().await.unwrap();
    appended.await.unwrap();
    assert_eq!(g.unacknowledged(juliet).await, [row]);
    assert!(matches!(
        other.log().append(g.message(juliet, "too late")),
        Err(StorageError::Closed)
    ));
    assert!(matches!(other.check().await, Err(StorageError::Closed)));
}

async fn sweeping_removes_what_is_over(g: Ground) {
    let juliet = g.account("juliet").await;
    let gone = g.account("rosaline").await;
    let over = LogRow {
        expires_at: Some(START),
        ..g.message(juliet, "over")
    };
    let kept = [
        LogRow {
            expires_at: Some(START + 1),
            ..g.message(juliet, "not yet")
        },
        g.message(juliet, "never"),
    ];
    append(&g, &[over, kept[0].clone(), kept[1].clone()]).await;
    g.storage.accounts().delete(gone).await.unwrap();
    g.storage.log().flush().await.unwrap();
    // As from another node that had not heard of it.
    append(&g, &[g.message(gone, "orphan")]).await;
    assert_eq!(g.storage.log().sweep().await.unwrap(), 2);
    assert_eq!(g.storage.log().sweep().await.unwrap(), 0);
    assert_eq!(g.unacknowledged(juliet).await, kept);
}

async fn an_answer_sorts_behind_what_was_read(g: Ground) {
    let juliet = g.account("juliet").await;
    let from_a_fast_node = LogRow {
        id: LogId::first_at(START + 60 * SECOND),
        ..g.message(juliet, "early")
    };
    append(&g, std::slice::from_ref(&from_a_fast_node)).await;
    assert!(g.storage.log().next_id() < from_a_fast_node.id);
    assert_eq!(g.unacknowledged(juliet).await, std::slice::from_ref(&from_a_fast_node));
    assert!(g.storage.log().next_id() > from_a_fast_node.id);
}
