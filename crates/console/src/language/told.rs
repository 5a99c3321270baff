//! What others have said, with the values in it: which sentence it was, and which values.

use std::{collections::HashMap, fmt::Display};

use super::filled;

/// Sentences of others, and what a language says instead.
pub(super) struct Told {
    /// Those without values.
    whole: HashMap<&'static str, &'static str>,
    /// Those with values: what is between them.
    parts: Vec<(Vec<&'static str>, &'static str)>,
}

impl Told {
    pub(super) fn of(lists: &[&'static [(&'static str, &'static str)]]) -> Self {
        let all = lists.iter().flat_map(|list| list.iter().copied());
        let (with_values, whole) = all.partition::<Vec<_>, _>(|(sentence, _)| sentence.contains('{'));
        Self {
            whole: whole.into_iter().collect(),
            parts: with_values
                .into_iter()
                .map(|(sentence, text)| (parts(sentence), text))
                .collect(),
        }
    }

    /// What the language says for this, and for a value where that is asked for with `{0!}`; none where it has no words
    /// for it.
    pub(super) fn find(&self, said: &str) -> Option<String> {
        if let Some(text) = self.whole.get(said) {
            return Some((*text).to_owned());
        }
        let matching = self.parts.iter().filter_map(|(parts, text)| {
            let length = parts.iter().map(|part| part.len()).sum::<usize>();
            Some((length, values(parts, said)?, text))
        });
        // A sentence of which more is words and less is values is the one that was meant.
        let (_, values, text) = matching.max_by_key(|(length, ..)| *length)?;
        let values = values.into_iter().enumerate().map(|(number, value)| {
            let is_told = text.contains(&format!("{{{number}!}}"));
            let told = is_told.then(|| self.find(value)).flatten();
            told.unwrap_or_else(|| value.to_owned())
        });
        let values: Vec<String> = values.collect();
        let values: Vec<&dyn Display> = values.iter().map(|value| value as &dyn Display).collect();
        Some(filled(&text.replace("!}", "}"), &values))
    }
}

/// What stands around and between the values of a sentence.
pub(super) fn parts(sentence: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = sentence;
    while let Some((part, behind)) = rest.split_once('{') {
        parts.push(part);
        rest = behind.split_once('}').map_or("", |(_, rest)| rest);
    }
    parts.push(rest);
    parts
}

/// The values, where it is that sentence. Each ends where the next part stands first.
fn values<'a>(parts: &[&str], said: &'a str) -> Option<Vec<&'a str>> {
    let ([first, between @ ..], [.., last]) = (parts, parts) else {
        return None;
    };
    let mut rest = said.strip_prefix(first)?.strip_suffix(last)?;
    let mut values = Vec::new();
    for part in between.iter().take(between.len().saturating_sub(1)) {
        let (value, behind) = rest.split_once(part)?;
        values.push(value);
        rest = behind;
    }
    values.push(rest);
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[(&str, &str)] = &[
        ("read-only", "nur lesend"),
        ("there is no account {0}", "es gibt kein Konto {0}"),
        ("lists of {}", "Listen: {0!}"),
        ("{0} is for {1}", "{0} ist für {1}"),
        ("{name} is for {host}, and no other", "{0} ist für {1} allein"),
        (
            "{name} = {value:?} is not allowed: allowed are {allowed}",
            "{1} ist für {0} nicht erlaubt, sondern {2}",
        ),
    ];

    fn check(said: &str, expected: Option<&str>) {
        assert_eq!(Told::of(&[LIST]).find(said).as_deref(), expected, "{said}");
    }

    #[test]
    fn a_sentence_is_known_by_what_is_around_its_values() {
        check("read-only", Some("nur lesend"));
        check("read-only!", None);
        check("there is no account a@b", Some("es gibt kein Konto a@b"));
        check("there is no account {0}", Some("es gibt kein Konto {0}"));
        check("there is no", None);
        check("there is no account read-only", Some("es gibt kein Konto read-only"));
        check("lists of read-only", Some("Listen: nur lesend"));
        check("a is for b", Some("a ist für b"));
        check("a is for b, and no other", Some("a ist für b allein"));
        check("lists of names", Some("Listen: names"));
        check(
            "a = \"b\" is not allowed: allowed are c",
            Some("\"b\" ist für a nicht erlaubt, sondern c"),
        );
    }
}
