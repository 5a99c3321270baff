//! One node has others do something.

use std::time::Duration;

use cluster::{NodeId, Task, TaskError, Whom};
use serde::{Deserialize, Serialize};

use crate::nodes::World;

/// Who are you? Some know, one does not, and one never says.
#[derive(Serialize, Deserialize)]
struct Who(String);

impl Task for Who {
    const NAME: &'static str = "test.who";
    type Answer = String;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_node_has_its_own_result() {
    let mut world = World::together(4).await;
    for number in 0..3 {
        world.nodes[number]
            .tasks
            .register(move |from, Who(name): Who| async move {
                match number {
                    1 => Err(format!("{name} is none of the business of {from}")),
                    2 => std::future::pending().await,
                    _ => Ok(format!("{name} {number}")),
                }
            });
    }
    let asking = &world.nodes[0];
    let patience = Some(Duration::from_millis(500));
    let who = Who("node".to_owned());
    let mut results = asking.cluster().ask(Whom::All, &who, patience).await;
    results.push((NodeId(u64::MAX), Err(TaskError::Gone)));
    results.sort_by_key(|(node, _)| *node);
    let failed = TaskError::Failed(format!("node is none of the business of {}", asking.id()));
    let mut expected = vec![
        (asking.id(), Ok("node 0".to_owned())),
        (world.nodes[1].id(), Err(failed)),
        (world.nodes[2].id(), Err(TaskError::Timeout)),
        (world.nodes[3].id(), Err(TaskError::Unknown)),
        (NodeId(u64::MAX), Err(TaskError::Gone)),
    ];
    expected.sort_by_key(|(node, _)| *node);
    assert_eq!(results, expected);

    let nobody = Whom::These(vec![NodeId(u64::MAX)]);
    let results = asking.cluster().ask(nobody, &who, None).await;
    assert_eq!(results, [(NodeId(u64::MAX), Err(TaskError::Gone))]);
    assert_eq!(asking.cluster().ask(Whom::Others, &who, patience).await.len(), 3);
    let gone = world.nodes[3].id();
    world.kill(3);
    let results = world.nodes[0].cluster().ask(Whom::These(vec![gone]), &who, None).await;
    assert_eq!(results, [(gone, Err(TaskError::Gone))], "known before its time is over");
}
