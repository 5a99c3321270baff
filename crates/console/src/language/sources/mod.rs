//! All texts of templates and sources, read: each language has them all, and nothing else; and nothing is shown that no
//! language was asked for.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use super::{LANGUAGES, Language, told::parts};
use read::{Source, files, literal, own_words, rust, strings, word};

/// A text that is said somewhere.
struct Said {
    place: String,
    /// By which function or filter.
    by: String,
    text: String,
}

/// Functions and filters that say a text, and how many values they give it.
const SAYERS: [(&str, usize); 7] = [
    ("t", 0),
    ("t1", 1),
    ("t2", 2),
    ("t3", 3),
    ("n", 1),
    ("n1", 2),
    ("Text", 0),
];

/// Texts that are the same in every language: names, and examples of what is typed.
const NAMES: [&str; 10] = [
    "ACME",
    "Hearth",
    "alice@example.org",
    "romeo@example.org, juliet@example.org",
    "account.lock",
    "chat.example.org",
    "backup",
    "c2s",
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN PRIVATE KEY-----",
];

/// What only browsers and clients read.
const MACHINES: [&str; 5] = [
    "max-age=",
    "GET, HEAD, POST",
    "default-src",
    "filename=",
    "closed by an operator",
];

/// Errors that no page shows: those of programs, and of what is decided and takes its time.
const UNSHOWN: [&str; 5] = [
    "not allowed: allowed are {allowed}",
    "nothing was set: {}",
    "this token is not known, or has ended",
    "too many wrong tokens or passwords came from this address; try again in an hour",
    "{done}, but this server has not {missing} the cluster within {secs} s: {why}",
];

/// Whether this string is the text of a sayer, and of which.
fn sayer(before: &str) -> Option<&str> {
    let name = word(before.trim_end().strip_suffix('(')?, true);
    SAYERS.iter().any(|(sayer, _)| *sayer == name).then_some(name)
}

fn said() -> Vec<Said> {
    let mut all = Vec::new();
    for Source { place, text } in files("web/templates", "html") {
        for part in text.split("{{ \"").skip(1) {
            let (text, behind) = literal(part);
            if let Some(behind) = behind.strip_prefix('|') {
                let by = word(behind, false).to_owned();
                all.push(Said {
                    place: place.clone(),
                    by,
                    text,
                });
            }
        }
    }
    for Source { place, text } in rust() {
        for (before, text) in strings(&text) {
            if let Some(by) = sayer(before) {
                all.push(Said {
                    place: place.clone(),
                    by: by.to_owned(),
                    text,
                });
            }
        }
    }
    all
}

/// What stands between these, each once.
fn between(text: &str, begin: char, end: char) -> BTreeSet<&str> {
    let parts = text.split(begin).skip(1);
    parts
        .filter_map(|part| part.split_once(end).map(|(it, _)| it))
        .collect()
}

fn others() -> impl Iterator<Item = &'static Language> {
    LANGUAGES.into_iter().skip(1)
}

#[test]
fn every_text_has_its_values_in_every_language() {
    for Said { place, by, text } in said() {
        let found = SAYERS.iter().find(|(name, _)| *name == by);
        let (_, count) = found.unwrap_or_else(|| panic!("{place}: {by} is no filter for a text"));
        let numbers: Vec<String> = (0..*count).map(|number| number.to_string()).collect();
        let values = between(&text, '{', '}');
        let is_complete = values.iter().copied().eq(numbers.iter().map(String::as_str));
        assert!(
            is_complete,
            "{place}: {by} gives {count} values, and not those of {text:?}"
        );
    }
    for (english, text) in others().flat_map(|language| language.lists.concat()) {
        assert_eq!(
            between(english, '{', '}'),
            between(text, '{', '}'),
            "{english:?} {text:?}"
        );
        assert_eq!(
            between(english, '<', '>'),
            between(text, '<', '>'),
            "{english:?} {text:?}"
        );
    }
}

#[test]
fn every_language_has_all_texts_and_no_others() {
    let said: BTreeMap<String, String> = said().into_iter().map(|said| (said.text, said.place)).collect();
    for language in others() {
        let has: Vec<&str> = language
            .lists
            .concat()
            .into_iter()
            .map(|(english, _)| english)
            .collect();
        let once: BTreeSet<&str> = has.iter().copied().collect();
        let lacks: Vec<_> = said.iter().filter(|(text, _)| !once.contains(text.as_str())).collect();
        assert!(lacks.is_empty(), "{} lacks {lacks:#?}", language.name);
        let unsaid: Vec<_> = once.iter().filter(|text| !said.contains_key(**text)).collect();
        assert!(unsaid.is_empty(), "nobody says in {}: {unsaid:#?}", language.name);
        assert_eq!(once.len(), has.len(), "{} has a text twice", language.name);
        for list in language.lists {
            assert!(
                list.is_sorted_by_key(|(english, _)| *english),
                "{} in {list:#?}",
                language.name
            );
        }
    }
}

#[test]
fn every_text_with_a_number_has_a_form_for_each() {
    for language in LANGUAGES {
        let forms = (0..200).map(language.form).max().unwrap_or(0) + 1;
        for (english, text) in language.lists.concat() {
            let is_counted = english.contains('|');
            let expected = if is_counted { forms } else { 1 };
            assert_eq!(text.split('|').count(), expected, "{} {text:?}", language.name);
        }
    }
    let counted = said()
        .into_iter()
        .filter(|said| ["n", "n1"].contains(&said.by.as_str()));
    for Said { place, text, .. } in counted {
        assert_eq!(text.split('|').count(), 2, "{place}: {text:?}");
    }
}

#[test]
fn a_template_shows_no_word_that_no_language_was_asked_for() {
    for Source { place, text } in files("web/templates", "html") {
        let own = own_words(&text);
        let unknown: Vec<&String> = own.iter().filter(|text| !is_name(text)).collect();
        assert!(unknown.is_empty(), "{place} shows {unknown:?}");
    }
}

/// Whether a text is the same in every language; the title of a page ends with one.
fn is_name(text: &str) -> bool {
    NAMES.contains(&text.trim_start_matches(['–', '@', ' ']))
}

#[test]
fn a_source_has_no_sentence_that_no_language_was_asked_for() {
    let mut found = Vec::new();
    for Source { place, text } in rust() {
        let strings = strings(&text).into_iter();
        let sentences = strings.filter(|(before, text)| is_sentence(text) && sayer(before).is_none());
        let shown = sentences
            .filter(|(before, text)| !is_for_operators(before) && !MACHINES.iter().any(|it| text.contains(it)));
        found.extend(shown.map(|(_, text)| format!("{place}: {text}")));
    }
    assert!(found.is_empty(), "{found:#?}");
}

fn is_sentence(text: &str) -> bool {
    let words = text.split(' ').filter(|word| {
        word.chars()
            .all(|letter| letter.is_alphabetic() || ".,:;".contains(letter))
    });
    words.filter(|word| word.contains(char::is_alphabetic)).count() > 1
}

/// Logs, and why something cannot be.
fn is_for_operators(before: &str) -> bool {
    let statement = before.rsplit([';', '{', '}']).next().unwrap_or_default();
    let is_reason = ["reason =", "expect("].iter().any(|it| before.trim_end().ends_with(it));
    is_reason || statement.contains("tracing::")
}

/// What crates under the console say: those whose words it shows.
fn said_by_others() -> BTreeSet<String> {
    let crates = ["auth", "cluster", "hearth", "ops", "protocol", "storage"];
    let sources = crates
        .iter()
        .flat_map(|name| files(&format!("crates/{name}/src"), "rs"));
    let strings = sources.flat_map(|source| {
        strings(&source.text)
            .into_iter()
            .map(|(_, text)| text)
            .collect::<Vec<_>>()
    });
    strings.collect()
}

#[test]
fn what_others_say_is_said_by_them() {
    let said = said_by_others();
    for language in others() {
        let all = language.others.concat();
        let unsaid: Vec<_> = all.iter().filter(|(english, _)| !said.contains(*english)).collect();
        assert!(unsaid.is_empty(), "nobody says: {unsaid:#?}");
        let once: BTreeSet<&str> = all.iter().map(|(english, _)| *english).collect();
        assert_eq!(once.len(), all.len(), "{} has a sentence twice", language.name);
        for (english, text) in all {
            let count = english.matches('{').count();
            let is_one = |value: &&str| {
                value
                    .trim_end_matches('!')
                    .parse()
                    .is_ok_and(|number: usize| number < count)
            };
            assert!(between(text, '{', '}').iter().all(is_one), "{english:?} {text:?}");
        }
    }
}

#[test]
fn errors_of_acts_and_all_properties_are_told_in_every_language() {
    let of = |place: &str| {
        let sources = files(place, "rs").into_iter();
        let strings = sources.flat_map(|source| {
            let strings = strings(&source.text).into_iter();
            strings
                .map(|(before, text)| (before.to_owned(), text))
                .collect::<Vec<_>>()
        });
        strings.collect::<Vec<_>>()
    };
    let errors = of("crates/ops/src")
        .into_iter()
        .filter(|(before, _)| before.ends_with("#[error("));
    let errors = errors.filter(|(_, text)| parts(text).iter().any(|part| part.trim().contains(char::is_alphabetic)));
    let meanings = of("crates/hearth/src/properties/table").into_iter();
    let meanings = meanings.filter(|(_, text)| text.ends_with('.') && is_sentence(text));
    let expected: BTreeSet<String> = errors.chain(meanings).map(|(_, text)| text).collect();
    assert!(expected.len() > 100, "{expected:#?}");
    for language in others() {
        let all: BTreeSet<&str> = language
            .others
            .concat()
            .into_iter()
            .map(|(english, _)| english)
            .collect();
        let lacks = expected.iter().filter(|text| !all.contains(text.as_str()));
        let lacks: Vec<_> = lacks.filter(|text| !UNSHOWN.contains(&text.as_str())).collect();
        assert!(lacks.is_empty(), "{} lacks {lacks:#?}", language.name);
    }
}
