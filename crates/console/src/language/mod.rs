//! What the console says, in the languages there are.
//!
//! A text stands in English where it is shown, and is its own key: `{{ "Add the host"|t }}` in a template, `t("Add the
//! host")` in Rust. What a language says instead is in its own folder. The language is that of the request: `speak` finds
//! it out once, and it goes with the task, as a log span does.
//!
//! - `{0}`, `{1}`, … stand for values: `t1("Server {0}", name)`. In a template they are escaped, and the text is HTML.
//! - A text with a number has its forms between bars: `n("{0} account|{0} accounts", count)`.
//! - What stands behind `##` is for translators, where one English word is two of another language: `"Read##verb"`.
//! - A text in a constant is a [`Text`].
//! - What `ops` and others say is English where it is made; `told` looks up what was said, as it was said.
//!
//! The tests read all templates and sources: a text that a language lacks, or that nobody says, fails there.

mod de;
mod en;
pub(crate) mod filters;
mod request;
#[cfg(test)]
mod sources;
mod told;

use std::{
    collections::HashMap,
    fmt::{self, Display},
    sync::OnceLock,
};

pub(crate) use request::{back, choose, here, speak, with};
use told::Told;

/// A language.
pub(crate) struct Language {
    /// Its tag (RFC 5646).
    pub(crate) tag: &'static str,
    /// Its own name.
    pub(crate) name: &'static str,
    /// Which form of a text goes with a number, counted from zero.
    form: fn(u64) -> usize,
    /// The English texts, and what it says instead; a list for each part of the console.
    lists: &'static [&'static [(&'static str, &'static str)]],
    texts: OnceLock<HashMap<&'static str, &'static str>>,
    /// The same for what others say, where `{…}` stands in the place of a value.
    others: &'static [&'static [(&'static str, &'static str)]],
    told: OnceLock<Told>,
}

/// All of them; the first one where nothing else is wanted.
pub(crate) static LANGUAGES: [&Language; 2] = [&en::ENGLISH, &de::GERMAN];

/// A text in a constant. Shown, it is said in the language of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) &'static str);

/// A text in the language of the request.
pub(crate) fn t(text: &'static str) -> &'static str {
    here().say(text)
}

/// The same with a value for `{0}`.
pub(crate) fn t1(text: &'static str, value: impl Display) -> String {
    filled(t(text), &[&value])
}

/// The same with values for `{0}` and `{1}`.
pub(crate) fn t2(text: &'static str, first: impl Display, second: impl Display) -> String {
    filled(t(text), &[&first, &second])
}

/// The same with values for `{0}` to `{2}`.
pub(crate) fn t3(text: &'static str, first: impl Display, second: impl Display, third: impl Display) -> String {
    filled(t(text), &[&first, &second, &third])
}

/// A text whose form depends on a number, which `{0}` stands for.
pub(crate) fn n(text: &'static str, count: u64) -> String {
    filled(form(text, count), &[&count])
}

/// What another part of the house has said in English, in the language of the request; as it is where that has no words
/// for it.
pub(crate) fn told(said: impl Display) -> String {
    let (language, said) = (here(), said.to_string());
    let told = language.told.get_or_init(|| Told::of(language.others));
    told.find(&said).unwrap_or(said)
}

/// The form of a text that goes with a number.
fn form(text: &'static str, count: u64) -> &'static str {
    let language = here();
    let mut forms = language.say(text).split('|');
    forms.nth((language.form)(count)).unwrap_or(text)
}

/// A text with its values.
fn filled(text: &str, values: &[&dyn Display]) -> String {
    use fmt::Write as _;
    let mut said = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        said.push_str(before);
        let (number, after) = behind.split_once('}').unwrap_or((behind, ""));
        if let Some(value) = number.parse().ok().and_then(|number: usize| values.get(number)) {
            // Writing to a string does not fail; what a value's own words fail with leaves a gap.
            let _ = write!(said, "{value}");
        }
        rest = after;
    }
    said.push_str(rest);
    said
}

impl Language {
    /// What it says for an English text; that text where it has none.
    fn say(&'static self, text: &'static str) -> &'static str {
        let texts = self
            .texts
            .get_or_init(|| self.lists.iter().flat_map(|list| list.iter().copied()).collect());
        texts.get(text).copied().unwrap_or_else(|| without_note(text))
    }

    /// The one with this tag.
    fn find(tag: &str) -> Option<&'static Self> {
        LANGUAGES.into_iter().find(|language| language.tag == tag)
    }
}

/// A text without what is for translators.
fn without_note(text: &str) -> &str {
    text.split_once("##").map_or(text, |(text, _)| text)
}

impl Text {
    /// In the language of the request.
    pub(crate) fn say(self) -> &'static str {
        t(self.0)
    }
}

impl Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.say())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_where_their_numbers_are() {
        assert_eq!(filled("{1} of {0}", &[&"a", &2]), "2 of a");
        assert_eq!(filled("{0}{0}", &[&"a"]), "aa");
        assert_eq!(filled("none", &[&"a"]), "none");
        assert_eq!(filled("{7} is none, and {0", &[&"a"]), " is none, and a");
        assert_eq!(filled("{0}", &[&"{0}"]), "{0}", "a value is no text");
    }

    #[tokio::test]
    async fn a_text_is_said_in_the_language_of_its_task() {
        assert_eq!(
            (t("Accounts"), n("{0} session|{0} sessions", 1)),
            ("Accounts", "1 session".to_owned())
        );
        let german = with(&de::GERMAN, async {
            tokio::task::yield_now().await;
            (
                t("Accounts"),
                Text("Log in").to_string(),
                n("{0} session|{0} sessions", 2),
            )
        });
        let expected = ("Konten", "Anmelden".to_owned(), "2 Sitzungen".to_owned());
        assert_eq!(german.await, expected);
        assert_eq!(t("Accounts"), "Accounts", "and nowhere else");
        assert_eq!(t("Read##verb"), "Read");
    }
}
