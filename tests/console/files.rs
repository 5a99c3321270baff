//! What leaves the server as a file, and what it never does: take files in over HTTP, or fetch what somebody named.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::TcpListener;

use anyhow::Result;
use protocol::Jid;
use serde_json::{Value, json};
use testkit::client::Connect;
use tests::support::process::DOMAIN;
use tokio::task::block_in_place;

use crate::{
    browser::Answer,
    house::{House, PASSWORD},
};

const COLUMNS: usize = 10;

/// What spreadsheets run, as far as it can be an address that somebody types at the login.
const FORMULAS: &[&str] = &[
    "=cmd|'/C calc'!A0",
    "=HYPERLINK(\"http://evil.example\",\"click\")",
    "+1+1",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "\u{a0}=1+1",
    "\u{ff1d}1+1",
    "\",=1+1,\"",
    "\"\r\n=1+1,",
];

/// RFC 4180, as a spreadsheet reads it.
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut is_quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => cell.extend(characters.next()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !is_quoted && characters.peek() == Some(&'\n') => {
                characters.next();
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    assert!(!is_quoted && cell.is_empty() && row.is_empty(), "the last row is whole");
    rows
}

/// A body as it was before it was sent in chunks (RFC 9112 §7.1).
fn whole(answer: &Answer) -> String {
    if answer.header("transfer-encoding") != "chunked" {
        return answer.body.clone();
    }
    let (mut text, mut rest) = (Vec::new(), answer.body.as_bytes());
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return String::from_utf8(text).unwrap();
        }
        text.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 2 + length + 2..];
    }
}

#[track_caller]
fn is_a_download(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        answer
            .header("content-disposition")
            .starts_with("attachment; filename=\"")
    );
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(
        answer
            .header("content-security-policy")
            .starts_with("default-src 'none'")
    );
}

#[test]
fn no_cell_of_an_export_is_a_formula_and_none_ends_early() -> Result<()> {
    let house = House::start()?;
    let program = house.program("owner", &["owner"]);
    for formula in FORMULAS {
        // It stands first in a cell: as what was done to, before and afterwards.
        let path = format!("/accounts/{}/lock", crate::browser::percent(formula));
        program.delete(&path).is(422);
        let value = json!({ "value": formula });
        program.put("/properties/roster.max_items", &value).is(422);
    }
    // Nobody needs a login to be in the record.
    house.stranger().log_in(FORMULAS[0], "x");
    let mut owner = house.visitor("owner");
    let answer = owner.get("/audit/export?form=csv");
    is_a_download(&answer);
    let rows = cells(&whole(&answer));
    let begins_a_formula = |cell: &str| {
        let first = cell.chars().find(|character| !character.is_whitespace());
        let begin = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
        first.is_some_and(|first| begin.contains(&first)) || cell.starts_with(['\t', '\r', '\n'])
    };
    for row in &rows {
        assert_eq!(row.len(), COLUMNS, "{row:?}");
        assert!(!row.iter().any(|cell| begins_a_formula(cell)), "{row:?}");
    }
    let all: String = rows.concat().concat();
    for formula in FORMULAS {
        assert!(all.contains(formula), "{formula:?} is not in the export");
    }
    let lines = whole(&owner.get("/audit/export?form=jsonl"));
    for line in lines.lines() {
        let object: Value = serde_json::from_str(line)?;
        assert_eq!(object.as_object().map(serde_json::Map::len), Some(COLUMNS), "{line}");
    }
    Ok(())
}

#[test]
fn an_export_is_whole_however_long_and_holds_no_secret() -> Result<()> {
    let house = House::start()?;
    let program = house.program("owner", &["owner"]);
    let made = program.post("/tokens", &json!({ "name": "another", "role": "owner" }));
    let token = made.is(201).json()["token"].as_str().unwrap().to_owned();
    let new = json!({ "jid": format!("eve@{DOMAIN}"), "password": "geheim-1" });
    program.post("/accounts", &new).is(201);
    let other = json!({ "password": "geheim-2" });
    program.put(&format!("/accounts/eve@{DOMAIN}/password"), &other).is(200);
    house.stranger().log_in(&format!("alice@{DOMAIN}"), "geheim-3");
    // More than is read from the database at a time.
    for _ in 0..520 {
        program.delete(&format!("/accounts/eve@{DOMAIN}/lock")).is(204);
    }
    let mut owner = house.visitor("owner");
    for (form, head) in [("csv", 1), ("jsonl", 0)] {
        let answer = owner.get(&format!("/audit/export?form={form}&act=account.unlock"));
        is_a_download(&answer);
        assert_eq!(
            answer.header("transfer-encoding"),
            "chunked",
            "it is not gathered first"
        );
        let text = whole(&answer);
        assert_eq!(text.lines().count(), 520 + head);
        let distinct: BTreeSet<&str> = text.lines().collect();
        assert_eq!(distinct.len(), 520 + head, "each act once");
        let all = whole(&owner.get(&format!("/audit/export?form={form}")));
        for secret in [PASSWORD, "geheim", &token, &token[7..]] {
            assert!(!all.contains(secret), "{secret} is in the export");
        }
    }
    // The matrix says who may; here, that a refusal is no empty file.
    let refused = house.visitor("chief").get("/audit/export?form=csv");
    assert_eq!((refused.status, refused.header("content-disposition")), (403, ""));
    Ok(())
}

#[test]
fn an_account_that_is_saved_as_a_file_is_no_page_and_no_password() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let path = format!("/accounts/alice@{DOMAIN}/export");
    let answer = owner.post("/", &path, &[]);
    is_a_download(&answer);
    assert_eq!(answer.header("content-type"), "application/xml; charset=utf-8");
    answer.says(200, "<scram-credentials ");
    assert!(!answer.body.contains(PASSWORD) && !answer.body.contains("<?xml-stylesheet"));
    // A link that somebody sends does not save it.
    let answer = owner.get(&path);
    assert!(
        answer.status >= 400 && !answer.body.contains("scram"),
        "{}",
        answer.body
    );
    Ok(())
}

#[test]
fn no_file_is_taken_in_over_http() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let program = house.program("owner", &["owner"]);
    let kind = [("Content-Type", "image/svg+xml")];
    let file = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    for path in ["/", "/upload", "/upload/x.svg", "/assets/x/x.svg", "/files/../assets/x"] {
        let answer = owner.send("PUT", path, &kind, file);
        assert!(matches!(answer.status, 400 | 404 | 405), "{path}: {}", answer.status);
    }
    for path in ["/upload/x.svg", "/assets/x/x.svg"] {
        let answer = owner.get(path);
        assert!(
            answer.status == 404 && !answer.body.contains("onload"),
            "{path}: {}",
            answer.status
        );
    }
    for path in ["/upload", "/files/x.svg", "/accounts/alice@localhost/photo"] {
        let answer = program.send("PUT", path, &kind, file);
        assert!(matches!(answer.status, 404 | 405), "{path}: {}", answer.status);
    }
    // A form that is a file in truth is none of ours.
    let parts = "--x\r\nContent-Disposition: form-data; name=\"reason\"; filename=\"../../x\"\r\n\r\nspam\r\n--x--\r\n";
    let kind = [("Content-Type", "multipart/form-data; boundary=x")];
    let answer = owner.send("POST", &format!("/accounts/alice@{DOMAIN}/lock"), &kind, parts);
    assert!(matches!(answer.status, 400 | 403 | 415), "{}", answer.status);
    assert_eq!(
        program.get(&format!("/accounts/alice@{DOMAIN}")).json()["lock"],
        Value::Null
    );
    Ok(())
}

#[test]
fn files_of_ours_are_told_of_without_being_sent_and_are_never_half() -> Result<()> {
    let house = House::start()?;
    let page = house.stranger().get("/login");
    let (_, rest) = page.body.split_once("href=\"/assets/").unwrap();
    let path = format!("/assets/{}", rest.split('"').next().unwrap());
    let all = house.stranger().get(&path);
    assert_eq!(all.header("content-length"), all.body.len().to_string());
    let head = house.stranger().send("HEAD", &path, &[], "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), all.header("content-length"));
    for range in [
        "bytes=0-3",
        "bytes=-1",
        "bytes=9999999-",
        "bytes=3-1",
        "pages=1",
        "bytes=0-0,2-2,4-4",
    ] {
        // RFC 9110 §14.2: whoever knows no ranges sends all of it.
        let answer = house.stranger().send("GET", &path, &[("Range", range)], "");
        assert_eq!((answer.status, &answer.body), (200, &all.body), "{range}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    Ok(())
}

/// This server is no way to the inside of a network: what people write as an address stays a text.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_somebody_wrote_is_fetched() -> Result<()> {
    let house = House::start()?;
    let inside = TcpListener::bind("127.0.0.1:0")?;
    inside.set_nonblocking(true)?;
    let place = inside.local_addr()?;
    let urls = [
        format!("http://{place}/x"),
        format!("http://[::ffff:127.0.0.1]:{}/", place.port()),
    ];
    let alice: Jid = format!("alice@{DOMAIN}").parse()?;
    let connect = Connect::DirectTls(house.server.addresses().c2s_tls);
    let mut client = connect.log_in(&alice, PASSWORD).await.unwrap().bind("x").await.unwrap();
    for url in &urls {
        for stanza in [
            format!(
                "<iq type='set' id='v'><vCard xmlns='vcard-temp'><URL>{url}</URL><PHOTO><EXTVAL>{url}</EXTVAL></PHOTO></vCard></iq>"
            ),
            format!("<presence><x xmlns='vcard-temp:x:update'><photo>{url}</photo></x></presence>"),
            format!(
                "<message to='bob@{DOMAIN}' type='chat'><body>{url}</body><x xmlns='jabber:x:oob'><url>{url}</url></x></message>"
            ),
        ] {
            client.send(stanza).await;
        }
        client.all().await;
        block_in_place(|| {
            let mut owner = house.visitor("owner");
            let card = format!("/accounts/{alice}/vcard");
            owner.get(&card).says(200, url);
            owner.post("/", &card, &[("url", url), ("full_name", url)]);
            for path in ["/", "/accounts", "/sessions", "/audit", &card] {
                owner.get(path);
            }
        });
    }
    let heard = inside.accept().map(|(_, from)| from);
    assert_eq!(heard.map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
    Ok(())
}

/// Whoever brings in something that fetches has to write the tests that go with it: where it may connect to, after the
/// name was looked up, over redirects.
#[test]
fn nothing_is_built_in_that_fetches_over_http() {
    let lock = include_str!("../../Cargo.lock");
    for client in [
        "reqwest",
        "ureq",
        "isahc",
        "curl",
        "attohttpc",
        "surf",
        "minreq",
        "awc",
        "ehttp",
    ] {
        let line = format!("name = \"{client}\"\n");
        assert!(
            !lock.contains(&line),
            "{client} is built in: test what it may connect to"
        );
    }
}
