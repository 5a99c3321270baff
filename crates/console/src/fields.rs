//! Fields of forms and of addresses.

use axum::extract::{FromRequest, Multipart, Request};

/// Names and values as they were sent. A field that was not sent is empty; of one that was sent twice the first counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

/// Fields at most; no form of ours has as many.
const FIELDS_MAX: usize = 64;

impl Fields {
    /// Reads `application/x-www-form-urlencoded`; what is no UTF-8 is replaced.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(bytes).take(FIELDS_MAX);
        Self(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// Reads `multipart/form-data`, as forms are sent that have files in them; none where it is no such form.
    pub(crate) async fn read_parts(request: Request) -> Option<Self> {
        let mut parts = Multipart::from_request(request, &()).await.ok()?;
        let mut fields = Vec::new();
        while let Some(part) = parts.next_field().await.ok()? {
            if fields.len() == FIELDS_MAX {
                break;
            }
            let name = part.name()?.to_owned();
            let value = part.bytes().await.ok()?;
            fields.push((name, String::from_utf8_lossy(&value).into_owned()));
        }
        Some(Self(fields))
    }

    /// All of them, as they are.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A field's value, as it is.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.sent(name).unwrap_or_default()
    }

    /// A field's value, as it is; none where it was not sent.
    pub(crate) fn sent(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All values of a field that was sent several times.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let found = self
            .0
            .iter()
            .filter(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str()).collect()
    }

    /// A field's value without spaces around it, and without characters that no text of ours has.
    pub(crate) fn get(&self, name: &str) -> String {
        let text = self.raw(name).trim();
        text.chars().filter(|character| !character.is_control()).collect()
    }

    /// Whether a box is ticked.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.raw(name) == "yes"
    }
}

/// An address with these fields; those that are empty are left out.
pub(crate) fn address(path: &str, fields: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// A text as one part of a path, with no character that means something there.
pub(crate) fn segment(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_@".contains(&byte) || (byte == b'.' && !encoded.is_empty()) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_whatever_is_sent() {
        let fields = Fields::read(b"a=1&a=2&b=+x%00%0a+&c&%ff=%ff&d=yes");
        assert_eq!(fields.raw("a"), "1", "the first counts");
        assert_eq!(fields.all("a"), ["1", "2"]);
        assert_eq!(fields.get("b"), "x");
        assert_eq!((fields.raw("c"), fields.raw("nothing")), ("", ""));
        assert_eq!(fields.raw("\u{fffd}"), "\u{fffd}");
        assert!(fields.is_set("d") && !fields.is_set("a"));
    }

    #[test]
    fn an_address_carries_any_value_and_no_empty_one() {
        assert_eq!(address("/x", &[("a", ""), ("b", "1&c=2")]), "/x?b=1%26c%3D2");
        assert_eq!(address("/x", &[("a", "")]), "/x");
    }
}
