//! XEP-0198 §5 in a cluster: a stream goes on at another server, and nobody notices.

use std::time::Duration;

use protocol::{Element, Jid, ns};
use testkit::{
    client::Connect,
    managed::{Lost, Managed, befriend, bodies, body, condition},
    server::{PASSWORD, Server, Setup},
    street::Street,
};

/// Longer than a client should wait to hear that its stream is nowhere, on a busy machine.
const SOON: Duration = Duration::from_secs(5);

/// Juliet at the first server and two contacts of hers, all with acknowledgements.
async fn three_people(street: &Street, his: usize, hers: usize) -> [Managed; 3] {
    let mut juliet = street.server(1).user("juliet").await;
    let mut romeo = street.server(his).user("romeo").await;
    let mut nurse = street.server(hers).user("nurse").await;
    befriend(street.server(his), &mut romeo, &mut juliet).await;
    befriend(street.server(hers), &mut nurse, &mut juliet).await;
    let juliet = Managed::enable(juliet).await;
    [juliet, Managed::enable(romeo).await, Managed::enable(nurse).await]
}

fn saw_nothing(stanzas: &[Element]) {
    let presences: Vec<_> = stanzas.iter().filter(|it| it.name == "presence").collect();
    assert!(presences.is_empty(), "contacts see nothing of it: {presences:?}");
}

#[tokio::test]
async fn who_comes_back_at_another_server_gets_what_was_missed_once() {
    let street = Street::open(3).await;
    let [mut juliet, mut romeo, mut nurse] = three_people(&street, 1, 3).await;

    romeo.say(&juliet.jid, 1..=3).await;
    assert_eq!(juliet.bodies(3).await, [1, 2, 3]);
    juliet.acknowledge_count(2).await;
    juliet.say(&romeo.jid, [100]).await;
    juliet.settle().await;
    let lost = juliet.cut();
    romeo.say(&lost.jid, 4..=6).await;
    romeo.settle().await;
    nurse.say(&lost.jid.to_bare(), 51..=52).await;
    nurse.settle().await;

    let mut juliet = lost.resume(street.server(2)).await;
    assert_eq!(bodies(&juliet.all().await), [4, 5, 6, 51, 52]);
    romeo.say(&juliet.jid, [7]).await;
    romeo.settle().await;
    nurse.say(&juliet.jid.to_bare(), [53]).await;
    nurse.settle().await;
    let mut come = juliet.bodies(2).await;
    come.sort_unstable();
    assert_eq!(come, [7, 53]);
    juliet.say(&nurse.jid, [101]).await;
    juliet.settle().await;

    // And back, and on, by the same id.
    for (place, number) in [(1, 8), (3, 9), (2, 10)] {
        juliet = juliet.cut().resume(street.server(place)).await;
        romeo.say(&juliet.jid, [number]).await;
        assert_eq!(juliet.bodies(1).await, [number]);
    }
    assert_eq!(juliet.all().await, []);
    let seen = romeo.all().await;
    assert_eq!(bodies(&seen), [100]);
    saw_nothing(&seen);
    let seen = nurse.all().await;
    assert_eq!(bodies(&seen), [101]);
    saw_nothing(&seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_comes_once_and_in_order_while_the_stream_moves() {
    talk_to_one_who_moves(&Street::open(3).await, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn so_it_does_where_the_log_holds_most_of_what_waits() {
    let setup = || {
        let mut setup = Setup::default();
        setup.router.inbox_stanzas = 10;
        setup
    };
    talk_to_one_who_moves(&Street::with(3, setup).await, 50).await;
}

/// Two talk to her, so many messages at once.
async fn talk_to_one_who_moves(street: &Street, burst: u32) {
    const MANY: u32 = 300;
    let [mut juliet, mut romeo, mut nurse] = three_people(street, 2, 3).await;
    let jid = juliet.jid.clone();
    let bare = jid.to_bare();
    let his = tokio::spawn(async move {
        for number in (0..MANY).step_by(burst as usize) {
            romeo.say(&jid, number..number + burst).await;
            tokio::time::sleep(Duration::from_millis(burst.into())).await;
        }
        romeo.settle().await;
        romeo
    });
    let hers = tokio::spawn(async move {
        for number in (10_000..10_000 + MANY).step_by(burst as usize) {
            nurse.say(&bare, number..number + burst).await;
            tokio::time::sleep(Duration::from_millis(burst.into())).await;
        }
        nurse.settle().await;
        nurse
    });
    let mut heard = Vec::new();
    for hop in 0..9 {
        heard.extend(juliet.bodies(40).await);
        juliet = match hop % 2 {
            // The old connection is gone, and the server knows, or does not.
            0 => juliet.cut().resume(street.server(hop % 3 + 1)).await,
            _ => {
                let lost = Lost {
                    id: juliet.id().expect("it can be resumed").to_owned(),
                    received: juliet.received(),
                    sent: 0,
                    jid: juliet.jid.clone(),
                };
                let resumed = lost.resume(street.server(hop % 3 + 1)).await;
                drop(juliet);
                resumed
            }
        };
    }
    let left = usize::try_from(2 * MANY).expect("small") - heard.len();
    heard.extend(juliet.bodies(left).await);
    let (mut romeo, mut nurse) = (his.await.expect("he"), hers.await.expect("she"));
    let twice = juliet.all().await;
    assert_eq!(bodies(&twice), [] as [u32; 0], "nothing comes twice, after {heard:?}");
    let (hers, his): (Vec<u32>, Vec<u32>) = heard.into_iter().partition(|number| *number >= 10_000);
    assert_eq!(his, (0..MANY).collect::<Vec<_>>());
    assert_eq!(hers, (10_000..10_000 + MANY).collect::<Vec<_>>());
    saw_nothing(&romeo.all().await);
    saw_nothing(&nurse.all().await);
}

#[tokio::test]
async fn a_stream_is_taken_from_a_connection_that_another_server_believes_in() {
    let street = Street::open(2).await;
    let [mut juliet, mut romeo, _nurse] = three_people(&street, 1, 1).await;
    let lost = Lost {
        id: juliet.id().expect("it can be resumed").to_owned(),
        received: juliet.received(),
        sent: 0,
        jid: juliet.jid.clone(),
    };
    let mut resumed = lost.resume(street.server(2)).await;
    let error = juliet.end().await.expect("the old connection is told");
    assert_eq!(condition(&error), "conflict");
    romeo.say(&resumed.jid, [1]).await;
    assert_eq!(resumed.bodies(1).await, [1]);
    assert_eq!(
        street
            .server(1)
            .router
            .directory()
            .sessions(resumed.jid.bare_str())
            .len(),
        0
    );
}

#[tokio::test]
async fn what_the_session_was_it_still_is() {
    let street = Street::open(2).await;
    let mut client = street.server(1).user("juliet").await;
    let list = client.ask("get", None, "<blocklist xmlns='urn:xmpp:blocking'/>").await;
    assert_eq!(list.get("type"), Some("result"));
    let roster = client.ask("get", None, "<query xmlns='jabber:iq:roster'/>").await;
    assert_eq!(roster.get("type"), Some("result"));
    let mut paris = street.server(2).user("paris").await;
    let mut juliet = Managed::enable(client).await;
    juliet
        .send(&format!("<presence to='{}'><status>hm</status></presence>", paris.jid))
        .await;
    assert_eq!(paris.presence().await.get("from"), Some(juliet.jid.as_str()));
    juliet.wire.send("<inactive xmlns='urn:xmpp:csi:0'/>").await;
    juliet.settle().await;

    let mut juliet = juliet.cut().resume(street.server(2)).await;
    let account = juliet.jid.to_bare();
    let mut other = street.server(1).client(&account, "chair").await;
    other.available().await;
    other
        .ask(
            "set",
            None,
            "<query xmlns='jabber:iq:roster'><item jid='nurse@hearth.test'/></query>",
        )
        .await;
    other
        .ask(
            "set",
            None,
            "<block xmlns='urn:xmpp:blocking'><item jid='tybalt@hearth.test'/></block>",
        )
        .await;
    let (mut pushes, mut saw_other) = (Vec::new(), None);
    while pushes.len() < 2 {
        let stanza = juliet.stanza().await;
        if stanza.get("from").is_some_and(|from| from.ends_with("/chair")) {
            // Kept back until something comes that matters.
            saw_other.get_or_insert(pushes.len());
        }
        if let Some(push) = stanza.elements().next().filter(|_| stanza.name == "iq") {
            pushes.push(push.ns.clone());
        }
    }
    assert_eq!(pushes, [ns::ROSTER, ns::BLOCKING]);
    assert_eq!(saw_other, Some(0));
    let mut last = juliet.cut().resume(street.server(1)).await;
    last.wire.send("</stream:stream>").await;
    last.end().await;
    let bye = paris.presence().await;
    assert_eq!(
        bye.get("type"),
        Some("unavailable"),
        "directed presence ends with the session"
    );
    assert_eq!(bye.get("from"), Some(last.jid.as_str()));
}

#[tokio::test]
async fn a_stream_is_its_accounts_alone_at_every_server() {
    let street = Street::open(2).await;
    let [juliet, mut romeo, _nurse] = three_people(&street, 1, 1).await;
    let lost = juliet.cut();
    let mallory = street.server(2).account("mallory").await;
    let (reply, _wire) = lost.ask(street.server(2), &mallory).await;
    assert!(reply.is("failed", ns::STREAM_MANAGEMENT), "{}", reply.to_xml());
    assert_eq!((condition(&reply), reply.get("h")), ("item-not-found", None));
    romeo.say(&lost.jid, [1]).await;
    romeo.settle().await;
    let mut juliet = lost.resume(street.server(2)).await;
    assert_eq!(bodies(&juliet.all().await), [1]);
}

#[tokio::test]
async fn more_than_was_sent_ends_the_stream_at_another_server_too() {
    let street = Street::open(2).await;
    let [juliet, _romeo, _nurse] = three_people(&street, 1, 1).await;
    let mut lost = juliet.cut();
    lost.received += 5;
    let (reply, _wire) = lost.ask(street.server(2), &lost.jid).await;
    assert!(reply.is("error", ns::STREAM), "{}", reply.to_xml());
    assert!(reply.elements().any(|it| it.name == "handled-count-too-high"));
}

#[tokio::test]
async fn of_a_stream_that_has_ended_the_client_hears_what_was_handled() {
    let street = Street::open(2).await;
    let [mut juliet, mut romeo, _nurse] = three_people(&street, 1, 1).await;
    juliet.say(&romeo.jid, 1..=3).await;
    juliet.settle().await;
    assert_eq!(romeo.bodies(3).await, [1, 2, 3]);
    juliet.wire.send("</stream:stream>").await;
    juliet.end().await;
    let lost = juliet.cut();
    for place in [1, 2] {
        let (reply, _wire) = lost.ask(street.server(place), &lost.jid).await;
        assert_eq!(condition(&reply), "item-not-found");
        assert_eq!(reply.get("h"), Some("3"), "at {place}");
    }
}

/// Binds a resource on a stream on which nothing could be resumed.
async fn bind_instead(lost: &Lost, server: &Server) -> Vec<Element> {
    let account = lost.jid.to_bare();
    let login = Connect::DirectTls(server.direct_tls).log_in(&account, PASSWORD);
    let mut unbound = login.await.expect("the password is right");
    let began = tokio::time::Instant::now();
    let reply = lost.ask_on(&mut unbound.wire).await;
    assert_eq!(condition(&reply), "item-not-found");
    assert!(began.elapsed() < SOON);
    let mut client = unbound.bind("again").await.expect("it is free");
    client.available().await;
    client.all().await
}

#[tokio::test]
async fn the_stream_of_a_dead_server_is_not_found_and_its_messages_are() {
    let street = Street::open(3).await;
    let [mut juliet, mut romeo, _nurse] = three_people(&street, 2, 3).await;
    romeo.say(&juliet.jid, 1..=2).await;
    assert_eq!(juliet.bodies(2).await, [1, 2]);
    romeo.settle().await;
    juliet.acknowledge_count(1).await;
    juliet.settle().await;
    let lost = juliet.cut();
    romeo.say(&lost.jid, [3]).await;
    romeo.settle().await;
    let log = street.server(1).router.storage().log();
    log.flush().await.expect("the database answers");
    street.town().kill(1).await;
    // The second came, and nobody had heard so: it comes again.
    assert_eq!(bodies(&bind_instead(&lost, street.server(3)).await), [2, 3]);
}

#[tokio::test]
async fn a_server_that_is_silent_keeps_nobody_waiting() {
    let street = Street::open(2).await;
    let [juliet, _romeo, _nurse] = three_people(&street, 1, 1).await;
    let lost = juliet.cut();
    street.town().cut(2, 1);
    bind_instead(&lost, street.server(2)).await;
}

#[tokio::test]
async fn the_old_server_dies_before_it_has_handed_everything_on() {
    let street = Street::open(3).await;
    let [mut juliet, mut romeo, mut nurse] = three_people(&street, 2, 3).await;
    romeo.say(&juliet.jid, [1]).await;
    assert_eq!(juliet.bodies(1).await, [1]);
    let lost = juliet.cut();
    romeo.say(&lost.jid, 2..=4).await;
    romeo.settle().await;
    street.town().cut(1, 2);
    let mut juliet = lost.resume(street.server(2)).await;
    nurse.say(&juliet.jid, [51]).await;
    nurse.settle().await;
    street.town().kill(1).await;
    let mut come = juliet.bodies(4).await;
    come.retain(|number| *number < 50);
    assert_eq!(come, [2, 3, 4]);
    romeo.say(&juliet.jid, [5]).await;
    assert_eq!(juliet.bodies(1).await, [5]);
    assert_eq!(bodies(&juliet.all().await), [] as [u32; 0], "nothing comes twice");
    saw_nothing(&romeo.all().await);
    saw_nothing(&nurse.all().await);
}

#[tokio::test]
async fn who_is_on_a_server_that_stops_goes_on_at_another() {
    let street = Street::open(3).await;
    let [mut juliet, mut romeo, mut nurse] = three_people(&street, 2, 3).await;
    let mut without = street.server(1).user("mercutio").await;
    romeo.say(&juliet.jid, [1]).await;
    romeo.settle().await;
    let story = async {
        assert_eq!(juliet.end().await, None, "the stream goes on, so it has no end");
        let error = without.end().await;
        assert_eq!(error.as_ref().map(condition), Some("system-shutdown"));
        romeo.say(&juliet.jid, 2..=4).await;
        romeo.settle().await;
        let heard = bodies(&juliet.take_waiting());
        let mut juliet = juliet.cut().resume(street.server(2)).await;
        let expected: Vec<_> = (1..=4).filter(|number| !heard.contains(number)).collect();
        assert_eq!(juliet.bodies(expected.len()).await, expected);
        juliet
    };
    let ((), mut juliet) = tokio::join!(street.server(1).stop(), story);
    street.town().kill(1).await;
    romeo.say(&juliet.jid, [5]).await;
    nurse.say(&juliet.jid.to_bare(), [51]).await;
    let mut come = juliet.bodies(2).await;
    come.sort_unstable();
    assert_eq!(come, [5, 51]);
    for person in [&mut romeo, &mut nurse] {
        saw_nothing(&person.all().await);
    }
}

#[tokio::test]
async fn the_new_server_dies_before_the_stream_is_its_own() {
    let street = Street::open(3).await;
    let [juliet, mut romeo, mut nurse] = three_people(&street, 1, 3).await;
    let lost = juliet.cut();
    romeo.say(&lost.jid, 1..=2).await;
    romeo.settle().await;
    street.town().hesitate(true);
    let asking = {
        let account = lost.jid.to_bare();
        let login = Connect::DirectTls(street.server(2).direct_tls).log_in(&account, PASSWORD);
        let (mut unbound, lost) = (login.await.expect("the password is right"), lost.clone());
        tokio::spawn(async move { lost.ask_on(&mut unbound.wire).await })
    };
    while !is_lent(street.server(1), &lost.jid) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    street.town().kill(2).await;
    street.town().hesitate(false);
    asking.abort();
    for person in [&mut romeo, &mut nurse] {
        let presence = until_presence(person).await;
        assert_eq!(presence.get("type"), Some("unavailable"));
    }
    assert_eq!(bodies(&bind_instead_at_first(&lost, street.server(3)).await), [1, 2]);
    for person in [&mut romeo, &mut nurse] {
        assert_eq!(until_presence(person).await.get("type"), None, "and she is back, once");
    }
}

/// The new server has it in its directory while the cluster decides.
fn is_lent(server: &Server, jid: &Jid) -> bool {
    server.router.is_lent(jid)
}

async fn until_presence(person: &mut Managed) -> Element {
    loop {
        let stanza = person.stanza().await;
        if stanza.name == "presence" {
            return stanza;
        }
        assert_eq!(body(&stanza), None);
    }
}

/// Nothing is resumed any more, so the client does not try.
async fn bind_instead_at_first(lost: &Lost, server: &Server) -> Vec<Element> {
    let mut client = server.client(&lost.jid.to_bare(), "again").await;
    client.available().await;
    client.all().await
}
