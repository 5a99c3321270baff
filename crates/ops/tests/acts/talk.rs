//! Saying something to many sessions, and looking into one.

use std::sync::Arc;

use ops::{
    Actor, Announcement, Audience, Audit, LEVEL_MINUTES_MAX, LogLevel, LogQuestion, Logs, Role, SessionOrder,
    SessionQuestion, Sessions, Wish,
};
use storage::AuditFilter;
use testkit::databases::Kind;

use crate::{
    Told,
    cluster::{Town, town},
    local,
    powers::of_one,
};

fn sessions(town: &Town) -> Sessions {
    let record = Audit::new(town.storage.clone(), "n1".into());
    Sessions::new(Arc::new(Told::default()), Arc::clone(&town.live) as _, record)
}

fn reader() -> Actor {
    Actor::Account {
        jid: "reader@one.example".parse().unwrap(),
        role: Role::ReadOnly,
        address: None,
    }
}

/// What was done to what, what was to be, and what came of it.
async fn acts(town: &Town) -> Vec<[String; 4]> {
    let rows = town.storage.audit().list(&AuditFilter::default(), 50).await.unwrap();
    let told = rows.into_iter().rev().map(|row| {
        let (after, outcome) = (row.act.after.unwrap_or_default(), row.outcome.unwrap_or_default());
        [row.act.act, row.act.target, after, outcome]
    });
    told.collect()
}

fn say(audience: Audience, body: &str) -> Announcement {
    Announcement {
        audience,
        subject: "Maintenance".into(),
        body: body.into(),
        is_headline: true,
    }
}

#[tokio::test]
async fn an_announcement_reaches_as_far_as_the_power_of_who_makes_it() {
    let town = town(Kind::Sqlite).await;
    let sessions = sessions(&town);
    let host = |domain: &str| Audience::Host(domain.into());
    let accounts = |jids: &[&str]| Audience::Accounts(jids.iter().map(|jid| (*jid).to_owned()).collect());
    for (actor, audience, is_allowed) in [
        (local(), Audience::Everybody, true),
        (local(), Audience::Server(2), true),
        (of_one(), host("one.example"), true),
        (of_one(), accounts(&["a@one.example"]), true),
        (of_one(), Audience::Everybody, false),
        (of_one(), Audience::Server(2), false),
        (of_one(), host("two.example"), false),
        (of_one(), accounts(&["a@one.example", "c@two.example"]), false),
        (reader(), Audience::Everybody, false),
        (reader(), host("one.example"), false),
        (local(), accounts(&["a@one.example/resource"]), false),
        (local(), accounts(&["one.example"]), false),
        (local(), accounts(&[]), false),
    ] {
        town.live.announced.lock().unwrap().clear();
        let announced = sessions.announce(&actor, say(audience.clone(), "back at ten")).await;
        assert_eq!(announced.is_ok(), is_allowed, "{actor} {audience:?}: {announced:?}");
        let told = town.live.announced.lock().unwrap().clone();
        assert_eq!(told.len(), usize::from(is_allowed), "{actor} {audience:?}");
    }
    assert!(
        sessions
            .announce(&local(), say(Audience::Everybody, " "))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn an_announcement_is_recorded_with_how_many_it_reached() {
    let town = town(Kind::Sqlite).await;
    let sessions = sessions(&town);
    let reached = sessions
        .announce(&local(), say(Audience::Server(2), "back at ten"))
        .await
        .unwrap();
    assert_eq!((reached.sessions, reached.silent.len()), (5, 1));
    let told = town.live.announced.lock().unwrap().clone();
    assert_eq!(told[0].0, Some(2), "the others were asked, too");
    let expected = [
        "session.announce",
        "server 2",
        "headline: Maintenance: back at ten",
        "done: 5 sessions reached",
    ];
    assert_eq!(acts(&town).await, [expected.map(str::to_owned)]);
}

#[tokio::test]
async fn an_inspection_is_an_owners_for_some_minutes_and_on_record() {
    let town = town(Kind::Sqlite).await;
    let sessions = sessions(&town);
    let (there, nowhere) = ("a@one.example/x", "b@one.example/x");
    for (actor, jid, minutes) in [
        (of_one(), there, 5),
        (reader(), there, 5),
        (local(), there, 0),
        (local(), there, 31),
        (local(), "a@one.example", 5),
    ] {
        let inspected = sessions.inspect(&actor, jid, minutes, true).await;
        assert!(inspected.is_err(), "{actor} {jid} {minutes}");
    }
    for actor in [of_one(), reader()] {
        assert!(sessions.inspected(&actor, there, 0).await.is_err(), "{actor}");
        assert!(sessions.end_inspection(&actor, there).await.is_err(), "{actor}");
    }
    assert!(town.live.inspected.lock().unwrap().is_empty(), "no server was asked");

    let missing = sessions.inspect(&local(), nowhere, 5, false).await.unwrap_err();
    assert_eq!(missing.to_string(), "there is no session b@one.example/x");
    sessions.inspect(&local(), there, 30, false).await.unwrap();
    sessions.inspected(&local(), there, 4).await.unwrap();
    sessions.end_inspection(&local(), there).await.unwrap();
    let wishes: Vec<_> = town
        .live
        .inspected
        .lock()
        .unwrap()
        .iter()
        .map(|it| it.wish.clone())
        .collect();
    let open = |secs| Wish::Open {
        secs,
        shows_text: false,
    };
    assert_eq!(wishes, [open(300), open(1800), Wish::Read { after: 4 }, Wish::Close]);
    let acts = acts(&town).await;
    let [.., begin, end] = &acts[..] else {
        panic!("{acts:?}")
    };
    assert_eq!(
        begin,
        &["session.inspect", there, "for 30 minutes, text hidden", "done"]
    );
    assert_eq!(end, &["session.inspect.end", there, "", "done"]);
    assert_eq!(acts.len(), 5 + 2 + 3, "{acts:?}");
}

#[tokio::test]
async fn a_log_is_read_by_who_sees_the_server_and_switched_by_its_owner() {
    let town = town(Kind::Sqlite).await;
    let logs = Logs::new(
        Arc::clone(&town.live) as _,
        Audit::new(town.storage.clone(), "n1".into()),
    );
    let all = LogQuestion {
        after: 4,
        level: None,
        target: String::new(),
        text: String::new(),
        limit: 10,
    };
    assert!(logs.lines(&of_one(), 1, all.clone()).await.is_err());
    for actor in [reader(), local()] {
        assert_eq!(logs.lines(&actor, 1, all.clone()).await.unwrap().last, 5);
    }
    let silent = logs.lines(&local(), 2, all).await.unwrap_err();
    assert_eq!(
        silent.to_string(),
        "server 2 does not answer: it did not answer in time"
    );
    for (actor, target, minutes) in [
        (of_one(), "c2s", 5),
        (reader(), "c2s", 5),
        (local(), "sqlx", 5),
        (local(), "c2s", 0),
        (local(), "c2s", LEVEL_MINUTES_MAX + 1),
    ] {
        let switched = logs.switch(&actor, 1, target, Some(LogLevel::Debug), minutes).await;
        assert!(switched.is_err(), "{actor} {target} {minutes}");
    }
    assert!(town.live.switched.lock().unwrap().is_empty(), "no server was asked");
    logs.switch(&local(), 2, "c2s", Some(LogLevel::Debug), 5).await.unwrap();
    let asked = town.live.switched.lock().unwrap().pop().unwrap();
    assert_eq!((asked.0, asked.1.target.as_str(), asked.1.secs), (2, "c2s", 300));
    let acts = acts(&town).await;
    assert_eq!(
        acts.last().unwrap(),
        &["log.level", "c2s of server 2", "debug for 5 minutes", "done"]
    );
    assert_eq!(acts.len(), 6, "{acts:?}");
}

#[test]
fn pages_of_sessions_go_on_where_the_last_one_ended_in_every_order() {
    for order in [SessionOrder::Jid, SessionOrder::Since, SessionOrder::Priority] {
        for is_down in [false, true] {
            let mut question = SessionQuestion {
                order,
                is_down,
                limit: 1,
                ..SessionQuestion::default()
            };
            let mut seen = Vec::new();
            loop {
                let page = ops::answer(&Told::default(), &question);
                let Some(last) = page.sessions.last() else { break };
                assert_eq!(page.total, 3);
                assert_eq!(
                    last.status,
                    Some(format!("{} is here", last.jid)),
                    "it was looked at closely"
                );
                question.after_place = question.place(last);
                question.after.clone_from(&last.jid);
                seen.push(last.jid.clone());
            }
            let mut expected = ["a@one.example/x", "b@one.example/x", "c@two.example/x"];
            if is_down {
                expected.reverse();
            }
            assert_eq!(seen, expected, "{order:?} {is_down}");
        }
    }
}
