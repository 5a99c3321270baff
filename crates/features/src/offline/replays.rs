//! One replay at a time for each session: several side by side would fill its inbox with what waits, and close it.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

/// The sessions that are being sent what waits, by their generations; whether there is a reason to look once more.
#[derive(Debug, Clone, Default)]
pub(super) struct Replays(Arc<Mutex<HashMap<u64, bool>>>);

/// One replay. It is over when this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    replays: Replays,
    generation: u64,
    is_over: bool,
}

impl Replays {
    /// Begins a replay. Where one is under way, that one looks once more when it is done.
    pub(super) fn begin(&self, generation: u64) -> Option<Running> {
        let mut running = self.0.lock();
        if let Some(once_more) = running.get_mut(&generation) {
            *once_more = true;
            return None;
        }
        running.insert(generation, false);
        Some(Running {
            replays: self.clone(),
            generation,
            is_over: false,
        })
    }
}

impl Running {
    /// Nothing more was found; the replay itself, where somebody asked meanwhile to look once more.
    pub(super) fn unless_done(mut self) -> Option<Self> {
        let mut running = self.replays.0.lock();
        let once_more = running.get_mut(&self.generation).is_some_and(std::mem::take);
        if !once_more {
            // Under the lock, so that nobody relies on a replay that has ended.
            running.remove(&self.generation);
            self.is_over = true;
        }
        drop(running);
        once_more.then_some(self)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_over {
            self.replays.0.lock().remove(&self.generation);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_runs_and_those_who_come_meanwhile_are_not_forgotten() {
        let replays = Replays::default();
        let running = replays.begin(7).unwrap();
        assert!(replays.begin(8).is_some(), "another session");
        assert!(replays.begin(7).is_none() && replays.begin(7).is_none());
        let running = running.unless_done().unwrap();
        assert!(running.unless_done().is_none());
        let running = replays.begin(7).unwrap();
        drop(running);
        assert!(replays.begin(7).is_some());
    }
}
