use super::*;

#[derive(Serialize, Deserialize)]
struct Add(u32, u32);

impl Task for Add {
    const NAME: &'static str = "test.add";
    type Answer = u32;
}

#[derive(Serialize, Deserialize)]
struct Unheard;

impl Task for Unheard {
    const NAME: &'static str = "test.unheard";
    type Answer = ();
}

async fn alone<T: Task>(tasks: &Tasks, whom: Whom, task: T) -> Vec<(NodeId, Result<T::Answer, TaskError>)> {
    tasks.run(None, NodeId(5), whom, &task, Duration::from_secs(1)).await
}

#[tokio::test]
async fn a_server_that_is_alone_does_everything_itself() {
    tokio::time::pause();
    let tasks = Tasks::new();
    tasks.register(|from, Add(a, b): Add| async move {
        assert_eq!(from, NodeId(5));
        match b {
            0 => Err("nothing to add".to_owned()),
            1 => std::future::pending().await,
            2 => panic!("on purpose"),
            _ => Ok(a + b),
        }
    });
    let me = NodeId(5);
    let failed = |why: &str| Err(TaskError::Failed(why.to_owned()));
    assert_eq!(alone(&tasks, Whom::All, Add(4, 5)).await, [(me, Ok(9))]);
    assert_eq!(alone(&tasks, Whom::Others, Add(4, 5)).await, []);
    assert_eq!(
        alone(&tasks, Whom::All, Add(4, 0)).await,
        [(me, failed("nothing to add"))]
    );
    assert_eq!(
        alone(&tasks, Whom::All, Add(4, 1)).await,
        [(me, Err(TaskError::Timeout))]
    );
    assert_eq!(
        alone(&tasks, Whom::All, Add(4, 2)).await,
        [(me, failed("it panicked over it"))]
    );
    let both = Whom::These(vec![NodeId(6), me]);
    let gone = (NodeId(6), Err(TaskError::Gone));
    assert_eq!(alone(&tasks, both, Add(4, 5)).await, [(me, Ok(9)), gone]);
    assert_eq!(alone(&tasks, Whom::All, Unheard).await, [(me, Err(TaskError::Unknown))]);
}
