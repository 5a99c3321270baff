//! Ports of which one is taken.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use ops::Value;

use crate::setting::Slot;

/// A port, or a range of which the first free one is taken; 0 alone is any free one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ports(pub(crate) RangeInclusive<u16>);

impl Default for Ports {
    /// Hazelcast's first port, and as many as it tries.
    fn default() -> Self {
        Self(5701..=5800)
    }
}

impl FromStr for Ports {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let port = |text: &str| text.trim().parse::<u16>().map_err(|_| ());
        let Some((first, last)) = text.split_once('-') else {
            let port = port(text)?;
            return Ok(Self(port..=port));
        };
        let (first, last) = (port(first)?, port(last)?);
        if first == 0 || first > last {
            return Err(());
        }
        Ok(Self(first..=last))
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.start(), self.0.end()) {
            (first, last) if first == last => first.fmt(f),
            (first, last) => write!(f, "{first}-{last}"),
        }
    }
}

impl Slot for Ports {
    fn get(&self) -> Value {
        Value::Text(self.to_string())
    }

    fn set(&mut self, value: &Value) -> Option<()> {
        *self = value.as_text()?.parse().ok()?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::Ports;

    fn check(text: &str, expected: Option<std::ops::RangeInclusive<u16>>) {
        assert_eq!(text.parse().ok(), expected.map(Ports), "{text:?}");
    }

    #[test]
    fn a_port_or_a_range_is_read() {
        check("5701", Some(5701..=5701));
        check("5701-5800", Some(5701..=5800));
        check(" 5701 - 5701 ", Some(5701..=5701));
        check("0", Some(0..=0));
        check("1-65535", Some(1..=65535));
    }

    #[test]
    fn what_is_no_port_and_no_range_is_refused() {
        for text in [
            "",
            "-",
            "5701-",
            "-5701",
            "5800-5701",
            "0-5701",
            "5701-65536",
            "65536",
            "5701-5702-5703",
            "5701,5702",
            "x",
            "+-1",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        for text in ["5701", "5701-5800", "0"] {
            assert_eq!(
                text.parse::<Ports>().map(|ports| ports.to_string()),
                Ok(text.to_owned())
            );
        }
        assert_eq!(Ports::default().to_string(), "5701-5800");
    }
}
