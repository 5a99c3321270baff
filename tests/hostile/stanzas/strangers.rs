//! What one may learn of those one does not know, and who may not be written to.

use protocol::ns;

use super::{bound, hi};
use crate::stage::{Actor, Expect::*, Phase::*, Stage, Way};

/// Items 125, 126 and 131: nobody can tell from answers whether an account exists, is there, or has gone.
#[tokio::test]
async fn strangers_learn_nothing() {
    for way in Way::ALL {
        let mut stage = Stage::set(*way).await;
        let away = stage.server.account("away").await;
        let mut actor = stage.enter(Bound).await;
        for question in [
            "<message type='chat' to='{to}'><body>hi</body></message>",
            "<message type='normal' to='{to}/x'><body>hi</body></message>",
            "<message type='headline' to='{to}'><body>hi</body></message>",
            "<message type='groupchat' to='{to}'><body>hi</body></message>",
            "<message type='headline' to='{to}/x'><body>hi</body></message>",
            "<iq type='get' id='q' to='{to}'><ping xmlns='urn:xmpp:ping'/></iq>",
            "<iq type='get' id='q' to='{to}/x'><ping xmlns='urn:xmpp:ping'/></iq>",
            "<iq type='get' id='q' to='{to}'><vCard xmlns='vcard-temp'/></iq>",
            "<iq type='set' id='q' to='{to}'><vCard xmlns='vcard-temp'/></iq>",
            "<iq type='get' id='q' to='{to}'><query xmlns='jabber:iq:last'/></iq>",
            "<iq type='get' id='q' to='{to}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
            "<iq type='set' id='q' to='{to}'><query xmlns='jabber:iq:register'><remove/></query></iq>",
            "<presence type='probe' to='{to}'/>",
            "<presence type='unsubscribe' to='{to}'/>",
        ] {
            let of_nobody = ask(&mut actor, question, "nobody@hearth.test").await;
            let of_away = ask(&mut actor, question, away.as_str()).await;
            assert_eq!(of_nobody, of_away, "items 125, 126: {question}");
        }
        drop(actor);
        stage.chat_goes_on("items 125, 126 and 131").await;
        stage.is_clear().await;
    }
}

/// What is answered, with the address that was asked left out.
async fn ask(actor: &mut Actor, question: &str, to: &str) -> Vec<String> {
    actor.send(question.replace("{to}", to).as_bytes(), 0).await;
    let answers = actor.answers(question).await;
    answers.iter().map(|answer| answer.to_xml().replace(to, "…")).collect()
}

/// Item 136: whoever is blocked gets through in no spelling; it looks as if nobody were there.
#[tokio::test]
async fn the_blocked_do_not_get_through() {
    for way in Way::ALL {
        let mut stage = Stage::set(*way).await;
        let mallory = stage.mallory.clone();
        let block = format!("<block xmlns='{}'><item jid='{mallory}'/></block>", ns::BLOCKING);
        let answer = stage.juliet.ask("set", None, &block).await;
        assert_eq!(answer.get("type"), Some("result"), "{answer:?}");
        stage.juliet.all().await;
        let refused = || StanzaError(&["service-unavailable"]);
        for to in [
            "{victim}",
            "{victim_bare}",
            "JULIET2@Hearth.Test/sofa",
            "{victim_bare}/other",
        ] {
            stage.play(&bound(136, hi(&format!("to='{to}'")), refused())).await;
            let ping = format!("<iq type='get' id='1' to='{to}'><ping xmlns='urn:xmpp:ping'/></iq>");
            stage.play(&bound(136, ping, refused())).await;
        }
        for kind in ["subscribe", "subscribed", "probe"] {
            let presence = format!("<presence type='{kind}' to='{{victim_bare}}'/>");
            stage.play(&bound(136, presence, Silence)).await;
        }
        stage.play(&bound(136, "<presence to='{victim}'/>", Silence)).await;
        stage.is_clear().await;
    }
}

/// Item 137: who blocks somebody can not write to them, and is told why.
#[tokio::test]
async fn one_does_not_write_to_those_one_blocks() {
    for way in Way::ALL {
        let mut stage = Stage::set(*way).await;
        let victim = stage.victim().clone();
        let mut actor = stage.enter(Bound).await;
        let block = format!(
            "<iq type='set' id='1'><block xmlns='{}'><item jid='{}'/></block></iq>",
            ns::BLOCKING,
            victim.bare_str()
        );
        actor.send(block.as_bytes(), 0).await;
        assert_eq!(actor.wire.element().await.get("type"), Some("result"), "item 137");
        actor.send(hi(&format!("to='{victim}'")).as_bytes(), 0).await;
        let answers = actor.answers("item 137").await;
        let error = answers.first().and_then(|answer| answer.find("error", ns::CLIENT));
        let error = error.expect("item 137: an error");
        assert!(
            error.find("not-acceptable", ns::STANZA_ERRORS).is_some(),
            "item 137: {error:?}"
        );
        assert!(
            error.find("blocked", ns::BLOCKING_ERRORS).is_some(),
            "item 137: {error:?}"
        );
        drop(actor);
        stage.chat_goes_on("item 137").await;
        stage.is_clear().await;
    }
}
