//! Items 73 to 99: logging in as one should not.

mod exchanges;

use protocol::{ns, sasl::payload::encode};

use crate::stage::{Expect::*, Phase::*, Row, Way, on_every_way, row};

on_every_way!(mechanisms, encodings, plain, firsts, sasl2, out_of_turn);

fn auth(mechanism: &str, data: &str) -> String {
    format!("<auth xmlns='{}' mechanism='{mechanism}'>{data}</auth>", ns::SASL)
}

fn mechanisms() -> Vec<Row> {
    let mut rows = Vec::new();
    for (item, mechanism) in [
        (73, "UNKNOWN"),
        (73, ""),
        (73, "scram-sha-256"),
        (73, "SCRAM-SHA-256 "),
        (74, "ANONYMOUS"),
        (74, "EXTERNAL"),
        (74, "HT-SHA-256-NONE"),
    ] {
        rows.push(row(item, Open, auth(mechanism, "="), Failure(&["invalid-mechanism"])));
    }
    let bound = auth("SCRAM-SHA-256-PLUS", &encode(b"p=tls-exporter,,n=a,r=b"));
    rows.push(row(74, Open, bound, Failure(&["invalid-mechanism"])).only(Way::IN_CLEAR));
    let plain = auth("PLAIN", &encode(b"\0a\0b"));
    rows.push(row(74, Open, plain, Failure(&["invalid-mechanism", "encryption-required"])).only(Way::IN_CLEAR));
    rows
}

fn encodings() -> Vec<Row> {
    let mut rows = Vec::new();
    for data in [
        "!",
        "AGE",
        "AG EAYg==",
        " AGEAYg==",
        "AGEAYg==\n",
        "AGEAYg===",
        "=AAA",
        "AGEA-_==",
    ] {
        rows.push(row(
            75,
            Open,
            auth("SCRAM-SHA-256", data),
            Failure(&["incorrect-encoding"]),
        ));
    }
    rows.push(row(
        76,
        Open,
        auth("SCRAM-SHA-256", "="),
        Failure(&["malformed-request"]),
    ));
    for bytes in [64 << 10, 10 << 20] {
        let much = auth("SCRAM-SHA-256", &"A".repeat(bytes));
        rows.push(row(77, Open, much, StreamError(&["policy-violation"])));
    }
    rows
}

fn plain() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut refused = |item, message: &[u8], conditions| {
        let row = row(item, Open, auth("PLAIN", &encode(message)), Failure(conditions));
        rows.push(row.only(Way::ENCRYPTED));
    };
    let wrong: &[&str] = &["malformed-request", "not-authorized"];
    for message in [
        &b"juliet"[..],
        b"juliet\0pencil",
        b"\0juliet\0pencil\0",
        b"\0\0pencil",
        b"\0juliet\0",
        b"\0\0",
        b"\xff\0juliet\0pencil",
    ] {
        refused(84, message, wrong);
    }
    for name in [
        "a\u{ad}b",
        "\u{202e}a",
        "a b",
        "a@b",
        "a/b",
        "\u{2163}",
        "ROMEO\u{fe0f}",
    ] {
        refused(
            85,
            format!("\0{name}\0pencil").as_bytes(),
            &["not-authorized", "malformed-request"],
        );
    }
    rows
}

fn firsts() -> Vec<Row> {
    let refused: &[&str] = &["malformed-request", "not-authorized"];
    let first = |item, message: &str| {
        row(
            item,
            Open,
            auth("SCRAM-SHA-256", &encode(message.as_bytes())),
            Failure(refused),
        )
    };
    let mut rows = vec![
        first(86, "n,,n=a,r=b,c"),
        first(86, "n,,n=a,r="),
        first(86, "n,,n=a"),
        first(86, "n,,r=b,n=a"),
        first(86, "n,,n=a=b,r=c"),
        first(86, "n,,n=,r=c"),
        first(86, "n,,n=a,r=\u{7f}"),
        first(90, "p=unknown-type,,n=a,r=b"),
        first(90, "p=tls-exporter,,n=a,r=b"),
        first(90, "x,,n=a,r=b"),
        first(94, "n,,m=ext,n=a,r=b"),
        first(84, "n,a=,n=a,r=b"),
        first(84, "\u{0}"),
        first(84, ","),
    ];
    rows.push(row(
        86,
        Open,
        auth("SCRAM-SHA-256", &encode(&[0xff, 0xfe])),
        Failure(refused),
    ));
    let long = auth(
        "SCRAM-SHA-256",
        &encode(format!("n,,n=a,r={}", "x".repeat(10 << 10)).as_bytes()),
    );
    rows.push(row(86, Open, long, StreamError(&["policy-violation"])));
    // Item 89: a client that says the server has no -PLUS, where it has, talks through somebody in between.
    rows.push(first(89, "y,,n=a,r=b").only(Way::ENCRYPTED));
    rows
}

fn sasl2() -> Vec<Row> {
    let authenticate = |mechanism: &str, inside: &str| {
        format!(
            "<authenticate xmlns='{}' mechanism='{mechanism}'>{inside}</authenticate>",
            ns::SASL2
        )
    };
    let response = |data: &str| format!("<initial-response>{data}</initial-response>");
    let unknown = "<unknown xmlns='urn:x'><bind xmlns='urn:xmpp:bind:0'/></unknown>";
    let fast = "<fast xmlns='urn:xmpp:fast:0' count='1'/>";
    let failed = |item, xml: String, conditions| row(item, Open, xml, Failure(conditions));
    vec![
        failed(73, authenticate("UNKNOWN", &response("=")), &["invalid-mechanism"]),
        failed(
            75,
            authenticate("SCRAM-SHA-256", &response("!")),
            &["incorrect-encoding"],
        ),
        failed(
            98,
            authenticate("SCRAM-SHA-256", &(response("=") + unknown)),
            &["malformed-request"],
        ),
        row(
            98,
            Open,
            authenticate("SCRAM-SHA-256", &"<a xmlns='urn:x'/>".repeat(400)),
            StreamError(&["policy-violation"]),
        ),
        failed(
            99,
            authenticate("SCRAM-SHA-256", &(response("=") + fast)),
            &["invalid-mechanism", "malformed-request", "not-authorized"],
        ),
        failed(
            99,
            authenticate("HT-SHA-256-EXPR", &(response(&encode(b"mallory\0token")) + fast)),
            &[
                "not-authorized",
                "credentials-expired",
                "malformed-request",
                "invalid-mechanism",
            ],
        ),
    ]
}

fn out_of_turn() -> Vec<Row> {
    let sasl = |name: &str| format!("<{name} xmlns='{}'/>", ns::SASL);
    let first = auth("SCRAM-SHA-256", &encode(b"n,,n=a,r=b"));
    let late = StreamError(&["policy-violation"]);
    let mut rows = vec![
        row(78, Open, sasl("response"), Failure(&["malformed-request"])),
        row(78, Open, sasl("success"), Failure(&["malformed-request"])),
        row(79, Open, sasl("abort"), Failure(&["aborted"])),
        row(78, Open, format!("{first}{first}"), late.clone()),
        row(78, Open, format!("{first}<message to='{{victim}}'/>"), late.clone()),
        row(80, Open, auth("UNKNOWN", "=").repeat(3), late.clone()),
        row(80, Open, auth("UNKNOWN", "=").repeat(9), late.clone()),
    ];
    for phase in [Authenticated, Bound] {
        rows.push(row(97, phase, &first, late.clone()));
        rows.push(row(97, phase, sasl("response"), late.clone()));
        rows.push(row(
            97,
            phase,
            format!("<authenticate xmlns='{}'/>", ns::SASL2),
            late.clone(),
        ));
    }
    rows
}
