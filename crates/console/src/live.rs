//! Pages that keep themselves up to date: a stream of events, each the new content of a place on the page.

use std::{convert::Infallible, sync::Arc, time::Duration};

use askama::Template;
use axum::{
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use ops::Headline;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::Instant,
};

use crate::{
    frame::Banner,
    language::{self, t},
    refusal::Bare,
    visit::Visit,
};

/// How long a browser waits before it comes again.
const AGAIN: Duration = Duration::from_secs(1);
/// A comment now and then, so that nobody in between takes the connection for dead.
const ALIVE: Duration = Duration::from_secs(15);
/// Whether the login still holds is asked this often.
const CHECK: Duration = Duration::from_secs(5);

/// What a page shows that changes.
pub(crate) trait Source: Send + Sync + 'static {
    /// Ends when it is worth looking again; `false`: never more.
    fn changed(&mut self) -> impl Future<Output = bool> + Send;

    /// Looks, and puts what is new.
    fn look(&mut self, visit: &Visit, news: &mut News) -> impl Future<Output = ()> + Send;
}

/// What is to be sent.
#[derive(Default)]
pub(crate) struct News(Vec<Event>);

impl News {
    /// Puts a page in the place of this name, if it is another one than before.
    pub(crate) fn put(&mut self, place: &'static str, page: &impl Template, before: &mut String) {
        let Ok(html) = page.render() else { return };
        // A carriage return would end a line of the stream.
        let html = html.replace('\r', " ");
        if html != *before {
            before.clone_from(&html);
            self.0.insert(0, Event::default().event(place).data(html));
        }
    }

    /// Adds to the place of this name.
    pub(crate) fn add(&mut self, place: &'static str, page: &impl Template) {
        if let Ok(html) = page.render() {
            self.0
                .insert(0, Event::default().event(place).data(html.replace('\r', " ")));
        }
    }
}

struct Live<S> {
    visit: Visit,
    source: S,
    checked_at: Instant,
    has_looked: bool,
    news: News,
    headlines: watch::Receiver<Option<Headline>>,
    /// The banner as it was last sent.
    banner: String,
    _place: OwnedSemaphorePermit,
}

/// Why it is worth looking again.
enum Woken {
    /// Never more.
    Over,
    BySource,
    ByBanner,
}

#[derive(Template)]
#[template(path = "banner.html")]
struct BannerPage<'a> {
    banner: &'a Banner,
}

/// Sends what a source has, and the banner, until the server stops, the login is over, or the source is.
pub(crate) fn stream(visit: Visit, source: impl Source) -> Response {
    let places = Arc::clone(&visit.console.live);
    stream_by(visit, source, &places)
}

/// The same for a page that shows nothing else that changes: those are many, and take no place from others.
pub(crate) fn stream_banner(visit: Visit, source: impl Source) -> Response {
    let places = Arc::clone(&visit.console.banners);
    stream_by(visit, source, &places)
}

fn stream_by(visit: Visit, source: impl Source, places: &Arc<Semaphore>) -> Response {
    let Ok(place) = Arc::clone(places).try_acquire_owned() else {
        return Bare(
            StatusCode::SERVICE_UNAVAILABLE,
            t("Too many pages are kept up to date already; reload this one by hand."),
        )
        .into_response();
    };
    let live = Live {
        headlines: visit.acts().clustering.headlines(),
        banner: String::new(),
        visit,
        source,
        checked_at: Instant::now(),
        has_looked: false,
        news: News(vec![Event::default().retry(AGAIN)]),
        _place: place,
    };
    let language = language::here();
    let events = stream::unfold(live, move |mut live| {
        language::with(language, async move {
            let event = live.next().await?;
            Some((Ok::<_, Infallible>(event), live))
        })
    });
    Sse::new(events)
        .keep_alive(KeepAlive::new().interval(ALIVE))
        .into_response()
}

impl<S: Source> Live<S> {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.news.0.pop() {
                return Some(event);
            }
            let woken = match self.has_looked {
                true => self.wait().await,
                false => Woken::BySource,
            };
            match woken {
                Woken::Over => return None,
                Woken::BySource => {
                    self.has_looked = true;
                    self.source.look(&self.visit, &mut self.news).await;
                }
                Woken::ByBanner => {}
            }
            self.look_at_banner();
        }
    }

    fn look_at_banner(&mut self) {
        let headline = self.headlines.borrow_and_update().clone();
        if let Some(headline) = headline {
            let banner = Banner::of(&headline);
            self.news
                .put("banner", &BannerPage { banner: &banner }, &mut self.banner);
        }
    }

    /// Until it is worth looking again.
    async fn wait(&mut self) -> Woken {
        loop {
            let check = tokio::time::sleep_until(self.checked_at + CHECK);
            tokio::select! {
                biased;
                () = self.visit.console.stop.cancelled() => return Woken::Over,
                () = check => {}
                Ok(()) = self.headlines.changed() => return Woken::ByBanner,
                goes_on = self.source.changed() => return if goes_on { Woken::BySource } else { Woken::Over },
            }
            if !self.is_logged_in().await {
                return Woken::Over;
            }
            self.checked_at = Instant::now();
        }
    }

    async fn is_logged_in(&self) -> bool {
        let (actor, token) = (self.visit.actor(), &self.visit.visitor.token);
        let Some(address) = actor.address() else { return false };
        let found = self.visit.acts().logins.find(token, address, false).await;
        // A database that does not answer logs nobody out.
        found.map_or(true, |found| found.is_some_and(|login| login.actor == *actor))
    }
}
