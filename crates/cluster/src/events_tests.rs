use super::*;

fn node(is_self: bool, number: u64) -> (NodeId, bool) {
    (NodeId(number), is_self)
}

fn joined((node, is_self): (NodeId, bool)) -> Event {
    Event::JoinedCluster { node, is_self }
}

fn left((node, is_self): (NodeId, bool)) -> Event {
    Event::LeftCluster { node, is_self }
}

fn senior((node, is_self): (NodeId, bool)) -> Event {
    Event::MarkedSenior { node, is_self }
}

fn listen(events: &Events, name: &'static str) -> mpsc::UnboundedReceiver<Event> {
    let (heard, hears) = mpsc::unbounded_channel();
    events.subscribe(name, move |event| {
        let heard = heard.clone();
        async move { heard.send(event).map_err(|_| "nobody listens".to_owned()) }
    });
    hears
}

async fn hears(heard: &mut mpsc::UnboundedReceiver<Event>, expected: &[Event]) {
    for event in expected {
        assert_eq!(heard.recv().await, Some(*event));
    }
}

#[tokio::test]
async fn everything_is_told_once_and_in_order() {
    let events = Events::start();
    let mut heard = listen(&events, "first");
    let members = |numbers: &[u64]| numbers.iter().map(|number| NodeId(*number)).collect::<Vec<_>>();
    // Out of the cluster its members are nobody's business.
    events.members(members(&[7]));
    events.senior(Some(NodeId(7)));
    events.entered(NodeId(2), members(&[1, 2]));
    events.senior(Some(NodeId(1)));
    events.senior(Some(NodeId(1)));
    events.members(members(&[1, 2, 3]));
    let mut late = listen(&events, "late");
    events.members(members(&[2, 3]));
    events.senior(None);
    events.senior(Some(NodeId(2)));
    events.left();
    events.left();
    let before = [
        joined(node(true, 2)),
        joined(node(false, 1)),
        senior(node(false, 1)),
        joined(node(false, 3)),
    ];
    let missed = [
        joined(node(true, 2)),
        joined(node(false, 1)),
        joined(node(false, 3)),
        senior(node(false, 1)),
    ];
    let after = [left(node(false, 1)), senior(node(true, 2)), left(node(true, 2))];
    hears(&mut heard, &[&before[..], &after].concat()).await;
    hears(&mut late, &[&missed[..], &after].concat()).await;
    events.entered(NodeId(9), members(&[9]));
    hears(&mut heard, &[joined(node(true, 9))]).await;
    hears(&mut late, &[joined(node(true, 9))]).await;
}

#[tokio::test]
async fn a_listener_that_fails_panics_or_hangs_does_not_stop_the_next() {
    tokio::time::pause();
    let events = Events::start();
    events.subscribe("fails", |_| std::future::ready(Err("on purpose".to_owned())));
    events.subscribe("panics", |_| async { panic!("on purpose") });
    events.subscribe("panics at once", |event| {
        assert!(matches!(event, Event::MarkedSenior { .. }), "on purpose");
        std::future::ready(Ok(()))
    });
    events.subscribe("hangs", |_| std::future::pending());
    let mut heard = listen(&events, "listens");
    events.entered(NodeId(1), [NodeId(1)]);
    events.left();
    hears(&mut heard, &[joined(node(true, 1)), left(node(true, 1))]).await;
}
