//! What a setting may hold, and the reading of it.

use std::fmt;

use crate::Value;

/// What a setting may hold.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number of this range, ends included.
    Int {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One text that passes the check.
    Text(Check),
    /// Texts that pass the check each; may be empty.
    List(Check),
}

/// What a text must be like.
#[derive(Clone, Copy)]
pub struct Check {
    /// What is allowed, as a noun in the plural: "absolute file names".
    pub allowed: &'static str,
    /// Whether this text is.
    pub is_allowed: fn(&str) -> bool,
}

/// A value that its setting does not allow. Displays as a clause about the value, without the
/// value itself, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not allowed: allowed are {allowed}")]
pub struct BadValue {
    /// What would have been.
    pub allowed: String,
}

/// Entries of a list at most.
const LIST_MAX: usize = 256;

impl Kind {
    /// Reads a value as it is written in an environment variable, a flag or a property: lists with
    /// commas.
    ///
    /// # Errors
    /// Where the text is not of this kind.
    pub fn parse(self, text: &str) -> Result<Value, BadValue> {
        let value = match self {
            Self::Bool => text.parse().ok().map(Value::Bool),
            Self::Int { .. } => text.parse().ok().map(Value::Int),
            Self::Choice(_) | Self::Text(_) => Some(Value::Text(text.to_owned())),
            Self::List(_) => Some(Value::List(split(text))),
        };
        self.accept(value.ok_or_else(|| self.refusal())?)
    }

    /// Takes a value that a typed source (TOML, JSON) has read.
    ///
    /// # Errors
    /// Where it is of another type or out of range.
    pub fn accept(self, value: Value) -> Result<Value, BadValue> {
        let is_allowed = match (self, &value) {
            (Self::Bool, Value::Bool(_)) => true,
            (Self::Int { min, max }, Value::Int(value)) => (min..=max).contains(value),
            (Self::Choice(words), Value::Text(text)) => words.contains(&text.as_str()),
            (Self::Text(check), Value::Text(text)) => (check.is_allowed)(text),
            (Self::List(check), Value::List(texts)) => {
                texts.len() <= LIST_MAX && texts.iter().all(|text| (check.is_allowed)(text))
            }
            _ => false,
        };
        if is_allowed { Ok(value) } else { Err(self.refusal()) }
    }

    fn refusal(self) -> BadValue {
        BadValue {
            allowed: self.to_string(),
        }
    }
}

impl fmt::Display for Kind {
    /// What is allowed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => write!(f, "true and false"),
            Self::Int { min, max } => write!(f, "whole numbers from {min} to {max}"),
            Self::Choice(words) => write!(f, "{}", words.join(", ")),
            Self::Text(check) => write!(f, "{}", check.allowed),
            Self::List(check) => write!(f, "lists of {}", check.allowed),
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.allowed)
    }
}

fn split(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Check = Check {
        allowed: "words of one to three letters",
        is_allowed: |text| (1..=3).contains(&text.len()),
    };

    fn check(kind: Kind, text: &str, expected: impl Into<Option<Value>>) {
        let expected = expected.into();
        assert_eq!(kind.parse(text).ok(), expected, "{kind}: {text:?}");
    }

    #[test]
    fn values_are_read_and_held_to_their_range() {
        let int = Kind::Int { min: -1, max: 10 };
        let choice = Kind::Choice(&["bounce", "drop"]);
        let texts = |list: &[&str]| Some(Value::List(list.iter().map(|text| (*text).to_owned()).collect()));
        check(Kind::Bool, "true", Some(Value::Bool(true)));
        check(Kind::Bool, "yes", None);
        check(int, "-1", Some(Value::Int(-1)));
        check(int, "10", Some(Value::Int(10)));
        check(int, "11", None);
        check(int, "ten", None);
        check(int, "", None);
        check(choice, "drop", Some(Value::Text("drop".into())));
        check(choice, "Drop", None);
        check(Kind::Text(SHORT), "abc", Some(Value::Text("abc".into())));
        check(Kind::Text(SHORT), "abcd", None);
        check(Kind::List(SHORT), "", texts(&[]));
        check(Kind::List(SHORT), "a, b,c", texts(&["a", "b", "c"]));
        check(Kind::List(SHORT), "a,abcd", None);
    }

    #[test]
    fn a_typed_source_cannot_smuggle_another_type() {
        for (kind, value) in [
            (Kind::Bool, Value::Text("true".into())),
            (Kind::Int { min: 0, max: 9 }, Value::Text("5".into())),
            (Kind::Text(SHORT), Value::Int(5)),
            (Kind::List(SHORT), Value::Text("a".into())),
        ] {
            assert!(kind.accept(value.clone()).is_err(), "{kind}: {value:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_is_allowed() {
        let refusal = Kind::Int { min: 1, max: 5 }
            .parse("9")
            .map_err(|refusal| refusal.to_string());
        assert_eq!(
            refusal,
            Err("not allowed: allowed are whole numbers from 1 to 5".to_owned())
        );
    }
}
