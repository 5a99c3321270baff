//! Documents that attackers would have an operator import: refused, quickly, and nothing of them is taken in.

use std::time::{Duration, Instant};

use ops::{PORTABLE_MAX_BYTES, Page};

use crate::{house, local};

/// A document with one account, with this before its root and this in the account.
fn document(before: &str, inside: &str) -> String {
    format!(
        "{before}<server-data xmlns='urn:xmpp:pie:0'><host jid='one.example'>\
         <user name='eve' password='secret'>{inside}</user></host></server-data>"
    )
}

/// Ten levels of ten: 10¹⁰ times the text.
fn billion_laughs() -> String {
    let levels = (1..10).map(|level| {
        let before = format!("&l{};", level - 1).repeat(10);
        format!("<!ENTITY l{level} \"{before}\">")
    });
    let levels: String = levels.collect();
    document(
        &format!("<!DOCTYPE server-data [<!ENTITY l0 \"ha\">{levels}]>"),
        "<vCard xmlns='vcard-temp'><FN>&l9;</FN></vCard>",
    )
}

#[tokio::test]
async fn hostile_documents_are_refused_whole() {
    let card = |text: &str| format!("<vCard xmlns='vcard-temp'><FN>{text}</FN></vCard>");
    let depth = 100_000;
    let rows: Vec<(&str, String)> = vec![
        ("a DTD", document("<!DOCTYPE server-data>", "")),
        (
            "one of another place",
            document("<!DOCTYPE x SYSTEM \"http://127.0.0.1:1/x.dtd\">", ""),
        ),
        (
            "an external entity",
            document("<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>", &card("&f;")),
        ),
        (
            "a parameter entity",
            document("<!DOCTYPE x [<!ENTITY % p SYSTEM \"file:///etc/passwd\"> %p;]>", ""),
        ),
        ("a billion laughs", billion_laughs()),
        ("an entity nobody made", document("", &card("&f;"))),
        ("an instruction", document("<?xml-stylesheet href='x'?>", "")),
        ("an instruction inside", document("", "<?php system('id') ?>")),
        (
            "two declarations",
            document("<?xml version='1.0'?><?xml version='1.0'?>", ""),
        ),
        ("a comment", document("", "<!-- x -->")),
        ("CDATA that never ends", document("", "<![CDATA[")),
        ("no end", document("", "<vCard xmlns='vcard-temp'>")),
        ("two roots", document("", "") + &document("", "")),
        ("more behind it", document("", "") + "x"),
        ("a character that is none", document("", &card("&#0;"))),
        ("NUL", document("", &card("\0"))),
        ("too deep", document("", &("<a>".repeat(depth) + &"</a>".repeat(depth)))),
        (
            "one attribute twice",
            document("", "<vCard xmlns='vcard-temp' a='1' a='2'/>"),
        ),
        ("too long", document("", &card(&"x".repeat(PORTABLE_MAX_BYTES)))),
        ("nothing", String::new()),
    ];
    let house = house().await;
    for (what, xml) in rows {
        let began = Instant::now();
        let outcome = house.accounts.import_portable(&local(), &xml).await;
        assert!(outcome.is_err(), "{what} was taken in: {outcome:?}");
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{what} took {:?}",
            began.elapsed()
        );
    }
    assert_eq!(
        house
            .accounts
            .list(
                &local(),
                &Page {
                    limit: 10,
                    ..Page::default()
                }
            )
            .await
            .unwrap(),
        []
    );
    // What the rows have in common is no reason to refuse them.
    let outcome = house
        .accounts
        .import_portable(&local(), &document("", &card("x")))
        .await;
    assert_eq!(outcome.unwrap().created, 1);
}

#[tokio::test]
async fn a_document_names_accounts_and_nothing_else() {
    let house = house().await;
    for name in [
        "../../etc/passwd",
        "eve@two.example",
        "/etc/passwd",
        "a/b",
        "",
        "a\u{202e}b c",
        "-",
    ] {
        let xml = document("", "").replace("'eve'", &format!("'{name}'"));
        let imported = house.accounts.import_portable(&local(), &xml).await.unwrap();
        let expected = u64::from(name == "-");
        assert_eq!(imported.created, expected, "{name:?}: {imported:?}");
    }
    let elsewhere = document("", "").replace("one.example", "nowhere.example");
    let imported = house.accounts.import_portable(&local(), &elsewhere).await.unwrap();
    assert_eq!((imported.created, imported.refused.len()), (0, 1));
}
