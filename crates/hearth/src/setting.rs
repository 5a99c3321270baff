//! A setting: one place in a struct of typed settings, with its name, meaning and range.
//!
//! The configuration's keys and the system properties are both tables of these, and everything
//! else about them (reading, errors, the sample file, flags, `show`, `property list`) comes from
//! the tables.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ops::{BadValue, Kind, Value};

/// One field of `S`.
pub(crate) struct Setting<S: 'static> {
    /// As in `c2s.tls_listen`.
    pub(crate) name: &'static str,
    /// What it means, in sentences for operators.
    pub(crate) doc: &'static str,
    /// What it may hold.
    pub(crate) kind: Kind,
    /// Where it is.
    pub(crate) slot: fn(&mut S) -> &mut dyn Slot,
}

impl<S: Clone> Setting<S> {
    /// Its value in `settings`.
    pub(crate) fn get(&self, settings: &S) -> Value {
        (self.slot)(&mut settings.clone()).get()
    }

    /// Puts a value into `settings`.
    pub(crate) fn set(&self, settings: &mut S, value: Value) -> Result<(), BadValue> {
        let value = self.kind.accept(value)?;
        match (self.slot)(settings).set(&value) {
            Some(()) => Ok(()),
            None => Err(BadValue {
                allowed: self.kind.to_string(),
            }),
        }
    }
}

/// A typed place for a value. `set` returns `None` where the value does not fit the type.
pub(crate) trait Slot {
    fn get(&self) -> Value;
    fn set(&mut self, value: &Value) -> Option<()>;
}

impl Slot for bool {
    fn get(&self) -> Value {
        Value::Bool(*self)
    }

    fn set(&mut self, value: &Value) -> Option<()> {
        *self = value.as_bool()?;
        Some(())
    }
}

macro_rules! whole_numbers {
    ($($number:ty),*) => { $(
        impl Slot for $number {
            fn get(&self) -> Value {
                Value::Int(i64::try_from(*self).unwrap_or(i64::MAX))
            }

            fn set(&mut self, value: &Value) -> Option<()> {
                *self = Self::try_from(value.as_int()?).ok()?;
                Some(())
            }
        }
    )* };
}

whole_numbers!(u8, u16, u32, u64, usize);

/// Whole seconds.
impl Slot for Duration {
    fn get(&self) -> Value {
        Value::Int(i64::try_from(self.as_secs()).unwrap_or(i64::MAX))
    }

    fn set(&mut self, value: &Value) -> Option<()> {
        *self = Self::from_secs(u64::try_from(value.as_int()?).ok()?);
        Some(())
    }
}

impl Slot for String {
    fn get(&self) -> Value {
        Value::Text(self.clone())
    }

    fn set(&mut self, value: &Value) -> Option<()> {
        value.as_text()?.clone_into(self);
        Some(())
    }
}

/// The empty text is none.
impl Slot for Option<String> {
    fn get(&self) -> Value {
        Value::Text(self.clone().unwrap_or_default())
    }

    fn set(&mut self, value: &Value) -> Option<()> {
        let text = value.as_text()?;
        *self = (!text.is_empty()).then(|| text.to_owned());
        Some(())
    }
}

impl Slot for PathBuf {
    fn get(&self) -> Value {
        Value::Text(self.display().to_string())
    }

    fn set(&mut self, value: &Value) -> Option<()> {
        *self = Self::from(value.as_text()?);
        Some(())
    }
}

/// The empty text is none.
impl Slot for Option<PathBuf> {
    fn get(&self) -> Value {
        Value::Text(self.as_ref().map(|path| path.display().to_string()).unwrap_or_default())
    }

    fn set(&mut self, value: &Value) -> Option<()> {
        let text = value.as_text()?;
        *self = (!text.is_empty()).then(|| PathBuf::from(text));
        Some(())
    }
}

/// Lists of what is written and read as text.
macro_rules! lists {
    ($($entry:ty),*) => { $(
        impl $crate::setting::Slot for Vec<$entry> {
            fn get(&self) -> Value {
                Value::List(self.iter().map(|entry| entry.to_string()).collect())
            }

            fn set(&mut self, value: &Value) -> Option<()> {
                *self = value.as_list()?.iter().map(|text| text.parse().ok()).collect::<Option<_>>()?;
                Some(())
            }
        }
    )* };
}

lists!(String, SocketAddr);
pub(crate) use lists;

impl Slot for Vec<PathBuf> {
    fn get(&self) -> Value {
        Value::List(self.iter().map(|path| path.display().to_string()).collect())
    }

    fn set(&mut self, value: &Value) -> Option<()> {
        *self = value.as_list()?.iter().map(PathBuf::from).collect();
        Some(())
    }
}
