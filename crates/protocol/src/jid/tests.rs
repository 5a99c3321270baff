#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use proptest::prelude::*;

use super::*;

fn check(text: &str, expected: Result<&str, JidError>) {
    let found = text.parse::<Jid>();
    assert_eq!(found.as_ref().map(Jid::as_str), expected.as_ref().copied(), "{text:?}");
    let Ok(jid) = found else { return };
    assert_eq!(
        jid.as_str().parse(),
        Ok(jid.clone()),
        "{text:?} is parsed to what is parsed to itself"
    );
    let parts = Jid::from_parts(jid.local(), jid.domain(), jid.resource());
    assert_eq!(parts.as_ref(), Ok(&jid), "{text:?} is made of its parts");
}

#[test]
fn the_three_parts_are_told_apart() {
    for (text, local, domain, resource) in [
        ("example.org", None, "example.org", None),
        ("juliet@example.org", Some("juliet"), "example.org", None),
        (
            "juliet@example.org/balcony",
            Some("juliet"),
            "example.org",
            Some("balcony"),
        ),
        ("example.org/balcony", None, "example.org", Some("balcony")),
        ("example.org/a@b/c", None, "example.org", Some("a@b/c")),
        ("juliet@example.org//", Some("juliet"), "example.org", Some("/")),
        ("juliet@[::1]/x", Some("juliet"), "[::1]", Some("x")),
    ] {
        let jid: Jid = text.parse().unwrap();
        assert_eq!(
            (jid.local(), jid.domain(), jid.resource()),
            (local, domain, resource),
            "{text}"
        );
        assert_eq!(jid.bare_str(), text.split('/').next().unwrap());
        assert_eq!(jid.to_bare().as_str(), jid.bare_str());
        assert_eq!(jid.to_domain().as_str(), domain);
        assert_eq!(jid.is_bare(), resource.is_none());
        assert_eq!(
            jid.with_resource("new").unwrap().as_str(),
            format!("{}/new", jid.bare_str())
        );
    }
}

#[test]
fn parts_must_not_be_empty() {
    check("", Err(JidError::EmptyDomain));
    check("@example.org", Err(JidError::EmptyLocalpart));
    check("@", Err(JidError::EmptyLocalpart));
    check("juliet@", Err(JidError::EmptyDomain));
    check("juliet@/x", Err(JidError::EmptyDomain));
    check("/", Err(JidError::EmptyDomain));
    check("example.org/", Err(JidError::EmptyResource));
    check("juliet@.", Err(JidError::EmptyDomain));
    check("\u{ad}@example.org", Err(JidError::EmptyLocalpart));
    check("juliet@example.org/\u{ad}", Err(JidError::EmptyResource));
}

#[test]
fn parts_have_1023_bytes_at_most_before_and_after_preparation() {
    let (most, more) = ("x".repeat(1023), "x".repeat(1024));
    let domain = vec!["x".repeat(63); 16].join(".");
    assert_eq!(domain.len(), 1023);
    check(
        &format!("{most}@{domain}/{most}"),
        Ok(&format!("{most}@{domain}/{most}")),
    );
    check(&format!("{more}@example.org"), Err(JidError::TooLong));
    check(&format!("x{domain}"), Err(JidError::TooLong));
    check(&format!("example.org/{more}"), Err(JidError::TooLong));
    // One character of three bytes that becomes eighteen characters.
    check(
        &format!("example.org/{}", "\u{fdfa}".repeat(300)),
        Err(JidError::TooLong),
    );
}

#[test]
fn localparts_have_one_canonical_form() {
    check("JULIET@example.org", Ok("juliet@example.org"));
    check("\u{ff2a}\u{ff35}liet@example.org", Ok("juliet@example.org"));
    check("J\u{dc}RGEN@example.org", Ok("j\u{fc}rgen@example.org"));
    check("ju\u{308}rgen@example.org", Ok("j\u{fc}rgen@example.org"));
    check("stra\u{df}e@example.org", Ok("strasse@example.org"));
    check(
        "\u{3a3}\u{3af}\u{3c2}@example.org",
        Ok("\u{3c3}\u{3af}\u{3c3}@example.org"),
    );
    check("ju\u{ad}liet@example.org", Ok("juliet@example.org"));
    check("\u{5d0}\u{5d1}@example.org", Ok("\u{5d0}\u{5d1}@example.org"));
    check("juliet\\40capulet@example.org", Ok("juliet\\40capulet@example.org"));
    check(
        "a!#$%()*+,-.;=?[]^_`{|}~@example.org",
        Ok("a!#$%()*+,-.;=?[]^_`{|}~@example.org"),
    );
    check("\u{1f600}@example.org", Ok("\u{1f600}@example.org"));
}

#[test]
fn localparts_refuse_what_means_something_elsewhere() {
    for local in [
        "a b", "a\"b", "a&b", "a'b", "a:b", "a<b", "a>b", "a\0b", "a\nb", "a\u{7f}b",
    ] {
        check(&format!("{local}@example.org"), Err(JidError::Localpart));
    }
    for local in [
        "a\u{ff20}b",
        "a\u{ff0f}b",
        "a\u{2028}b",
        "a\u{200e}b",
        "a\u{e000}b",
        "\u{5d0}a",
        "\u{3000}",
    ] {
        check(&format!("{local}@example.org"), Err(JidError::Localpart));
    }
    check("a@b@example.org", Err(JidError::Domain));
}

#[test]
fn domains_have_one_canonical_form() {
    for text in [
        "b\u{fc}cher.example",
        "B\u{dc}CHER.example",
        "bu\u{308}cher.example",
        "xn--bcher-kva.example",
        "XN--BCHER-KVA.EXAMPLE",
        "b\u{fc}cher.example.",
        "b\u{fc}cher\u{3002}example",
        "b\u{fc}cher.example\u{ff61}",
        "b\u{fc}cher.\u{ff45}xample",
    ] {
        check(text, Ok("b\u{fc}cher.example"));
    }
    check("EXAMPLE.org.", Ok("example.org"));
    check("\u{ff45}\u{ff58}ample.org", Ok("example.org"));
    check("xn--example-.org", Err(JidError::Domain));
    check("my_server.internal", Ok("my_server.internal"));
    check("localhost", Ok("localhost"));
    check("192.0.2.1", Ok("192.0.2.1"));
    check("[2001:DB8:0:0::1]", Ok("[2001:db8::1]"));
    check("fa\u{df}.example", Ok("fa\u{df}.example"));
    check("xn--fa-hia.example", Ok("fa\u{df}.example"));
}

#[test]
fn domains_refuse_what_is_no_host_name() {
    for domain in [
        "..",
        "example..org",
        ".example.org",
        "example.org..",
        "-example.org",
        "example-.org",
        "exam ple.org",
        "example.org:5222",
        "example.org?",
        "exa%6dple.org",
        "\u{ff0f}example.org",
        "example\u{ff20}org",
        "example\u{a0}.org",
        "xn--.org",
        "xn--a.org",
        "xn--\u{fc}.org",
        "\u{202e}org",
        "\u{fffd}.org",
        "[::1",
        "[::1]x",
        "[192.0.2.1]",
        "[]",
        "::1",
        "\0",
    ] {
        check(domain, Err(JidError::Domain));
    }
}

#[test]
fn resources_keep_what_people_write() {
    check(
        "example.org/Anna \u{1f600}\u{1fae8}",
        Ok("example.org/Anna \u{1f600}\u{1fae8}"),
    );
    check("example.org/ a  b ", Ok("example.org/ a  b "));
    check("example.org/<&>'\"", Ok("example.org/<&>'\""));
    check("example.org/e\u{301}", Ok("example.org/\u{e9}"));
    check("example.org/JULIET", Ok("example.org/JULIET"));
    for resource in [
        "\0",
        "a\tb",
        "\u{7f}",
        "\u{85}",
        "\u{202e}abc",
        "\u{fffe}",
        "\u{e001}",
        "\u{5d0}a",
    ] {
        check(&format!("example.org/{resource}"), Err(JidError::Resource));
    }
}

#[test]
fn a_jid_is_found_by_its_text() {
    let jid: Jid = "Juliet@Example.org/Balcony".parse().unwrap();
    let map = HashMap::from([(jid.clone(), 1)]);
    assert_eq!(map.get("juliet@example.org/Balcony"), Some(&1));
    let hasher = RandomState::new();
    assert_eq!(hasher.hash_one(&jid), hasher.hash_one(jid.as_str()));
}

/// Texts that are often JIDs, with all that Unicode has in them.
fn any_jid() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-zA-Z0-9._-]{1,12}",
        2 => "\\PC{1,8}",
        1 => any::<String>(),
        1 => "[\u{100}-\u{2ff}\u{370}-\u{5ff}\u{1e00}-\u{1fff}\u{fb00}-\u{feff}\u{1f100}-\u{1f1ff}]{1,6}",
    ];
    let parts = (
        proptest::option::of(part.clone()),
        part.clone(),
        proptest::option::of(part),
    );
    parts.prop_map(|(local, domain, resource)| {
        let local = local.map(|local| format!("{local}@")).unwrap_or_default();
        let resource = resource.map(|resource| format!("/{resource}")).unwrap_or_default();
        format!("{local}{domain}{resource}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_is_parsed_is_displayed_and_parsed_again_to_the_same(text in any_jid()) {
        if let Ok(jid) = text.parse::<Jid>() {
            prop_assert_eq!(jid.to_string().parse(), Ok(jid.clone()));
            prop_assert_eq!(Jid::from_parts(jid.local(), jid.domain(), jid.resource()), Ok(jid.clone()));
            for part in [jid.local(), Some(jid.domain()), jid.resource()].into_iter().flatten() {
                prop_assert!((1..=PART_MAX_BYTES).contains(&part.len()));
            }
        }
    }

    #[test]
    fn every_character_is_refused_or_comes_to_rest(character in any::<char>()) {
        let text = character.to_string();
        for (local, domain, resource) in [(Some(&text), "d", None), (None, &*text, None), (None, "d", Some(&text))] {
            let jid = Jid::from_parts(local.map(String::as_str), domain, resource.map(String::as_str));
            if let Ok(jid) = jid {
                prop_assert_eq!(jid.as_str().parse(), Ok(jid.clone()));
            }
        }
    }
}
