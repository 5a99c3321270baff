//! Who is told what, and in which order.

use cluster::Event;

use crate::nodes::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listeners_hear_of_joining_seniors_deaths_and_leaving() {
    let mut world = World::apart(2).await;
    let mut heard = world.nodes[0].events();
    world.switch(true).await;
    let (me, other) = (world.nodes[0].id(), world.nodes[1].id());
    let is_own_joining = Event::JoinedCluster {
        node: me,
        is_self: true,
    };
    assert_eq!(heard.recv().await, Some(is_own_joining), "the first of all");
    let others = [Event::JoinedCluster {
        node: other,
        is_self: false,
    }];
    let senior = world.nodes[world.senior()].id();
    let marked = Event::MarkedSenior {
        node: senior,
        is_self: senior == me,
    };
    let mut next = vec![heard.recv().await.unwrap(), heard.recv().await.unwrap()];
    for event in [others[0], marked] {
        let place = next.iter().position(|heard| *heard == event);
        next.remove(place.unwrap_or_else(|| panic!("{event:?} is not in {next:?}")));
    }
    world.kill(1);
    let gone = Event::LeftCluster {
        node: other,
        is_self: false,
    };
    assert_eq!(heard.recv().await, Some(gone));
    if senior == other {
        let marked = Event::MarkedSenior {
            node: me,
            is_self: true,
        };
        assert_eq!(heard.recv().await, Some(marked));
    }
    // Whoever comes late hears what is so.
    let mut late = world.nodes[0].events();
    assert_eq!(late.recv().await, Some(is_own_joining));
    world.switch(false).await;
    let left = Event::LeftCluster {
        node: me,
        is_self: true,
    };
    assert_eq!(heard.recv().await, Some(left));
}
