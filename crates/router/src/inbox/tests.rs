#![allow(clippy::unwrap_used)]

use protocol::MessageType;

use super::*;

fn delivery(id: &str) -> Delivery {
    Delivery::new(Stanza::message(MessageType::Chat).id(id))
}

fn row(number: i64) -> Delivery {
    Delivery {
        log_id: Some(LogId::from_raw(number)),
        ..delivery(&number.to_string())
    }
}

/// Those that are there by their rows with a dot.
fn ids(waiting: VecDeque<Waiting>) -> Vec<String> {
    let id = |one| match one {
        Waiting::Whole(delivery) => delivery.stanza.id.unwrap().to_string(),
        Waiting::Row(row) => format!(".{}", row.raw()),
    };
    waiting.into_iter().map(id).collect()
}

/// What the session takes, and whether it has to have rows read for more.
fn taken(inbox: &Inbox) -> (Vec<String>, bool) {
    let (mut cx, mut buffer) = (Context::from_waker(Waker::noop()), VecDeque::new());
    let mut taken = VecDeque::new();
    loop {
        match inbox.poll(&mut cx, &mut buffer) {
            Poll::Ready(Found::Stanzas) => taken.extend(buffer.drain(..).map(Waiting::Whole)),
            Poll::Ready(Found::Rows) => return (ids(taken), true),
            Poll::Ready(Found::Close(_)) | Poll::Pending => return (ids(taken), false),
        }
    }
}

fn read(rows: &[i64]) -> HashMap<LogId, Stanza> {
    let stanza = |number: &i64| Stanza::message(MessageType::Chat).id(&number.to_string());
    rows.iter()
        .map(|number| (LogId::from_raw(*number), stanza(number)))
        .collect()
}

#[test]
fn what_finds_it_full_is_read_from_the_log_in_order() {
    let inbox = Inbox::new(2);
    for number in 1..=4 {
        inbox.push(row(number)).unwrap();
    }
    assert_eq!(taken(&inbox), (vec!["1".to_owned(), "2".to_owned()], true));
    // Neither is overtaken.
    inbox.push(delivery("5")).unwrap();
    inbox.push(row(6)).unwrap();
    assert_eq!(inbox.waiting(), 4);
    assert_eq!(taken(&inbox), (vec![], false), "they are being read");
    assert_eq!(inbox.next_rows(3), [3, 4].map(LogId::from_raw));
    inbox.push(row(7)).unwrap();
    inbox.refill(read(&[3, 4]));
    assert_eq!(taken(&inbox), (["3", "4", "5"].map(str::to_owned).to_vec(), true));
    inbox.refill(read(&[6, 7]));
    assert_eq!(taken(&inbox), (["6", "7"].map(str::to_owned).to_vec(), false));
    inbox.push(row(8)).unwrap();
    assert_eq!(taken(&inbox), (vec!["8".to_owned()], false));
}

#[test]
fn nothing_is_lost_where_a_session_ends_or_moves_before_its_rows_are_read() {
    let inbox = Inbox::new(1);
    for number in 1..=3 {
        inbox.push(row(number)).unwrap();
    }
    assert_eq!(taken(&inbox), (vec!["1".to_owned()], true));
    inbox.push(delivery("4")).unwrap();
    assert_eq!(ids(inbox.take()), [".2", ".3", "4"]);
    inbox.refill(read(&[2, 3]));
    inbox.push(row(5)).unwrap();
    inbox.push(row(6)).unwrap();
    assert_eq!(ids(inbox.shut()), ["5", ".6"]);
}

#[test]
fn a_session_that_has_missed_a_row_is_closed() {
    let inbox = Inbox::new(1);
    for number in 1..=3 {
        inbox.push(row(number)).unwrap();
    }
    assert!(taken(&inbox).1);
    inbox.refill(read(&[3]));
    inbox.has_missed();
    assert!(inbox.is_closed());
    assert_eq!(ids(inbox.shut()), [".2", ".3"], "they are given back");
}

#[test]
fn whoever_is_too_far_behind_is_closed() {
    let inbox = Inbox::new(1);
    inbox.push(row(1)).unwrap();
    inbox.push(row(2)).unwrap();
    assert!(matches!(inbox.push(delivery("3")), Err(Refused::Full(_))));
    assert!(inbox.is_closed());

    let inbox = Inbox::new(1);
    let rows_max = i64::try_from(aside::ROWS_MAX).unwrap();
    for number in 0..=rows_max {
        inbox.push(row(number)).unwrap();
    }
    assert!(matches!(inbox.push(row(rows_max + 1)), Err(Refused::Full(_))));
    assert!(inbox.is_closed());
}

#[test]
fn what_is_kept_back_follows_what_was_read_from_the_log() {
    let inbox = Inbox::new(2);
    inbox.push(delivery("1")).unwrap();
    inbox.keep_back();
    inbox.push_from_afar(delivery("3")).unwrap();
    inbox.push(delivery("2")).unwrap();
    inbox.push_from_afar(delivery("4")).unwrap();
    assert_eq!(inbox.waiting(), 4);
    inbox.let_go();
    assert_eq!(ids(inbox.take()), ["1", "2", "3", "4"]);
    inbox.push_from_afar(delivery("5")).unwrap();
    assert_eq!(ids(inbox.shut()), ["5"]);
}

#[test]
fn no_more_is_kept_back_than_an_inbox_holds() {
    let inbox = Inbox::new(2);
    inbox.keep_back();
    for id in ["1", "2"] {
        inbox.push_from_afar(delivery(id)).unwrap();
    }
    inbox.push_from_afar(row(3)).unwrap();
    assert!(matches!(inbox.push_from_afar(delivery("4")), Err(Refused::Full(_))));
    assert!(inbox.is_closed());
    assert_eq!(ids(inbox.shut()), ["1", "2", ".3"]);
}

#[test]
fn what_came_by_way_of_the_old_node_is_first() {
    for is_opened in [true, false] {
        let inbox = Inbox::behind_another(2);
        inbox.push(delivery("3")).unwrap();
        inbox.push_handed(Waiting::Whole(delivery("1"))).unwrap();
        inbox.push_handed(Waiting::Row(LogId::from_raw(2))).unwrap();
        if is_opened {
            inbox.open();
        }
        assert_eq!(ids(inbox.shut()), ["1", ".2", "3"]);
        assert!(inbox.push_handed(Waiting::Whole(delivery("4"))).is_err());
    }
}
