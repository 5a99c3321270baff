//! Which properties make one form of settings, and how their fields are called there.

use crate::language::{Text, told};

/// Settings that are set together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Topic {
    /// In the address of its page.
    pub(crate) slug: &'static str,
    pub(crate) title: Text,
    /// What it is about.
    pub(crate) about: Text,
    /// How the names of its properties begin. The longest that fits decides.
    begins: &'static [&'static str],
}

/// Every topic; what fits none of the others is of the last one.
pub(crate) const TOPICS: &[Topic] = &[
    Topic {
        slug: "connections",
        title: Text("Client connections"),
        about: Text(
            "How many may connect and how fast, what their streams must be like, and when a silent one is closed.",
        ),
        begins: &["connections.", "proxy_protocol.", "tls.", "c2s."],
    },
    Topic {
        slug: "resuming",
        title: Text("Lost connections"),
        about: Text(
            "How long a session waits for a client that has lost its connection, and what is kept for it meanwhile.",
        ),
        begins: &["sm.", "csi."],
    },
    Topic {
        slug: "login",
        title: Text("Registration and login"),
        about: Text("Who may make an account, how people prove who they are, and what stops guessing."),
        begins: &[
            "registration.",
            "accounts.refuse_lookalikes",
            "sasl.",
            "fast.",
            "lockout.",
        ],
    },
    Topic {
        slug: "resources",
        title: Text("Resource policy"),
        about: Text(
            "What happens when a second client comes with the name of the first, and how many sessions an account has.",
        ),
        begins: &["c2s.conflict_policy", "sessions."],
    },
    Topic {
        slug: "offline",
        title: Text("Offline messages"),
        about: Text("What becomes of messages for people who are not there."),
        begins: &["offline."],
    },
    Topic {
        slug: "limits",
        title: Text("Limits"),
        about: Text("How much an account may keep on the server."),
        begins: &["roster.", "blocking.", "vcard.", "private.", "accounts."],
    },
    Topic {
        slug: "about",
        title: Text("What the server says of itself"),
        about: Text("Whom people write to, and whether clients are told the version."),
        begins: &["contacts.", "version."],
    },
    Topic {
        slug: "cluster",
        title: Text("Clustering"),
        about: Text("How the servers that share the database find each other and act together."),
        begins: &["cluster."],
    },
    Topic {
        slug: "acme",
        title: Text("Certificates by ACME"),
        about: Text("Where certificates are ordered, and for which hosts. How that goes is on the certificates page."),
        begins: &["acme."],
    },
    Topic {
        slug: "administration",
        title: Text("Administration"),
        about: Text("The console, and how long what was done is kept."),
        begins: &["console.", "database.", "audit.", "properties."],
    },
    Topic {
        slug: "more",
        title: Text("More"),
        about: Text("What is of no other topic."),
        begins: &[""],
    },
];

/// What a number counts, by the end of its property's name.
const UNITS: &[(&str, Text)] = &[
    ("_bytes_per_second", Text("bytes a second")),
    ("_per_second", Text("a second")),
    ("_secs", Text("seconds")),
    ("_ms", Text("milliseconds")),
    ("_days", Text("days")),
    ("_bytes", Text("bytes")),
];

/// Words that are not written as in a property's name.
const WORDS: &[(&str, &str)] = &[
    ("dns", "DNS"),
    ("tls", "TLS"),
    ("sasl", "SASL"),
    ("scram_sha_1", "SCRAM-SHA-1"),
    ("plain", "PLAIN"),
    ("external", "EXTERNAL"),
];

impl Topic {
    /// The one at this address.
    pub(crate) fn find(slug: &str) -> Option<&'static Self> {
        TOPICS.iter().find(|topic| topic.slug == slug)
    }

    /// The one that a property is of.
    pub(crate) fn of(name: &str) -> &'static Self {
        let fits = |topic: &Self| {
            let begins = topic.begins.iter().filter(|begin| name.starts_with(**begin));
            begins.map(|begin| begin.len()).max()
        };
        let last = &TOPICS[TOPICS.len() - 1];
        TOPICS
            .iter()
            .filter_map(|topic| fits(topic).map(|length| (length, topic)))
            .max_by_key(|(length, _)| *length)
            .map_or(last, |(_, topic)| topic)
    }
}

/// How a property's field is called, and what its number counts.
pub(crate) fn label(name: &str) -> (String, Option<Text>) {
    let (_, rest) = name.split_once('.').unwrap_or(("", name));
    let unit = UNITS.iter().find(|(end, _)| rest.ends_with(end));
    let own = told(name);
    if own != name {
        return (own, unit.map(|(_, unit)| *unit));
    }
    let text = unit.and_then(|(end, _)| rest.strip_suffix(end)).unwrap_or(rest);
    let word = |part: &str| {
        let known = WORDS.iter().find(|(word, _)| *word == part);
        known.map_or_else(|| part.replace('_', " "), |(_, written)| (*written).to_owned())
    };
    let text = text.split('.').map(word).collect::<Vec<_>>().join(", ");
    let mut letters = text.chars();
    let text = match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => text,
    };
    (text, unit.map(|(_, unit)| *unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_is_of_the_topic_that_fits_best() {
        for (name, slug) in [
            ("c2s.idle_timeout_secs", "connections"),
            ("c2s.conflict_policy", "resources"),
            ("sessions.max_per_account", "resources"),
            ("lockout.exempt", "login"),
            ("offline.policy", "offline"),
            ("nothing.known", "more"),
        ] {
            assert_eq!(Topic::of(name).slug, slug, "{name}");
            assert!(Topic::find(slug).is_some());
        }
    }

    #[test]
    fn labels_are_words_with_their_unit() {
        for (name, text, unit) in [
            ("c2s.idle_timeout_secs", "Idle timeout", Some("seconds")),
            ("c2s.bytes_per_second", "Bytes", Some("a second")),
            ("connections.accepts_per_second", "Accepts", Some("a second")),
            ("cluster.start.delay_secs", "Start, delay", Some("seconds")),
            ("sasl.scram_sha_1", "SCRAM-SHA-1", None),
            ("tls.oldest", "Oldest", None),
        ] {
            assert_eq!(label(name), (text.to_owned(), unit.map(Text)), "{name}");
        }
    }
}
