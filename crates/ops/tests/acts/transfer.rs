use ops::{Imported, Page, Record};

use crate::{house, local, password};

fn record(line: &str) -> Record {
    let mut record: Record = serde_json::from_str(line).unwrap();
    record.derive(4096).unwrap();
    record
}

#[tokio::test]
async fn an_account_comes_through_export_and_import_as_it_was() {
    let (from, to) = (house().await, house().await);
    from.add("a@one.example").await;
    let lock = ops::Lock {
        reason: Some("spam".into()),
        until: None,
    };
    from.accounts.lock(&local(), "a@one.example", &lock).await.unwrap();
    let page = Page {
        host: Some("one.example".into()),
        limit: 10,
        ..Page::default()
    };
    let records = from.accounts.export(&local(), &page).await.unwrap();
    let line = serde_json::to_string(&records[0]).unwrap();
    assert!(
        line.contains("scram-sha-256") && line.contains("scram-sha-1") && !line.contains("password"),
        "{line}"
    );

    let imported = to
        .accounts
        .import(&local(), &[serde_json::from_str(&line).unwrap()])
        .await
        .unwrap();

    assert_eq!(
        imported,
        Imported {
            created: 1,
            ..Imported::default()
        }
    );
    assert_eq!(to.accounts.export(&local(), &page).await.unwrap(), records);
}

#[tokio::test]
async fn accounts_that_are_there_stay_as_they_are() {
    let house = house().await;
    house.add("a@one.example").await;
    let page = Page {
        host: Some("one.example".into()),
        limit: 10,
        ..Page::default()
    };
    let before = house.accounts.export(&local(), &page).await.unwrap();
    let records = [
        r#"{"jid":"a@one.example","password":"x"}"#,
        r#"{"jid":"b@two.example","password":"x"}"#,
    ]
    .map(record);
    let imported = house.accounts.import(&local(), &records).await.unwrap();
    assert_eq!((imported.created, imported.existing), (1, 1));
    assert_eq!(house.accounts.export(&local(), &page).await.unwrap(), before);
}

#[tokio::test]
async fn records_that_cannot_be_used_are_told_and_the_others_taken() {
    const KEY: &str = r#"{"salt":"c2FsdA==","iterations":4096,"stored_key":"AA==","server_key":"AA=="}"#;
    let house = house().await;
    let records = [
        r#"{"jid":"a@three.example","password":"x"}"#.to_owned(),
        r#"{"jid":"a","password":"x"}"#.to_owned(),
        r#"{"jid":"b@one.example"}"#.to_owned(),
        format!(r#"{{"jid":"c@one.example","scram-sha-1":{KEY}}}"#),
        format!(
            r#"{{"jid":"d@one.example","scram-sha-1":{}}}"#,
            KEY.replace("AA==", "?")
        ),
        r#"{"jid":"e@one.example","password":"x"}"#.to_owned(),
    ]
    .map(|line| record(&line));
    let imported = house.accounts.import(&local(), &records).await.unwrap();
    let reasons: Vec<_> = imported.refused.iter().map(|refused| refused.reason.as_str()).collect();
    let expected = [
        "this server has no host three.example; its hosts are one.example, two.example",
        "\"a\" is no account's address: it must look like user@host",
        "neither a password nor keys",
        "a key has not the length that its mechanism has",
        "a key or salt is not base64",
    ];
    assert_eq!(reasons, expected);
    assert_eq!(imported.created, 1);
}

#[tokio::test]
async fn names_that_look_alike_are_refused_unless_they_are_meant() {
    let house = house().await;
    house.add("modern@one.example").await;
    let looks = "this name looks like modern@one.example, which is there already: choose another one, or say that names \
                 that look alike are meant";
    let secret = password("secret");
    let refused = house.accounts.add(&local(), "modem@one.example", &secret).await;
    assert_eq!(refused.unwrap_err().to_string(), looks);
    // Another host's names are others.
    house.add("modem@two.example").await;
    let records = [
        r#"{"jid":"modem@one.example","password":"x"}"#,
        r#"{"jid":"modern@one.example","password":"x"}"#,
        r#"{"jid":"juliet@one.example","password":"x"}"#,
    ]
    .map(record);
    let imported = house.accounts.import(&local(), &records).await.unwrap();
    assert_eq!((imported.created, imported.existing), (1, 1));
    assert_eq!(imported.refused[0].reason, looks);
    let meaning = house.accounts.meaning_lookalikes(true);
    let imported = meaning.import(&local(), &records).await.unwrap();
    assert_eq!((imported.created, imported.existing), (1, 2));
    meaning.add(&local(), "rnodern@one.example", &secret).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_imported_locked_is_never_open() {
    let house = house().await;
    let host = house.storage.hosts().find("one.example").await.unwrap().unwrap();
    let names: Vec<String> = (0..300).map(|number| format!("user{number}")).collect();
    let one = record(r#"{"jid":"x@one.example","password":"x","lock":{"reason":"spam","until":null}}"#);
    let records: Vec<Record> = names
        .iter()
        .map(|name| Record {
            jid: format!("{name}@one.example"),
            ..one.clone()
        })
        .collect();
    let storage = house.storage.clone();
    // Looks at each account from when it is there.
    let seen_open = tokio::spawn(async move {
        let mut open = Vec::new();
        for name in names {
            let account = loop {
                if let Some(account) = storage.accounts().find(host, &name).await.unwrap() {
                    break account;
                }
                tokio::task::yield_now().await;
            };
            if account.lock.is_none() {
                open.push(name);
            }
        }
        open
    });
    let imported = house.accounts.import(&local(), &records).await.unwrap();
    assert_eq!(imported.created, 300);
    assert_eq!(seen_open.await.unwrap(), Vec::<String>::new());
}

#[test]
fn a_record_with_a_password_and_keys_or_unknown_fields_is_refused() {
    let both =
        r#"{"jid":"a@b","password":"x","scram-sha-1":{"salt":"","iterations":1,"stored_key":"","server_key":""}}"#;
    let mut both: Record = serde_json::from_str(both).unwrap();
    assert!(both.derive(4096).is_err());
    assert!(serde_json::from_str::<Record>(r#"{"jid":"a@b","passwort":"x"}"#).is_err());
}

#[test]
fn passwords_and_keys_do_not_show_themselves() {
    let mut record: Record = serde_json::from_str(r#"{"jid":"a@b","password":"hunter2"}"#).unwrap();
    assert!(!format!("{record:?}").contains("hunter2"));
    record.derive(4096).unwrap();
    assert_eq!(record.password, None, "the password is gone once there are keys");
    let key = record.sha256.clone().unwrap().stored_key;
    assert!(!format!("{record:?}").contains(&key));
}
