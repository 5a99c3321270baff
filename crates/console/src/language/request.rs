//! Which language a request is answered in.

use std::future::Future;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, header::ACCEPT_LANGUAGE},
    middleware::Next,
    response::Response,
};

use super::{LANGUAGES, Language};
use crate::{Channel, Console, cookies::Cookie};

/// What a task speaks, and which page it makes.
#[derive(Clone)]
struct Speech {
    language: &'static Language,
    /// Where whoever chooses another language comes back to.
    back: String,
}

tokio::task_local! {
    static SPEECH: Speech;
}

/// How long a browser keeps a choice, in seconds: a year.
const KEPT_SECS: u32 = 31_536_000;

/// Answers in the language that was chosen in this browser, or that it asks for.
pub(crate) async fn speak(State(console): State<Console>, request: Request, next: Next) -> Response {
    let place = request
        .uri()
        .path_and_query()
        .filter(|_| request.method() == Method::GET);
    let speech = Speech {
        language: of(request.headers(), console.channel),
        // The answer to a form is no page that can be asked for again.
        back: place.map_or("/", |place| place.as_str()).to_owned(),
    };
    SPEECH.scope(speech, next.run(request)).await
}

/// The language of this task; the first one where none was found out.
pub(crate) fn here() -> &'static Language {
    SPEECH.try_with(|speech| speech.language).unwrap_or(LANGUAGES[0])
}

/// The page that this task makes, as its address has it.
pub(crate) fn back() -> String {
    SPEECH
        .try_with(|speech| speech.back.clone())
        .unwrap_or_else(|_| "/".to_owned())
}

/// Has a part of the work that is another task, or goes on after the answer, speak this language.
pub(crate) async fn with<T>(language: &'static Language, work: impl Future<Output = T>) -> T {
    let back = back();
    SPEECH.scope(Speech { language, back }, work).await
}

/// For `Set-Cookie`, where there is such a language.
pub(crate) fn choose(tag: &str, channel: Channel) -> Option<HeaderValue> {
    let value = format!("{}; Max-Age={KEPT_SECS}", Language::find(tag)?.tag);
    Cookie::Language.set(&value, channel)
}

fn of(headers: &HeaderMap, channel: Channel) -> &'static Language {
    let chosen = Cookie::Language.read(headers, channel).and_then(Language::find);
    let asked = || {
        let wanted = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
        // The first of ours, in the order of the browser, which lists what its user likes best first (RFC 9110 §12.5.4).
        wanted.split(',').find_map(|range| Language::find(primary(range)))
    };
    chosen.or_else(asked).unwrap_or(LANGUAGES[0])
}

/// `de` of ` de-CH;q=0.8`.
fn primary(range: &str) -> &str {
    let tag = range.split(';').next().unwrap_or_default().trim();
    tag.split('-').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cookie: &'static str, accept: &'static str, expected: &str) {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", HeaderValue::from_static(cookie));
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(accept));
        assert_eq!(of(&headers, Channel::Plain).tag, expected, "{cookie} {accept}");
    }

    #[test]
    fn a_language_that_was_chosen_comes_before_one_that_the_browser_asks_for() {
        check("", "", "en");
        check("", "de-CH,de;q=0.9,en;q=0.8", "de");
        check("", "fr,de;q=0.5", "de");
        check("", "fr", "en");
        check("hearth-console-language=en", "de", "en");
        check("hearth-console-language=de", "en", "de");
        check("hearth-console-language=xx", "de", "de");
    }
}
