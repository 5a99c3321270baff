//! `/banner/events`: the banner of a page that has no other stream of changes.

use axum::response::Response;

use crate::{
    live::{self, News, Source},
    visit::Visit,
};

/// A page of which nothing but the banner changes.
struct Still;

pub(crate) async fn events(visit: Visit) -> Response {
    live::stream_banner(visit, Still)
}

impl Source for Still {
    async fn changed(&mut self) -> bool {
        std::future::pending().await
    }

    async fn look(&mut self, _: &Visit, _: &mut News) {}
}
