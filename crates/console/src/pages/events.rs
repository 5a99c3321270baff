//! `/cluster/events`: the clustering page and the banner, again whenever they change.

use std::{convert::Infallible, time::Duration};

use askama::Template;
use axum::{
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;

use crate::{frame::Banner, pages::cluster::View, refusal::Bare, visit::Visit};

/// How often is looked, when nothing says that something has changed: for counts, and for what only the database knows.
const LOOK: Duration = Duration::from_millis(700);
/// How long a browser waits before it comes again.
const AGAIN: Duration = Duration::from_secs(1);
/// A comment now and then, so that nobody in between takes the connection for dead.
const ALIVE: Duration = Duration::from_secs(15);
/// Whether the login still holds is asked this often, in looks.
const LOOKS_BETWEEN_CHECKS: u32 = 8;

#[derive(Template)]
#[template(path = "banner.html")]
struct BannerPage<'a> {
    banner: &'a Banner,
}

/// One browser's page, as it was last sent.
struct Live {
    visit: Visit,
    view: String,
    banner: String,
    looks: u32,
    waiting: Vec<Event>,
    _place: OwnedSemaphorePermit,
}

pub(crate) async fn stream(visit: Visit) -> Response {
    let Ok(place) = visit.console.live.clone().try_acquire_owned() else {
        return Bare(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many pages are kept up to date already; reload this one by hand.",
        )
        .into_response();
    };
    let live = Live {
        visit,
        view: String::new(),
        banner: String::new(),
        looks: 0,
        waiting: vec![Event::default().retry(AGAIN)],
        _place: place,
    };
    let events = stream::unfold(live, |mut live| async move {
        let event = live.next().await?;
        Some((Ok::<_, Infallible>(event), live))
    });
    Sse::new(events)
        .keep_alive(KeepAlive::new().interval(ALIVE))
        .into_response()
}

impl Live {
    /// The next thing to send; none at the end: the server stops, or the login is over.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop() {
                return Some(event);
            }
            if self.looks > 0 {
                self.wait().await?;
            }
            self.looks += 1;
            if self.looks.is_multiple_of(LOOKS_BETWEEN_CHECKS) && !self.is_logged_in().await {
                return None;
            }
            self.look().await;
        }
    }

    async fn wait(&self) -> Option<()> {
        let clustering = &self.visit.acts().clustering;
        tokio::select! {
            () = self.visit.console.stop.cancelled() => None,
            () = clustering.changed() => Some(()),
            () = tokio::time::sleep(LOOK) => Some(()),
        }
    }

    async fn is_logged_in(&self) -> bool {
        let (actor, token) = (self.visit.actor(), &self.visit.visitor.token);
        let Some(address) = actor.address() else { return false };
        let found = self.visit.acts().logins.find(token, address, false).await;
        // A database that does not answer logs nobody out.
        found.map_or(true, |found| found.is_some_and(|login| login.actor == *actor))
    }

    async fn look(&mut self) {
        let headline = self.visit.acts().clustering.headline().await;
        let banner = BannerPage {
            banner: &Banner::of(&headline),
        };
        if let Some(html) = news(&banner, &mut self.banner) {
            self.waiting.push(Event::default().event("banner").data(html));
        }
        let Ok(view) = View::of(&self.visit).await else { return };
        if let Some(html) = news(&view, &mut self.view) {
            self.waiting.push(Event::default().event("cluster").data(html));
        }
    }
}

/// The page, if it is another one than before.
fn news(page: &impl Template, before: &mut String) -> Option<String> {
    // A carriage return would end a line of the stream.
    let html = page.render().ok()?.replace('\r', " ");
    if html == *before {
        return None;
    }
    before.clone_from(&html);
    Some(html)
}
