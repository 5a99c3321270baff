//! What set-up and the login say, in the languages there are. A text that one of them lacks does not compile. Errors, and
//! the pages behind the login, are English.

mod de;
mod en;

use axum::http::{HeaderMap, HeaderValue, header::ACCEPT_LANGUAGE};

use crate::{Channel, cookies::Cookie};

/// The texts of a language.
pub(crate) struct Language {
    /// Its tag (RFC 5646).
    pub(crate) tag: &'static str,
    /// Its own name.
    pub(crate) name: &'static str,
    pub(crate) log_in: &'static str,
    pub(crate) not_logged_in: &'static str,
    pub(crate) address: &'static str,
    pub(crate) password: &'static str,
    pub(crate) password_again: &'static str,
    pub(crate) one_more_step: &'static str,
    pub(crate) code: &'static str,
    pub(crate) code_hint: &'static str,
    pub(crate) begin_again: &'static str,
    pub(crate) set_up: &'static str,
    pub(crate) step: &'static str,
    pub(crate) of: &'static str,
    pub(crate) go_on: &'static str,
    pub(crate) back: &'static str,
    pub(crate) not_done: &'static str,
    pub(crate) welcome: &'static str,
    pub(crate) welcome_text: &'static str,
    pub(crate) language: &'static str,
    pub(crate) token: &'static str,
    pub(crate) token_hint: &'static str,
    pub(crate) domain: &'static str,
    pub(crate) domain_text: &'static str,
    pub(crate) domain_hint: &'static str,
    pub(crate) domain_fixed: &'static str,
    pub(crate) check: &'static str,
    pub(crate) findings: &'static str,
    pub(crate) findings_text: &'static str,
    pub(crate) database: &'static str,
    pub(crate) database_text: &'static str,
    pub(crate) database_clustering: &'static str,
    pub(crate) database_fixed: &'static str,
    pub(crate) database_now: &'static str,
    pub(crate) keep: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) server: &'static str,
    pub(crate) server_hint: &'static str,
    pub(crate) database_name: &'static str,
    pub(crate) user: &'static str,
    pub(crate) try_it: &'static str,
    pub(crate) restarting: &'static str,
    pub(crate) restarting_text: &'static str,
    pub(crate) by_hand: &'static str,
    pub(crate) by_hand_text: &'static str,
    pub(crate) by_hand_after: &'static str,
    pub(crate) administrator: &'static str,
    pub(crate) administrator_text: &'static str,
    pub(crate) name_field: &'static str,
    pub(crate) make: &'static str,
}

/// All of them; the first one where nothing else is wanted.
pub(crate) static LANGUAGES: [&Language; 2] = [&en::ENGLISH, &de::GERMAN];

/// The one that was chosen in this browser, or that it asks for.
pub(crate) fn of(headers: &HeaderMap, channel: Channel) -> &'static Language {
    let chosen = Cookie::Language.read(headers, channel).and_then(find);
    let asked = || {
        let wanted = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
        // The first of ours, in the order of the browser, which lists what its user likes best first (RFC 9110 §12.5.4).
        wanted.split(',').find_map(|range| find(primary(range)))
    };
    chosen.or_else(asked).unwrap_or(LANGUAGES[0])
}

/// For `Set-Cookie`, where there is such a language.
pub(crate) fn choose(tag: &str, channel: Channel) -> Option<HeaderValue> {
    Cookie::Language.set(find(tag)?.tag, channel)
}

fn find(tag: &str) -> Option<&'static Language> {
    LANGUAGES.into_iter().find(|language| language.tag == tag)
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
