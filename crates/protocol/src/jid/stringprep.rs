//! Stringprep (RFC 3454) as XMPP servers run it: nodeprep and resourceprep (RFC 6122 appendices A and B) and
//! SASLprep (RFC 4013), on the tables of the RFC.
//!
//! Unassigned code points pass. "Unassigned" means unassigned in Unicode 3.2 of 2002, so that refusing them would
//! refuse every emoji in a nickname; RFC 3454 §7 allows it for queries, and the other servers do it as well.

use stringprep::tables;
use unicode_normalization::UnicodeNormalization;

/// Characters that a localpart may not have (RFC 7622 §3.3.1).
pub(super) const LOCALPART_FORBIDDEN: &[char] = &['"', '&', '\'', '/', ':', '<', '>', '@'];

/// A profile of stringprep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Localparts.
    Nodeprep,
    /// Resources.
    Resourceprep,
    /// Passwords.
    Saslprep,
}

/// How often what was prepared is prepared again before it must have come to rest.
///
/// Newer characters, which the tables of 2002 do not fold, may be normalized to letters which they do.
const ROUNDS: usize = 4;

/// The prepared text; `None` where it has a character that is not allowed, or never comes to rest.
pub(crate) fn prepare(profile: Profile, text: &str) -> Option<String> {
    let mut prepared = once(profile, text);
    for _ in 0..ROUNDS {
        let next = once(profile, &prepared);
        if next == prepared {
            return is_allowed(profile, &prepared).then_some(prepared);
        }
        prepared = next;
    }
    None
}

/// Mapping (RFC 3454 §3) and normalization (§4).
fn once(profile: Profile, text: &str) -> String {
    let mapped = text.chars().map(|character| match profile {
        // RFC 4013 §2.1. U+200B is in both tables; libidn makes it a space as well.
        Profile::Saslprep if tables::non_ascii_space_character(character) => ' ',
        _ => character,
    });
    let kept = mapped.filter(|&character| !tables::commonly_mapped_to_nothing(character));
    match profile {
        Profile::Nodeprep => kept.flat_map(tables::case_fold_for_nfkc).nfkc().collect(),
        Profile::Resourceprep | Profile::Saslprep => kept.nfkc().collect(),
    }
}

fn is_allowed(profile: Profile, text: &str) -> bool {
    !text.chars().any(|character| is_prohibited(profile, character)) && keeps_bidi_rule(text)
}

/// Prohibited output (RFC 3454 §5).
fn is_prohibited(profile: Profile, c: char) -> bool {
    let is_of_the_profile = match profile {
        Profile::Nodeprep => tables::ascii_space_character(c) || LOCALPART_FORBIDDEN.contains(&c),
        Profile::Resourceprep | Profile::Saslprep => false,
    };
    is_of_the_profile
        || tables::non_ascii_space_character(c)
        || tables::ascii_control_character(c)
        || tables::non_ascii_control_character(c)
        || tables::private_use(c)
        || tables::non_character_code_point(c)
        || tables::inappropriate_for_plain_text(c)
        || tables::inappropriate_for_canonical_representation(c)
        || tables::change_display_properties_or_deprecated(c)
        || tables::tagging_character(c)
}

/// RFC 3454 §6: a text with right-to-left letters has no left-to-right ones, and begins and ends with its own.
fn keeps_bidi_rule(text: &str) -> bool {
    if !text.chars().any(tables::bidi_r_or_al) {
        return true;
    }
    !text.chars().any(tables::bidi_l)
        && text.chars().next().is_some_and(tables::bidi_r_or_al)
        && text.chars().next_back().is_some_and(tables::bidi_r_or_al)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(profile: Profile, text: &str, expected: Option<&str>) {
        assert_eq!(prepare(profile, text).as_deref(), expected, "{profile:?} {text:?}");
    }

    #[test]
    fn nodeprep_folds_case_and_width() {
        check(Profile::Nodeprep, "JULIET", Some("juliet"));
        check(Profile::Nodeprep, "\u{ff2a}uliet", Some("juliet"));
        check(Profile::Nodeprep, "Stra\u{df}e", Some("strasse"));
        check(Profile::Nodeprep, "\u{c4}\u{308}", Some("\u{e4}\u{308}"));
        check(Profile::Nodeprep, "A\u{308}", Some("\u{e4}"));
        check(
            Profile::Nodeprep,
            "\u{39f}\u{394}\u{39f}\u{3a3}",
            Some("\u{3bf}\u{3b4}\u{3bf}\u{3c3}"),
        );
        check(
            Profile::Nodeprep,
            "\u{3bf}\u{3b4}\u{3bf}\u{3c2}",
            Some("\u{3bf}\u{3b4}\u{3bf}\u{3c3}"),
        );
        check(Profile::Nodeprep, "soft\u{ad}hyphen", Some("softhyphen"));
        check(Profile::Nodeprep, "\u{ad}", Some(""));
        check(Profile::Nodeprep, "\u{1f130}dmin", Some("admin"));
        check(Profile::Nodeprep, "\u{1f600}", Some("\u{1f600}"));
    }

    #[test]
    fn nodeprep_refuses_what_has_a_meaning_elsewhere() {
        for text in [
            "a b",
            "a\u{a0}b",
            "\u{ff20}",
            "a\u{ff0f}b",
            "\u{2100}",
            "a\0",
            "\u{7f}",
            "\u{e000}",
            "\u{fffd}",
        ] {
            check(Profile::Nodeprep, text, None);
        }
    }

    #[test]
    fn resourceprep_keeps_case_and_spaces() {
        check(Profile::Resourceprep, "Anna \u{1f600}", Some("Anna \u{1f600}"));
        check(Profile::Resourceprep, "\u{1fae8}\u{1f970}", Some("\u{1fae8}\u{1f970}"));
        check(Profile::Resourceprep, "a\u{3000}b", Some("a b"));
        check(Profile::Resourceprep, "e\u{301}", Some("\u{e9}"));
        check(Profile::Resourceprep, "\u{2168}", Some("IX"));
        for text in [
            "\n",
            "\u{85}",
            "\u{202e}x",
            "\u{200e}",
            "\u{2028}",
            "\u{fdd0}",
            "\u{10ffff}",
            "\u{e0041}",
        ] {
            check(Profile::Resourceprep, text, None);
        }
    }

    #[test]
    fn saslprep_follows_the_examples_of_rfc_4013() {
        check(Profile::Saslprep, "I\u{ad}X", Some("IX"));
        check(Profile::Saslprep, "user", Some("user"));
        check(Profile::Saslprep, "USER", Some("USER"));
        check(Profile::Saslprep, "\u{aa}", Some("a"));
        check(Profile::Saslprep, "\u{2168}", Some("IX"));
        check(Profile::Saslprep, "\u{7}", None);
        check(Profile::Saslprep, "\u{627}\u{31}", None);
        check(Profile::Saslprep, "a\u{a0}\u{1680}b", Some("a  b"));
    }

    #[test]
    fn directions_do_not_mix() {
        check(Profile::Nodeprep, "\u{5d0}\u{5d1}", Some("\u{5d0}\u{5d1}"));
        check(Profile::Nodeprep, "\u{5d0}1\u{5d1}", Some("\u{5d0}1\u{5d1}"));
        for text in ["\u{5d0}a", "a\u{5d0}", "1\u{5d0}", "\u{5d0}1", "\u{627}a\u{628}"] {
            check(Profile::Nodeprep, text, None);
            check(Profile::Resourceprep, text, None);
        }
    }
}
