//! The name that was most likely meant.

/// Jaro–Winkler likeness from which a suggestion helps rather than puzzles.
const LIKE: f64 = 0.8;

/// The name in `known` that was most likely meant by `name`.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= LIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_mistyped_name_finds_the_one_that_was_meant() {
        let known = ["c2s.listen", "c2s.tls_listen", "database.url", "data_dir"];
        for (name, expected) in [
            ("c2s.lisen", Some("c2s.listen")),
            ("c2s.tls-listen", Some("c2s.tls_listen")),
            ("database.uri", Some("database.url")),
            ("datadir", Some("data_dir")),
            ("zzz", None),
        ] {
            assert_eq!(nearest(name, known.into_iter()), expected, "{name}");
        }
    }
}
