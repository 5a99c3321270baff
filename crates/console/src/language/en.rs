use std::sync::OnceLock;

use super::Language;

pub(super) static ENGLISH: Language = Language {
    tag: "en",
    name: "English",
    form: |count| usize::from(count != 1),
    lists: &[],
    texts: OnceLock::new(),
    others: &[],
    told: OnceLock::new(),
};
