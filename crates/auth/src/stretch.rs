//! PBKDF2, away from the tasks that serve clients: it takes milliseconds of a core, on purpose.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use protocol::sasl::scram::{DerivedKeys, Hash};
use tokio::sync::Semaphore;

/// Stretches passwords, as many at a time as there are cores, with a bounded queue before them: a flood of PLAIN
/// logins slows PLAIN logins, nothing else.
pub(crate) struct Stretcher {
    cores: Semaphore,
    waiting: AtomicUsize,
}

/// Too many passwords are waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy;

/// What to stretch.
pub(crate) struct Recipe {
    pub(crate) hash: Hash,
    pub(crate) salt: Vec<u8>,
    pub(crate) iterations: u32,
}

impl Stretcher {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cores: Semaphore::new(cores),
            waiting: AtomicUsize::new(0),
        }
    }

    /// The keys of a prepared password, one for each recipe. At most `queue` callers wait.
    pub(crate) async fn stretch(
        &self,
        password: &str,
        recipes: Vec<Recipe>,
        queue: usize,
    ) -> Result<Vec<DerivedKeys>, Busy> {
        let place = Place::take(&self.waiting, queue + self.cores.available_permits()).ok_or(Busy)?;
        let core = self.cores.acquire().await.expect("the semaphore is never closed");
        drop(place);
        let password: Arc<str> = password.into();
        let work = move || recipes.iter().map(|recipe| recipe.stretch(&password)).collect();
        let keys = tokio::task::spawn_blocking(work)
            .await
            .expect("stretching does not panic");
        drop(core);
        Ok(keys)
    }
}

impl Recipe {
    fn stretch(&self, password: &str) -> DerivedKeys {
        DerivedKeys::from_password(self.hash, password, &self.salt, self.iterations)
    }
}

/// A place in the queue, given back when dropped: by whoever gives up waiting, too.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, limit: usize) -> Option<Self> {
        let place = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < limit).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(iterations: u32) -> Vec<Recipe> {
        vec![Recipe {
            hash: Hash::Sha256,
            salt: b"salt".to_vec(),
            iterations,
        }]
    }

    #[tokio::test]
    async fn more_than_the_queue_holds_are_turned_away_and_the_rest_served() {
        const QUEUE: usize = 2;
        let stretcher = Arc::new(Stretcher::new());
        let cores = u32::try_from(stretcher.cores.available_permits()).expect("there are few cores");
        let busy = stretcher.cores.acquire_many(cores).await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..5 {
            let stretcher = Arc::clone(&stretcher);
            tasks.spawn(async move { stretcher.stretch("pencil", recipe(1), QUEUE).await.is_ok() });
        }
        tokio::task::yield_now().await;
        drop(busy);
        let served = tasks
            .join_all()
            .await
            .into_iter()
            .filter(|is_served| *is_served)
            .count();
        assert_eq!(served, QUEUE);
        assert!(
            stretcher.stretch("pencil", recipe(1), QUEUE).await.is_ok(),
            "the queue is empty again"
        );
    }
}
