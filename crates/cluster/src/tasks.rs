//! Typed requests to one, some or all nodes. Each node has its result: a value, an error, or none in time.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt, join};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::engine::Asked;
use crate::{Membership, NodeId, kind};

/// Something that a node can be asked to do.
pub trait Task: Serialize + DeserializeOwned + Send + 'static {
    /// Its name on the wire: never given to another one.
    const NAME: &'static str;
    /// What comes of it.
    type Answer: Serialize + DeserializeOwned + Send;
}

/// Who is to do a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// All members, this server among them; this server where it is in no cluster.
    All,
    /// All members but this server.
    Others,
    /// These.
    These(Vec<NodeId>),
}

/// Why a node has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// It did not answer in time, and may do it yet.
    #[error("it did not answer in time")]
    Timeout,
    /// It is no member, or none any more.
    #[error("it is no member of the cluster")]
    Gone,
    /// It is of a version that does not know the task, or knows it otherwise.
    #[error("it does not know how to do this")]
    Unknown,
    /// It could not do it.
    #[error("{0}")]
    Failed(String),
}

/// What this server does when it is asked to. Clones are the same.
#[derive(Clone)]
pub struct Tasks {
    handlers: Arc<Mutex<HashMap<&'static str, Handler>>>,
    runtime: Handle,
}

type Handler = Arc<dyn Fn(NodeId, Bytes) -> BoxFuture<'static, Answer> + Send + Sync>;
type Answer = Result<Bytes, Refusal>;

/// A request on the wire.
#[derive(Serialize, Deserialize)]
struct Request<'a> {
    name: &'a str,
    task: Bytes,
}

/// Written to links: append, never reorder.
#[derive(Serialize, Deserialize)]
enum Refusal {
    Unknown,
    Failed(String),
}

impl Tasks {
    /// None yet. What is asked for is done in the runtime that this is called in.
    #[must_use]
    pub fn new() -> Self {
        Self {
            handlers: Arc::default(),
            runtime: Handle::current(),
        }
    }

    /// Has a task done in this way; the node is who asks.
    ///
    /// # Panics
    /// Where there is a way already.
    pub fn register<T, F>(&self, work: impl Fn(NodeId, T) -> F + Send + Sync + 'static)
    where
        T: Task,
        F: Future<Output = Result<T::Answer, String>> + Send + 'static,
    {
        let handler = move |from, body: Bytes| match postcard::from_bytes::<T>(&body) {
            Ok(task) => {
                let working = work(from, task);
                async move { working.await.map(|answer| bytes(&answer)).map_err(Refusal::Failed) }.boxed()
            }
            Err(_) => std::future::ready(Err(Refusal::Unknown)).boxed(),
        };
        let before = self.handlers.lock().insert(T::NAME, Arc::new(handler));
        assert!(before.is_none(), "there are two ways of doing {}", T::NAME);
    }

    /// Another node asks.
    pub(crate) async fn answer(&self, from: NodeId, body: Bytes) -> Option<Bytes> {
        let request: Request<'_> = postcard::from_bytes(&body).ok()?;
        let answer = self.work(from, request.name, request.task.clone()).await;
        Some(bytes(&answer))
    }

    async fn work(&self, from: NodeId, name: &str, task: Bytes) -> Answer {
        let handler = self.handlers.lock().get(name).cloned();
        let handler = handler.ok_or(Refusal::Unknown)?;
        // In a task of its own, so that it can fail by itself.
        let working = self.runtime.spawn(async move { handler(from, task).await });
        working
            .await
            .unwrap_or_else(|_| Err(Refusal::Failed("it panicked over it".to_owned())))
    }

    /// Has a task done by nodes.
    pub(crate) async fn run<T: Task>(
        &self,
        membership: Option<Arc<Membership>>,
        me: NodeId,
        whom: Whom,
        task: &T,
        patience: Duration,
    ) -> Vec<(NodeId, Result<T::Answer, TaskError>)> {
        let me = membership.as_ref().map_or(me, |membership| membership.me());
        let others = || {
            membership
                .as_ref()
                .map_or_else(Vec::new, |membership| membership.others())
        };
        let (others, is_mine) = match whom {
            Whom::All => (others(), true),
            Whom::Others => (others(), false),
            Whom::These(nodes) => {
                let others = nodes.iter().copied().filter(|node| *node != me);
                (others.collect(), nodes.contains(&me))
            }
        };
        let body = bytes(task);
        let (mine, theirs) = join(
            async {
                let working = is_mine.then(|| timeout(patience, self.work(me, T::NAME, body.clone())))?;
                Some((me, working.await.map_or(Err(TaskError::Timeout), result::<T>)))
            },
            ask::<T>(membership.as_deref(), others, &body, patience),
        )
        .await;
        mine.into_iter().chain(theirs).collect()
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

async fn ask<T: Task>(
    membership: Option<&Membership>,
    nodes: Vec<NodeId>,
    task: &Bytes,
    patience: Duration,
) -> Vec<(NodeId, Result<T::Answer, TaskError>)> {
    let Some(membership) = membership else {
        return nodes.into_iter().map(|node| (node, Err(TaskError::Gone))).collect();
    };
    let request = bytes(&Request {
        name: T::NAME,
        task: task.clone(),
    });
    let asked = membership.call(kind::TASK, nodes, request, patience).await;
    asked
        .into_iter()
        .map(|(node, asked)| {
            let answer = match asked {
                Asked::Answered(body) => postcard::from_bytes(&body).map_or(Err(TaskError::Unknown), result::<T>),
                Asked::Gone => Err(TaskError::Gone),
                Asked::TooLate => Err(TaskError::Timeout),
            };
            (node, answer)
        })
        .collect()
}

fn result<T: Task>(answer: Answer) -> Result<T::Answer, TaskError> {
    match answer {
        Ok(body) => postcard::from_bytes(&body).map_err(|_| TaskError::Unknown),
        Err(Refusal::Unknown) => Err(TaskError::Unknown),
        Err(Refusal::Failed(why)) => Err(TaskError::Failed(why)),
    }
}

fn bytes(value: &impl Serialize) -> Bytes {
    postcard::to_allocvec(value)
        .expect("plain data has a form in bytes")
        .into()
}

#[cfg(test)]
#[path = "tasks_tests.rs"]
mod tests;
