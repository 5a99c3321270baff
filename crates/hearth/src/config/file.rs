//! The configuration file.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use ops::Value;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Origin, Problem, Wrong,
    layers::{Given, Raw},
};

/// Read where no other file is named, and where it exists.
pub(crate) const DEFAULT_FILE: &str = "hearth.toml";

/// Far above any configuration: somebody named the wrong file.
const BYTES_MAX: u64 = 1024 * 1024;

/// The file to read. One that was asked for is read, or complained about, in any case.
pub(super) fn find(asked_for: Option<&Path>) -> Option<PathBuf> {
    let default = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists());
    asked_for.map(Path::to_path_buf).or_else(default)
}

pub(super) fn read(path: &Path) -> (Vec<Given>, Vec<Problem>) {
    match text_of(path) {
        Ok(text) => parse(path, &text),
        Err(why) => {
            let origin = Origin::File {
                path: path.to_owned(),
                line: 1,
            };
            (
                Vec::new(),
                vec![Problem {
                    origin,
                    wrong: Wrong::Unreadable(why),
                }],
            )
        }
    }
}

/// Whether this text is TOML, whatever it says.
pub(crate) fn is_readable(text: &str) -> bool {
    DeTable::parse_recoverable(text).1.is_empty()
}

fn text_of(path: &Path) -> Result<String, String> {
    let metadata = std::fs::metadata(path).map_err(|error| format!("the file cannot be read: {error}"))?;
    if metadata.len() > BYTES_MAX {
        return Err(format!(
            "the file has {} bytes, a configuration at most {BYTES_MAX}",
            metadata.len()
        ));
    }
    std::fs::read_to_string(path).map_err(|error| format!("the file cannot be read: {error}"))
}

fn parse(path: &Path, text: &str) -> (Vec<Given>, Vec<Problem>) {
    let at = |span: Range<usize>| Origin::File {
        path: path.to_owned(),
        line: line_of(text, span.start),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    let problem = |error: &toml::de::Error| Problem {
        origin: at(error.span().unwrap_or_default()),
        wrong: Wrong::Unreadable(format!("this is not TOML: {}", error.message())),
    };
    // What a broken file seems to say would only be noise beside why it is broken.
    if !errors.is_empty() {
        return (Vec::new(), errors.iter().map(problem).collect());
    }
    let mut given = Vec::new();
    flatten("", table.get_ref(), &mut |name, value| {
        given.push(Given {
            name,
            value: raw(value, text),
            origin: at(value.span()),
        });
    });
    (given, Vec::new())
}

/// Names every leaf by its path: `[c2s] listen` and `c2s.listen` are the same.
fn flatten<'a>(prefix: &str, table: &'a DeTable<'_>, leaf: &mut impl FnMut(String, &'a Spanned<DeValue<'a>>)) {
    for (key, value) in table {
        let name = if prefix.is_empty() {
            key.get_ref().to_string()
        } else {
            format!("{prefix}.{}", key.get_ref())
        };
        match value.get_ref() {
            DeValue::Table(table) => flatten(&name, table, leaf),
            _ => leaf(name, value),
        }
    }
}

fn raw(value: &Spanned<DeValue<'_>>, text: &str) -> Raw {
    match typed(value.get_ref()) {
        Some(value) => Raw::Typed(value),
        None => Raw::Foreign(text.get(value.span()).unwrap_or_default().to_owned()),
    }
}

fn typed(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::Boolean(value) => Some(Value::Bool(*value)),
        DeValue::Integer(value) => i64::from_str_radix(value.as_str(), value.radix()).ok().map(Value::Int),
        DeValue::String(value) => Some(Value::Text(value.to_string())),
        DeValue::Array(values) => {
            let text = |value: &Spanned<DeValue<'_>>| value.get_ref().as_str().map(str::to_owned);
            values.iter().map(text).collect::<Option<_>>().map(Value::List)
        }
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}
