//! Items 100 to 112: resources, acknowledgements, resumption, and clients that do not read.

use std::collections::BTreeSet;

use protocol::{Element, Jid, MessageType, Stanza, ns};
use testkit::wire::Seen;

use crate::stage::{Actor, Expect::*, Phase::*, Row, Stage, Way, on_every_way, row, until};

on_every_way!(binds, too_early);

fn bind(resource: &str) -> String {
    format!(
        "<iq type='set' id='x'><bind xmlns='{}'><resource>{resource}</resource></bind></iq>",
        ns::BIND
    )
}

fn resume(id: &str) -> String {
    format!("<resume xmlns='{}' h='0' previd='{id}'/>", ns::STREAM_MANAGEMENT)
}

fn binds() -> Vec<Row> {
    let refused = StanzaError(&["bad-request", "jid-malformed"]);
    let mut rows = vec![row(104, Bound, bind("again"), StanzaError(&["not-allowed"]))];
    for resource in [&"r".repeat(1024), "\u{7f}", "\u{85}", "a\u{202e}b"] {
        rows.push(row(100, Authenticated, bind(resource), refused.clone()));
    }
    rows
}

fn too_early() -> Vec<Row> {
    let failed = Answer("failed", ns::STREAM_MANAGEMENT);
    let management = |name: &str| format!("<{name} xmlns='{}' h='0'/>", ns::STREAM_MANAGEMENT);
    vec![
        row(105, Authenticated, management("enable"), failed.clone()),
        row(105, Authenticated, management("r"), failed.clone()),
        row(105, Authenticated, management("a"), failed.clone()),
        row(105, Bound, resume("any"), failed.clone()),
        row(106, Authenticated, resume("unknown"), failed.clone()),
        row(106, Authenticated, resume(""), failed.clone()),
        row(
            106,
            Authenticated,
            resume("\u{1f600}").replace("h='0'", "h='-1'"),
            failed.clone(),
        ),
        row(
            106,
            Authenticated,
            format!("<resume xmlns='{}'/>", ns::STREAM_MANAGEMENT),
            failed,
        ),
    ]
}

/// A bound client with acknowledgements, and the id by which its stream is resumed.
async fn managed(stage: &mut Stage) -> (Actor, String) {
    let mut actor = stage.enter(Bound).await;
    let enable = format!("<enable xmlns='{}' resume='true'/>", ns::STREAM_MANAGEMENT);
    actor.send(enable.as_bytes(), 0).await;
    let enabled = actor.wire.element().await;
    let id = enabled.get("id").expect("the stream can be resumed").to_owned();
    (actor, id)
}

/// Items 100 and 101: an empty resource gets a name; one that is taken changes hands.
#[tokio::test]
async fn every_resource_has_one_owner() {
    for way in Way::ALL {
        let mut stage = Stage::set(*way).await;
        let mut nameless = stage.enter(Authenticated).await;
        nameless.send(bind("").as_bytes(), 0).await;
        let answer = nameless.wire.element().await;
        let jid = answer
            .find("bind", ns::BIND)
            .and_then(|bind| bind.find("jid", ns::BIND));
        let jid: Jid = jid.expect("item 100: a JID").own_text().parse().unwrap();
        assert!(
            jid.resource().is_some_and(|resource| resource.len() >= 16),
            "item 100: {jid}"
        );
        drop(nameless);

        let mut old = stage.enter(Bound).await;
        let mut new = Actor::new(stage.connect().await, &old.jid.to_bare(), 0);
        new.jid = old.jid.clone();
        new.advance(Bound).await;
        old.expects(&StreamError(&["conflict"]), "item 101").await;
        new.expects(&Silence, "item 101").await;
        drop((old, new));
        stage.is_clear().await;
    }
}

/// Item 103: an account has so many sessions, and no more until one ends.
#[tokio::test]
async fn sessions_are_counted() {
    for way in Way::ALL {
        let mut stage = Stage::with(*way, |setup| setup.router.sessions_per_account = 3).await;
        let mut sessions = Vec::new();
        for _ in 0..3 {
            sessions.push(stage.enter(Bound).await);
        }
        let mut more = stage.enter(Authenticated).await;
        more.send(bind("more").as_bytes(), 0).await;
        let refusal = more.wire.element().await;
        let error = refusal.find("error", ns::CLIENT).expect("item 103: refused");
        assert!(
            error.find("resource-constraint", ns::STANZA_ERRORS).is_some(),
            "item 103: {error:?}"
        );
        assert!(
            error.find("resource-limit-exceeded", "urn:xmpp:errors").is_some(),
            "item 103: {error:?}"
        );
        let mut leaving = sessions.pop().unwrap();
        leaving.send(b"</stream:stream>", 0).await;
        leaving.expects(&Closed, "item 103").await;
        until(|| stage.server.router.directory().len() < 5).await;
        more.expects(&Silence, "item 103: a session ended, so there is room")
            .await;
        drop((sessions, more));
        stage.is_clear().await;
    }
}

/// Items 105 and 107: counts that can not be, and enabling twice.
#[tokio::test]
async fn acknowledgements_have_to_make_sense() {
    let high: &[&str] = &["handled-count-too-high"];
    let nonsense: &[&str] = &["handled-count-too-high", "bad-format"];
    for way in Way::ALL {
        let mut stage = Stage::set(*way).await;
        for (h, allowed) in [
            ("1", high),
            ("4294967295", high),
            ("-1", nonsense),
            ("4294967296", nonsense),
            ("many", nonsense),
            ("", nonsense),
        ] {
            let (mut actor, _) = managed(&mut stage).await;
            let ack = format!("<a xmlns='{}' h='{h}'/>", ns::STREAM_MANAGEMENT);
            actor.send(ack.as_bytes(), 0).await;
            actor
                .expects(&StreamError(allowed), &format!("item 107: h is {h}"))
                .await;
        }
        let (mut actor, _) = managed(&mut stage).await;
        let enable = format!("<enable xmlns='{}'/>", ns::STREAM_MANAGEMENT);
        actor.send(enable.as_bytes(), 0).await;
        actor
            .expects(&Answer("failed", ns::STREAM_MANAGEMENT), "item 105")
            .await;
        actor.send(b"</stream:stream>", 0).await;
        actor.expects(&Closed, "item 105").await;
        stage.chat_goes_on("items 105 and 107").await;
        stage.is_clear().await;
    }
}

/// Item 106: an id is of no use to another account, nor with another character; its owner does not notice.
#[tokio::test]
async fn streams_are_resumed_by_their_owners_alone() {
    for way in Way::ALL {
        let mut stage = Stage::set(*way).await;
        let (mut owner, id) = managed(&mut stage).await;
        let tampered = format!("{}{}", &id[..id.len() - 1], if id.ends_with('A') { 'B' } else { 'A' });
        let eve = stage.server.account("eve").await;
        for (account, id) in [(&eve, &id), (&stage.mallory, &tampered)] {
            let mut thief = Actor::new(stage.connect().await, account, 0);
            thief.advance(Authenticated).await;
            thief.send(resume(id).as_bytes(), 0).await;
            let failed = thief.wire.element().await;
            assert!(
                failed.find("item-not-found", ns::STANZA_ERRORS).is_some(),
                "item 106: {failed:?}"
            );
        }
        owner.expects(&Silence, "item 106").await;
        owner.send(b"</stream:stream>", 0).await;
        owner.expects(&Closed, "item 106").await;
        stage.is_clear().await;
    }
}

/// Items 108 and 109: of two who resume the same stream one has it, whether its first connection lives or not.
#[tokio::test]
async fn a_stream_is_resumed_once() {
    for way in Way::ALL {
        for is_lost in [true, false] {
            let mut stage = Stage::set(*way).await;
            let (mut actor, id) = managed(&mut stage).await;
            if is_lost {
                actor.wire.finish().await;
            }
            let mut racers = [stage.enter(Authenticated).await, stage.enter(Authenticated).await];
            for racer in &mut racers {
                racer.send(resume(&id).as_bytes(), 0).await;
            }
            let mut outcomes = Vec::new();
            for racer in &mut racers {
                outcomes.push(racer.wire.element().await.name.to_string());
            }
            // The second may also find the stream with the first, and take it from there: still one owner.
            let resumed = outcomes.iter().filter(|name| *name == "resumed").count();
            assert!(resumed >= 1, "item 109: {outcomes:?}");
            if resumed == 2 {
                let mut endings = 0;
                for racer in &mut racers {
                    racer.send(b"<r xmlns='urn:xmpp:sm:3'/>", 0).await;
                    if matches!(racer.next().await, Seen::Element(error) if error.is("error", ns::STREAM)) {
                        endings += 1;
                    }
                }
                assert_eq!(
                    endings, 1,
                    "item 109: one of the two was told that the stream is elsewhere"
                );
            }
            for racer in &mut racers {
                racer.send(b"</stream:stream>", 0).await;
            }
            drop((actor, racers));
            stage.is_clear().await;
        }
    }
}

/// Item 110: whoever takes and never acknowledges is cut off, and what it was sent waits for it.
#[tokio::test]
async fn what_is_never_acknowledged_is_not_lost() {
    const MESSAGES: usize = 700;
    for way in Way::ALL {
        let mut stage = Stage::with(*way, |setup| {
            setup.c2s.unacked_stanzas = 10;
            setup.router.inbox_stanzas = 600;
        })
        .await;
        let (mut actor, _) = managed(&mut stage).await;
        actor.send(b"<presence/>", 0).await;
        let to = actor.jid.clone();
        actor.next().await;
        for number in 0..MESSAGES {
            let message = format!("<message to='{to}' type='chat'><body>{number}</body></message>");
            stage.romeo.send(message).await;
        }
        stage.chat_goes_on("item 110").await;
        actor
            .expects(&StreamError(&["resource-constraint", "policy-violation"]), "item 110")
            .await;
        drop(actor);
        until(|| stage.server.router.directory().find(&to).is_none()).await;

        let mut back = stage.server.client(&stage.mallory, "back").await;
        back.send("<presence/>").await;
        let mut missing: BTreeSet<String> = (0..MESSAGES).map(|number| number.to_string()).collect();
        while !missing.is_empty() {
            let body = back.message().await.find("body", ns::CLIENT).unwrap().own_text();
            assert!(missing.remove(&body), "item 110: {body} came twice");
        }
        drop(back);
        stage.is_clear().await;
    }
}

/// Item 111: ten thousand requests for an acknowledgement are ten thousand answers, and nobody waits for them.
#[tokio::test]
async fn a_flood_of_requests_is_answered() {
    for way in Way::ALL {
        let mut stage = Stage::set(*way).await;
        let (mut actor, _) = managed(&mut stage).await;
        actor
            .send("<r xmlns='urn:xmpp:sm:3'/>".repeat(10_000).as_bytes(), 0)
            .await;
        stage.chat_goes_on("item 111").await;
        for _ in 0..10_000 {
            assert!(actor.wire.element().await.is("a", ns::STREAM_MANAGEMENT), "item 111");
        }
        actor.send(b"</stream:stream>", 0).await;
        actor.expects(&Closed, "item 111").await;
        stage.is_clear().await;
    }
}

/// Item 112: whoever does not read is given up, and whoever writes to it is not held up.
#[tokio::test]
async fn a_client_that_does_not_read_is_given_up() {
    for way in Way::ALL {
        let mut stage = Stage::with(*way, |setup| {
            setup.c2s.write_timeout_secs = 1;
            setup.c2s.rate.burst = 64 << 20;
            setup.c2s.rate.per_second = 64 << 20;
        })
        .await;
        let mut actor = stage.enter(Bound).await;
        actor.send(b"<presence/>", 0).await;
        actor.next().await;
        let to = actor.jid.clone();
        let body = Element::new("body", ns::CLIENT).text("x".repeat(64 << 10));
        let message = Stanza::message(MessageType::Headline)
            .to(to.clone())
            .child(&body)
            .to_xml();
        for _ in 0..160 {
            stage.romeo.send(&message).await;
        }
        stage.chat_goes_on("item 112").await;
        until(|| stage.server.router.directory().find(&to).is_none()).await;
        drop(actor);
        stage.is_clear().await;
    }
}
