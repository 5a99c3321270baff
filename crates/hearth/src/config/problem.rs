//! What is wrong with a configuration, said so that it can be mended.

use std::fmt;

use super::Origin;

/// One mistake and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) origin: Origin,
    pub(crate) wrong: Wrong,
}

/// A mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// No key has this name.
    UnknownKey { name: String, nearest: Option<String> },
    /// No system property has this name.
    UnknownProperty { name: String, nearest: Option<String> },
    /// The value is not of the key's kind.
    BadValue {
        name: String,
        value: String,
        allowed: String,
    },
    /// Two names for the same thing.
    Twice { name: &'static str, singular: &'static str },
    /// Only one of two keys that need each other.
    Alone { name: &'static str, missing: &'static str },
    /// A list that may not be empty is.
    Empty { name: &'static str },
    /// A pinned property that this database makes impossible.
    Impossible {
        name: String,
        value: String,
        why: &'static str,
    },
    /// Not TOML, not readable, not UTF-8.
    Unreadable(String),
}

/// All mistakes of a configuration, so that they can be mended in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.wrong)
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { name, nearest } => {
                write!(
                    f,
                    "there is no key {name}{}",
                    hint(nearest.as_deref(), "`hearth config sample` shows all keys")
                )
            }
            Self::UnknownProperty { name, nearest } => {
                let list = "`hearth property list` shows all properties";
                write!(f, "there is no property {name}{}", hint(nearest.as_deref(), list))
            }
            Self::BadValue { name, value, allowed } => {
                write!(f, "{name} = {value} is not allowed: allowed are {allowed}")
            }
            Self::Twice { name, singular } => write!(f, "{singular} and {name} mean the same: give only one of them"),
            Self::Alone { name, missing } => write!(f, "{name} is of no use without {missing}: give both or neither"),
            Self::Empty { name } => write!(f, "{name} is empty: give at least one"),
            Self::Impossible { name, value, why } => write!(f, "{name} = {value} is not possible: {why}"),
            Self::Unreadable(why) => f.write_str(why),
        }
    }
}

fn hint(nearest: Option<&str>, otherwise: &str) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean {nearest}?"),
        None => format!("; {otherwise}"),
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
