//! XEP-0198: Stream Management. What was acknowledged is there, what was not comes again, and nothing comes twice.

use protocol::{Jid, ns};
use testkit::{
    client::Connect,
    managed::{Lost, Managed, befriend, bodies, body, chat, condition},
    server::{HOST, PASSWORD, Server, Setup},
};

#[tokio::test]
async fn both_sides_say_what_they_have() {
    let server = Server::start().await;
    let mut romeo = Managed::user(&server, "romeo").await;
    let mut juliet = Managed::user(&server, "juliet").await;
    assert_eq!(romeo.ask_ack().await, 0);
    romeo.say(&juliet.jid, 1..=3).await;
    romeo.settle().await;
    assert_eq!(juliet.bodies(3).await, [1, 2, 3]);
    juliet.acknowledge().await;
    assert_eq!(juliet.ask_ack().await, 0, "acknowledgements are no stanzas");
    juliet.say(&romeo.jid, [4]).await;
    juliet.settle().await;
    assert_eq!(romeo.bodies(1).await, [4]);
}

#[tokio::test]
async fn the_server_asks_for_acknowledgements() {
    let server = Server::start().await;
    let mut romeo = server.user("romeo").await;
    let mut juliet = server.user("juliet").await;
    juliet.send("<enable xmlns='urn:xmpp:sm:3'/>").await;
    let enabled = juliet.receive(|it| it.is("enabled", ns::STREAM_MANAGEMENT)).await;
    assert_eq!(enabled.get("id"), None, "resumption was not asked for");
    let many: String = (0..40).map(|body| chat(&juliet.jid, body)).collect();
    romeo.send(many).await;
    juliet.receive(|it| it.is("r", ns::STREAM_MANAGEMENT)).await;
    // One message alone is asked for after a while.
    juliet.send("<a xmlns='urn:xmpp:sm:3' h='0'/>").await;
    juliet.receive(|it| it.is("r", ns::STREAM_MANAGEMENT)).await;
}

#[tokio::test]
async fn who_comes_back_gets_what_was_missed_once() {
    let server = Server::start().await;
    let mut romeo = server.user("romeo").await;
    let mut juliet = server.user("juliet").await;
    befriend(&server, &mut romeo, &mut juliet).await;
    let mut romeo = Managed::enable(romeo).await;
    let mut juliet = Managed::enable(juliet).await;

    romeo.say(&juliet.jid, 1..=3).await;
    assert_eq!(juliet.bodies(3).await, [1, 2, 3]);
    juliet.acknowledge_count(2).await;
    juliet.say(&romeo.jid, [100]).await;
    juliet.settle().await;
    let lost = juliet.cut();
    romeo.say(&lost.jid, 4..=6).await;
    romeo.say(&lost.jid.to_bare(), [7]).await;
    romeo.settle().await;

    let mut juliet = lost.resume(&server).await;
    assert_eq!(bodies(&juliet.all().await), [4, 5, 6, 7]);
    juliet.acknowledge().await;
    let mut juliet = juliet.cut().resume(&server).await;
    assert_eq!(juliet.all().await, [], "nothing comes twice");
    romeo.say(&juliet.jid, [8]).await;
    romeo.settle().await;
    assert_eq!(bodies(&juliet.all().await), [8]);

    let seen = romeo.all().await;
    assert_eq!(bodies(&seen), [100]);
    assert!(
        seen.iter().all(|it| it.name != "presence"),
        "friends do not see that the connection was lost"
    );
}

#[tokio::test]
async fn what_the_client_does_not_have_is_sent_again() {
    let server = Server::start().await;
    let mut romeo = Managed::user(&server, "romeo").await;
    let mut juliet = Managed::user(&server, "juliet").await;
    let before = juliet.received();
    romeo.say(&juliet.jid, 1..=5).await;
    assert_eq!(juliet.bodies(5).await, [1, 2, 3, 4, 5]);
    let mut lost = juliet.cut();
    lost.received = before + 2;
    let mut juliet = lost.resume(&server).await;
    assert_eq!(bodies(&juliet.all().await), [3, 4, 5]);
}

#[tokio::test]
async fn a_stream_is_taken_over_from_a_connection_that_the_server_believes_in() {
    let server = Server::start().await;
    let mut romeo = Managed::user(&server, "romeo").await;
    let mut juliet = Managed::user(&server, "juliet").await;
    let lost = Lost {
        id: juliet.id().expect("the stream can be resumed").to_owned(),
        received: juliet.received(),
        sent: 0,
        jid: juliet.jid.clone(),
    };
    let mut resumed = lost.resume(&server).await;
    let error = juliet.end().await.expect("the old connection is told");
    assert_eq!(condition(&error), "conflict");
    romeo.say(&resumed.jid, [1]).await;
    assert_eq!(resumed.bodies(1).await, [1]);
}

#[tokio::test]
async fn of_two_who_resume_the_same_stream_one_has_it() {
    let server = Server::start().await;
    let mut romeo = Managed::user(&server, "romeo").await;
    let juliet = Managed::user(&server, "juliet").await;
    let lost = juliet.cut();
    romeo.say(&lost.jid, 1..=3).await;
    romeo.settle().await;
    let account = lost.jid.to_bare();
    let log_in = || Connect::DirectTls(server.direct_tls).log_in(&account, PASSWORD);
    let (one, other) = tokio::join!(log_in(), log_in());
    let (mut one, mut other) = (one.expect("logged in").wire, other.expect("logged in").wire);
    let (first, second) = tokio::join!(lost.ask_on(&mut one), lost.ask_on(&mut other));
    let mut survivors = Vec::new();
    for (reply, wire) in [(first, one), (second, other)] {
        if reply.is("resumed", ns::STREAM_MANAGEMENT) {
            survivors.push(lost.clone().on(wire));
        } else {
            assert_eq!(condition(&reply), "item-not-found");
        }
    }
    // Where both were let in, one after the other, the later one has taken it from the earlier.
    let mut survivor = match survivors.len() {
        1 => survivors.remove(0),
        2 => the_one_that_lives(survivors).await,
        _ => panic!("somebody has it"),
    };
    assert_eq!(bodies(&survivor.all().await), [1, 2, 3]);
    survivor.acknowledge().await;
    romeo.say(&survivor.jid, [4]).await;
    assert_eq!(survivor.bodies(1).await, [4]);
}

async fn the_one_that_lives(mut both: Vec<Managed>) -> Managed {
    let (left, right) = both.split_at_mut(1);
    let dead = tokio::select! {
        error = left[0].end() => { assert_eq!(error.as_ref().map(condition), Some("conflict")); 0 }
        error = right[0].end() => { assert_eq!(error.as_ref().map(condition), Some("conflict")); 1 }
    };
    both.remove(1 - dead)
}

#[tokio::test]
async fn nobody_gets_a_stream_by_guessing_or_knowing_its_id() {
    let server = Server::start().await;
    let mut juliet = Managed::user(&server, "juliet").await;
    let mallory = server.account("mallory").await;
    let right = Lost {
        id: juliet.id().expect("the stream can be resumed").to_owned(),
        received: 0,
        sent: 0,
        jid: juliet.jid.clone(),
    };
    let guessed = Lost {
        id: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        ..right.clone()
    };
    let empty = Lost {
        id: String::new(),
        ..right.clone()
    };
    let own: Jid = juliet.jid.clone();
    for (who, asked) in [
        (&mallory, &right),
        (&own, &guessed),
        (&own, &empty),
        (&mallory, &guessed),
    ] {
        let (reply, mut wire) = asked.ask(&server, who).await;
        assert!(reply.is("failed", ns::STREAM_MANAGEMENT), "{}", reply.to_xml());
        assert_eq!(condition(&reply), "item-not-found");
        // Whoever is refused may bind a resource instead (XEP-0198 §5).
        wire.send(format!("<iq type='set' id='b'><bind xmlns='{}'/></iq>", ns::BIND))
            .await;
        assert_eq!(wire.element().await.get("type"), Some("result"));
    }
    assert_eq!(juliet.all().await, [], "the stream that was asked for goes on");
}

#[tokio::test]
async fn more_than_was_sent_cannot_be_acknowledged() {
    let server = Server::start().await;
    let mut romeo = Managed::user(&server, "romeo").await;
    let mut juliet = Managed::user(&server, "juliet").await;
    romeo.say(&juliet.jid, [1, 2]).await;
    romeo.settle().await;
    juliet.bodies(2).await;
    juliet.acknowledge_count(juliet.received() + 7).await;
    let error = juliet.end().await.expect("a stream error");
    assert_eq!(condition(&error), "undefined-condition");
    let details = error
        .find("handled-count-too-high", ns::STREAM_MANAGEMENT)
        .expect("which one");
    assert_eq!(details.get("h"), Some((juliet.received() + 7).to_string().as_str()));
    assert_eq!(details.get("send-count"), Some(juliet.received().to_string().as_str()));
    let account = juliet.jid.to_bare();
    let (reply, _wire) = juliet.cut().ask(&server, &account).await;
    assert_eq!(condition(&reply), "item-not-found", "such a stream is over");
    let mut again = server.client(&account, "balcony").await;
    again.available().await;
    for number in [1, 2] {
        assert_eq!(body(&again.message().await), Some(number), "nothing is lost");
    }
}

#[tokio::test]
async fn who_resumes_with_more_than_was_sent_is_told_so_and_loses_nothing() {
    let server = Server::start().await;
    let mut romeo = Managed::user(&server, "romeo").await;
    let juliet = Managed::user(&server, "juliet").await;
    let lost = juliet.cut();
    romeo.say(&lost.jid, [1, 2]).await;
    romeo.settle().await;
    let boastful = Lost {
        received: lost.received + 7,
        ..lost.clone()
    };
    let (error, _wire) = boastful.ask(&server, &lost.jid).await;
    assert_eq!(condition(&error), "undefined-condition");
    assert!(error.find("handled-count-too-high", ns::STREAM_MANAGEMENT).is_some());
    let mut again = server.client(&lost.jid.to_bare(), "balcony").await;
    again.available().await;
    for number in [1, 2] {
        assert_eq!(body(&again.message().await), Some(number), "nothing is lost");
    }
}

#[tokio::test]
async fn who_closes_the_stream_cannot_resume_it_and_loses_nothing() {
    let server = Server::start().await;
    let mut romeo = Managed::user(&server, "romeo").await;
    let mut juliet = Managed::user(&server, "juliet").await;
    romeo.say(&juliet.jid, [1]).await;
    romeo.settle().await;
    juliet.bodies(1).await;
    juliet.wire.send("</stream:stream>").await;
    assert_eq!(juliet.end().await, None);
    let account = juliet.jid.to_bare();
    let (reply, _wire) = juliet.cut().ask(&server, &account).await;
    assert_eq!(condition(&reply), "item-not-found");
    let mut again = server.client(&account, "balcony").await;
    again.available().await;
    let message = again.message().await;
    assert_eq!(body(&message), Some(1), "it was not acknowledged");
    assert_eq!(
        message.find("delay", ns::DELAY).and_then(|delay| delay.get("from")),
        Some(HOST)
    );
}

/// A server that waits for lost clients as short as it can.
async fn impatient() -> Server {
    let mut setup = Setup::default();
    setup.c2s.resume_secs = 1;
    Server::with(setup).await
}

#[tokio::test]
async fn what_a_client_that_stays_away_did_not_get_goes_to_another_of_the_account() {
    let server = impatient().await;
    let mut romeo = Managed::user(&server, "romeo").await;
    let juliet = Managed::user(&server, "juliet").await;
    let mut other = server.client(&juliet.jid.to_bare(), "balcony").await;
    other.available().await;
    let lost = juliet.cut();
    romeo.say(&lost.jid, 1..=20).await;
    romeo.settle().await;
    for number in 1..=20 {
        assert_eq!(body(&other.message().await), Some(number));
    }
    let (reply, _wire) = lost.ask(&server, &lost.jid).await;
    assert_eq!(condition(&reply), "item-not-found", "too late");
    assert_eq!(bodies(&other.all().await), [0; 0], "nothing comes twice");
}

#[tokio::test]
async fn what_a_client_that_stays_away_did_not_get_waits_for_the_account() {
    let server = impatient().await;
    let mut romeo = server.user("romeo").await;
    let mut juliet = server.user("juliet").await;
    befriend(&server, &mut romeo, &mut juliet).await;
    let mut juliet = Managed::enable(juliet).await;
    let before = juliet.received();
    romeo.send(chat(&juliet.jid, 1)).await;
    romeo.send(chat(&juliet.jid, 2)).await;
    juliet.bodies(2).await;
    juliet.acknowledge_count(before + 1).await;
    juliet.ask_ack().await;
    let full = juliet.jid.clone();
    let lost = juliet.cut();
    romeo.send(chat(&lost.jid, 3)).await;
    romeo
        .receive(|it| it.get("type") == Some("unavailable") && it.get("from") == Some(full.as_str()))
        .await;
    romeo.send(chat(&lost.jid, 4)).await;
    romeo.all().await;
    let mut again = server.client(&full.to_bare(), "balcony").await;
    again.available().await;
    let mut got = Vec::new();
    while got.len() < 3 {
        got.extend(body(&again.message().await));
    }
    got.sort_unstable();
    assert_eq!(got, [2, 3, 4]);
    assert_eq!(bodies(&again.all().await), [0; 0], "nothing comes twice");
}

#[tokio::test]
async fn a_client_that_never_acknowledges_is_given_up_and_loses_nothing() {
    const SENT: u32 = 900;
    let mut setup = Setup::default();
    setup.c2s.unacked_stanzas = 10;
    setup.router.inbox_stanzas = 300;
    setup.c2s.behind_timeout_secs = 1;
    let server = Server::with(setup).await;
    let mut romeo = Managed::user(&server, "romeo").await;
    let mut juliet = Managed::user(&server, "juliet").await;
    // The end of her stream is read while he speaks.
    let account = juliet.jid.to_bare();
    let to = account.clone();
    let saying = async {
        romeo.say(&to, 0..SENT).await;
        romeo.settle().await;
    };
    let (error, ()) = tokio::join!(juliet.end(), saying);
    assert_eq!(error.as_ref().map(condition), Some("resource-constraint"));
    assert!(juliet.received() <= 10 + 300, "{} were sent to her", juliet.received());
    let mut again = server.client(&account, "balcony").await;
    again.available().await;
    let mut got = Vec::new();
    while got.len() < SENT as usize {
        got.extend(body(&again.message().await));
    }
    got.sort_unstable();
    assert!(got.into_iter().eq(0..SENT), "each once");
    assert_eq!(bodies(&again.all().await), [0; 0], "nothing comes twice");
}

#[tokio::test]
async fn it_is_switched_on_once_and_only_behind_a_resource() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    let login = Connect::DirectTls(server.direct_tls).log_in(&account, PASSWORD);
    let mut unbound = login.await.expect("the password is right");
    assert!(unbound.features.find("sm", ns::STREAM_MANAGEMENT).is_some());
    unbound.wire.send("<enable xmlns='urn:xmpp:sm:3'/>").await;
    assert_eq!(condition(&unbound.wire.element().await), "unexpected-request");
    let mut client = unbound.bind("sofa").await.expect("the resource is free");
    for expected in ["enabled", "failed"] {
        client.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>").await;
        let reply = client.receive(|it| it.ns == ns::STREAM_MANAGEMENT).await;
        assert_eq!(reply.name, expected);
    }
}
