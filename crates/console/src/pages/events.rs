//! `/cluster/events`: the clustering page, again whenever it changes. However many pages are open, the
//! cluster is looked at once for all of them.

use std::sync::Arc;

use axum::response::Response;
use ops::Picture;
use tokio::sync::watch;

use crate::{
    live::{self, News, Source},
    pages::cluster::View,
    visit::Visit,
};

/// One browser's page, as it was last sent.
struct Page {
    pictures: watch::Receiver<Option<Arc<Picture>>>,
    view: String,
}

pub(crate) async fn stream(visit: Visit) -> Response {
    match visit.acts().clustering.watch(visit.actor()) {
        Ok(pictures) => live::stream(
            visit,
            Page {
                pictures,
                view: String::new(),
            },
        ),
        Err(error) => visit.refuse(&error).await,
    }
}

impl Source for Page {
    async fn changed(&mut self) -> bool {
        self.pictures.changed().await.is_ok()
    }

    async fn look(&mut self, visit: &Visit, news: &mut News) {
        let Some(picture) = self.pictures.borrow_and_update().clone() else {
            return;
        };
        news.put("cluster", &View::of(&picture, visit), &mut self.view);
    }
}
