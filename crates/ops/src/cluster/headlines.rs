//! What the cluster is doing, as it changes: looked at once for all pages that show it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use super::{Clustering, Headline};

/// Who watches, and the one look that all of them see.
#[derive(Clone, Default)]
pub(super) struct Watched(Arc<Mutex<Option<Headlines>>>);

/// Nothing before the first look.
type Headlines = watch::Sender<Option<Headline>>;

/// How often is looked when nothing says that something has changed: a name may be known later.
const LOOK: Duration = Duration::from_secs(3);

impl Clustering {
    /// What the cluster is doing, as it changes; for everybody, as [`Clustering::headline`]. Nothing before the first
    /// look. All who watch share one look, which ends with the last of them.
    pub fn headlines(&self) -> watch::Receiver<Option<Headline>> {
        let mut watched = self.headlined.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = &*watched {
            return sender.subscribe();
        }
        let (sender, receiver) = watch::channel(None);
        *watched = Some(sender.clone());
        tokio::spawn(self.clone().keep_headlines(sender));
        receiver
    }

    async fn keep_headlines(self, headlines: Headlines) {
        loop {
            // Before the look, so that what changes meanwhile is a change again.
            let changed = self.live.changed();
            let now = Some(self.headline().await);
            headlines.send_if_modified(|before| {
                let is_new = *before != now;
                before.clone_from(&now);
                is_new
            });
            tokio::select! {
                () = headlines.closed() => if self.is_unread() { return },
                () = changed => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Whether nobody watches; then nobody finds this look any more.
    fn is_unread(&self) -> bool {
        let mut watched = self.headlined.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody may have come between.
        let is_unread = watched.as_ref().is_none_or(|sender| sender.receiver_count() == 0);
        if is_unread {
            *watched = None;
        }
        is_unread
    }
}
