//! Templates and sources, read as far as texts need it.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file, and what it holds.
pub(super) struct Source {
    pub(super) place: String,
    pub(super) text: String,
}

/// What users read in a tag itself.
const READ: [&str; 5] = ["aria-label", "placeholder", "title", "alt", "data-label"];

/// Files of this kind below a folder of the repository.
pub(super) fn files(folder: &str, kind: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut folders, mut found): (Vec<PathBuf>, _) = (vec![root.join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the repository is there") {
            let path = entry.expect("a file").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == kind) {
                let text = fs::read_to_string(&path).expect("a text");
                let place = path.display().to_string();
                found.push(Source { place, text });
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no file of kind {kind}");
    found
}

/// The console's own sources without their tests, and without the languages.
pub(super) fn rust() -> Vec<Source> {
    let mut sources = files("crates/console/src", "rs");
    sources.retain(|source| !source.place.contains("/src/language/"));
    for source in &mut sources {
        let end = source.text.find("\n#[cfg(test)]\nmod tests");
        source.text.truncate(end.unwrap_or(source.text.len()));
    }
    sources
}

/// A string without its escapes, from behind its first quotation mark on; and what is behind it.
pub(super) fn literal(text: &str) -> (String, &str) {
    let (mut said, mut letters) = (String::new(), text.chars());
    loop {
        match letters.next() {
            Some('"') => return (said, letters.as_str()),
            Some('\\') => match letters.next() {
                // The rest of the sentence is on the next line.
                Some('\n') => letters = letters.as_str().trim_start().chars(),
                Some(escaped) => said.push(escaped),
                None => {}
            },
            Some(letter) => said.push(letter),
            None => panic!("a string without an end: {text}"),
        }
    }
}

/// The word that a text begins or ends with.
pub(super) fn word(text: &str, is_at_end: bool) -> &str {
    let is_other = |letter: char| !letter.is_ascii_alphanumeric() && letter != '_';
    match is_at_end {
        true => text.rsplit(is_other).next().unwrap_or_default(),
        false => text.split(is_other).next().unwrap_or_default(),
    }
}

/// Every string of a Rust source, with what stands before it.
pub(super) fn strings(source: &str) -> Vec<(&str, String)> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(next) = source[at..].find(['"', '/', '\'']) {
        let (here, rest) = (at + next, &source[at + next..]);
        at = if rest.starts_with('"') && source[..here].ends_with("r#") {
            here + rest.find("\"#").unwrap_or(rest.len() - 1) + 2
        } else if rest.starts_with("//") {
            here + rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("'\"'") {
            here + 3
        } else if let Some(string) = rest.strip_prefix('"') {
            let (text, behind) = literal(string);
            found.push((&source[..here], text));
            source.len() - behind.len()
        } else {
            here + 1
        };
    }
    found
}

/// What a template shows of its own, beside what it is given and what is asked of a language.
pub(super) fn own_words(template: &str) -> Vec<String> {
    let mut html = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        html += before;
        let end = match behind.chars().next() {
            Some('{') => "}}",
            Some('%') => "%}",
            Some('#') => "#}",
            _ => panic!("a brace of its own: {behind}"),
        };
        rest = after_expression(&behind[1..], end);
    }
    html += rest;
    let (mut words, mut is_code) = (Vec::new(), false);
    for part in html.split('<') {
        let (tag, text) = part.split_once('>').unwrap_or(("", part));
        let name = tag.split(' ').next().unwrap_or_default();
        is_code = (is_code && name != "/code") || name == "code";
        let read = READ.iter().filter_map(|attribute| {
            let (_, value) = tag.split_once(&format!(" {attribute}=\""))?;
            Some(value.split('"').next().unwrap_or_default())
        });
        words.extend(read.map(str::to_owned));
        if !is_code && name != "!doctype" {
            words.push(text.trim().to_owned());
        }
    }
    words.retain(|text| text.contains(char::is_alphabetic));
    words
}

/// What is behind an expression; a string in it may hold anything.
fn after_expression<'a>(text: &'a str, end: &str) -> &'a str {
    let mut rest = text;
    loop {
        let (quote, stop) = (rest.find('"'), rest.find(end).expect("an expression has an end"));
        match quote {
            Some(quote) if quote < stop => rest = literal(&rest[quote + 1..]).1,
            _ => return &rest[stop + end.len()..],
        }
    }
}
