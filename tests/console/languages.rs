//! The languages of the console: how one is chosen, and that a page is all in it.

use std::collections::BTreeSet;

use anyhow::Result;
use tests::support::process::DOMAIN;

use crate::{
    browser::{Answer, Browser},
    house::{House, PASSWORD},
};

/// Chooses a language as the foot of a page does.
fn choose(browser: &mut Browser, language: &str, next: &str) -> Answer {
    browser.post_raw("/language", &[("language", language), ("next", next)])
}

#[test]
fn a_language_is_chosen_in_the_foot_of_a_page_and_kept() -> Result<()> {
    let house = House::start()?;
    let mut browser = house.stranger();
    browser
        .get("/login?next=%2Fhosts")
        .says(200, "<html lang=\"en\">")
        .says(200, "name=\"next\" value=\"/login?next=%2Fhosts\"")
        .says(200, "value=\"de\" lang=\"de\">Deutsch</button>");
    let chosen = choose(&mut browser, "de", "/login?next=%2Fhosts");
    chosen.leads_to("/login?next=%2Fhosts");
    let cookie = chosen.header("set-cookie");
    for part in [
        "language=de; Max-Age=31536000",
        "; Path=/",
        "; HttpOnly",
        "; SameSite=Strict",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    browser
        .get("/login")
        .says(200, "<html lang=\"de\">")
        .says(200, "<h1>Anmelden</h1>");
    choose(&mut browser, "xx", "/login").leads_to("/login");
    browser.get("/login").says(200, "<h1>Anmelden</h1>");
    for next in ["//example.org/", "https://example.org/", "javascript:alert(1)", ""] {
        choose(&mut browser, "de", next).leads_to("/");
    }
    choose(&mut browser, "en", "/login");
    browser.get("/login").says(200, "<h1>Log in</h1>");
    // Another site's form changes nothing.
    let headers = [
        ("Origin", "https://example.org"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let foreign = browser.send("POST", "/language", &headers, "language=de&next=/login");
    assert_eq!((foreign.status, foreign.header("set-cookie")), (403, ""));
    assert_eq!(browser.send("GET", "/language", &[], "").status, 405);
    Ok(())
}

#[test]
fn what_a_form_answers_and_what_comes_later_is_in_the_chosen_language() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    choose(&mut owner, "de", "/");
    let fields = [("name", "eve"), ("host", DOMAIN), ("password", "x"), ("again", "y")];
    owner
        .post("/", "/accounts/new", &fields)
        .says(422, "id=\"password-error\">die beiden Passwörter unterscheiden sich")
        .says(422, "name=\"next\" value=\"/\"");
    let fields = [("name", "alice"), ("host", DOMAIN), ("password", "x"), ("again", "x")];
    owner
        .post("/", "/accounts/new", &fields)
        .says(422, "id=\"name-error\">es gibt schon ein Konto alice@localhost");
    owner
        .post("/", "/properties/roster.max_items", &[("value", "many")])
        .says(
            422,
            "roster.max_items = &#34;many&#34; ist nicht erlaubt; erlaubt: ganze Zahlen von ",
        );
    owner
        .get("/hosts/nowhere")
        .says(404, "dieser Server hat keinen Host nowhere");
    house.visitor("reader");
    let mut reader = house.visitor("reader");
    choose(&mut reader, "de", "/");
    reader.get("/accounts/new").says(403, "(nur lesend) darf das nicht");
    let mut stranger = house.stranger();
    choose(&mut stranger, "de", "/login");
    let wrong = [("address", "owner"), ("password", "wrong")];
    stranger
        .post("/login", "/login", &wrong)
        .says(401, "Nicht angemeldet: diese Adresse und dieses Passwort");
    stranger.log_in(&format!("owner@{DOMAIN}"), PASSWORD).leads_to("/");
    Ok(())
}

#[test]
fn a_page_that_keeps_itself_up_to_date_goes_on_in_the_chosen_language() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    choose(&mut owner, "de", "/");
    for (path, words) in [
        ("/banner/events", "Der Cluster ist ausgeschaltet"),
        ("/cluster/events", "Ein Server benutzt"),
    ] {
        let mut lines = crate::sight::events(&owner, path)?;
        assert!(lines.any(|line| line.contains(words)), "{path}");
    }
    Ok(())
}

/// Pages with something on them.
fn pages(owner: &mut Browser, node: &str) -> Vec<String> {
    let alice = format!("/accounts/alice@{DOMAIN}");
    for (path, fields) in [
        (
            "/groups/new",
            &[("host", DOMAIN), ("name", "staff"), ("shown_to", "members")][..],
        ),
        (&format!("/groups/{DOMAIN}/staff/members"), &[("lines", "bob")]),
        (&format!("{alice}/contacts"), &[("contact", "bob@localhost")]),
        (&format!("{alice}/blocked"), &[("jid", "carol@other.test")]),
        (&format!("{alice}/vcard"), &[("nickname", "Alice")]),
        (&format!("{alice}/lock"), &[("until", "week"), ("reason", "x")]),
        ("/properties/roster.max_items", &[("value", "123")]),
        ("/tokens", &[("name", "backup"), ("role", "owner"), ("days", "3")]),
    ] {
        let answer = owner.post("/", path, fields);
        assert!(answer.status < 400, "{path}: {}", answer.body);
    }
    let values = [
        ("{address}", format!("alice@{DOMAIN}")),
        ("{host}", DOMAIN.to_owned()),
        ("{node}", node.to_owned()),
        ("{cache}", "sessions".to_owned()),
        ("/properties/{name}", "/properties/roster.max_items".to_owned()),
        ("/groups/localhost/{name}", "/groups/localhost/staff".to_owned()),
    ];
    let read = console::table().into_iter().filter(|route| route.method == "GET");
    let paths = read.map(|route| {
        let fill = |path: String, (hole, value): &(&str, String)| path.replace(hole, value);
        values.iter().fold(route.path.to_owned(), fill)
    });
    // Streams have no end, an export is no page, and nobody is connected whose session could be shown.
    let shown =
        paths.filter(|path| !path.ends_with("/events") && !["/audit/export", "/sessions/one"].contains(&&**path));
    let topics = [
        "connections",
        "resuming",
        "login",
        "resources",
        "offline",
        "limits",
        "about",
        "cluster",
        "administration",
    ];
    let topics = topics.map(|topic| format!("/settings/{topic}"));
    shown.filter(|path| !path.contains('{')).chain(topics).collect()
}

/// What a page says to whoever reads it: texts, and what tags say of themselves. What is code, is code.
fn words(page: &str) -> BTreeSet<String> {
    let (mut words, mut code) = (BTreeSet::new(), 0);
    for part in page.split('<') {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        let name = tag.split(' ').next().unwrap_or_default();
        match name {
            "code" | "pre" | "ol" => code += 1,
            "/code" | "/pre" | "/ol" => code -= 1,
            _ => {}
        }
        for attribute in ["aria-label", "placeholder", "title", "data-label"] {
            let value = tag.split_once(&format!(" {attribute}=\""));
            words.extend(value.and_then(|(_, rest)| rest.split('"').next()).map(str::to_owned));
        }
        if code == 0 {
            words.insert(text.trim().to_owned());
        }
    }
    words
}

/// Names, which no language translates.
const NAMES: [&str; 4] = [
    "failed logins by account",
    "failed logins by address",
    "Cache sessions",
    "ECDSA with SHA-256",
];

/// A page without a part of it.
fn without(page: &str, begin: &str, end: &str) -> String {
    let Some((before, rest)) = page.split_once(begin) else {
        return page.to_owned();
    };
    let (_, after) = rest.split_once(end).unwrap();
    format!("{before}{after}")
}

/// A page without what is English in every language: what is on record, and what migrations are called.
fn without_record(path: &str, page: &str) -> String {
    let page = page.replace(" – Hearth", "");
    match path {
        "/audit" => without(&page, "<tbody>", "</tbody>"),
        "/database" => without(&page, " id=\"migrations\"", "</table>"),
        _ => page,
    }
}

/// Whether somebody has to know the language to understand it: two words at least.
fn is_of_a_language(text: &str) -> bool {
    let is_word = |word: &&str| {
        word.len() > 1
            && word
                .chars()
                .all(|letter| letter.is_alphabetic() || ",.:;".contains(letter))
    };
    text.split(' ').filter(is_word).count() > 1
}

#[test]
fn no_page_mixes_two_languages() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let nodes: serde_json::Value = serde_json::from_str(&house.hearth(&["cluster", "nodes", "--json"])?)?;
    let server = format!("Server {}", nodes[0]["name"].as_str().unwrap());
    let mut mixed = Vec::new();
    for path in pages(&mut owner, &nodes[0]["id"].to_string()) {
        choose(&mut owner, "en", "/");
        let english = owner.get(&path);
        choose(&mut owner, "de", "/");
        let german = owner.get(&path);
        assert_eq!((english.status, german.status), (200, 200), "{path}: {}", english.body);
        german.says(200, "<html lang=\"de\">");
        let english = words(&without_record(&path, &english.body));
        let german = words(&without_record(&path, &german.body));
        let same = german
            .into_iter()
            .filter(|text| english.contains(text) && is_of_a_language(text));
        let same = same.filter(|text| !NAMES.contains(&&**text) && *text != server);
        mixed.extend(same.map(|text| format!("{path}: {text}")));
    }
    assert!(mixed.is_empty(), "{mixed:#?}");
    Ok(())
}
