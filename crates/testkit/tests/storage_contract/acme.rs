//! Certificates that all servers use, and the orders that bring them.

use storage::{AcmeFailure, KeptSource};

use crate::Ground;

on_every_database!(
    a_certificate_is_kept_in_the_place_of_the_one_before_and_all_hear_of_it,
    of_two_at_once_one_is_at_an_order,
    a_claim_that_ran_out_is_worth_nothing,
    a_failure_is_remembered_until_an_order_succeeds,
    a_challenge_is_answered_until_it_ends,
    who_agreed_to_terms_is_remembered_and_so_is_the_account,
    all_of_it_goes_with_its_host,
);

const MINUTE: i64 = 60_000_000;

async fn a_certificate_is_kept_in_the_place_of_the_one_before_and_all_hear_of_it(g: Ground) {
    let (kept, mut changes) = (g.storage.kept_certificates(), g.storage.cluster().changes());
    let host = g.storage.hosts().add("kept.test").await.unwrap();
    let before = changes.changed().await.unwrap().certificates;
    kept.put(host, "one", b"sealed", KeptSource::Import).await.unwrap();
    while changes.changed().await.unwrap().certificates == before {}
    kept.put(host, "two", b"other", KeptSource::Acme).await.unwrap();
    let all = kept.list().await.unwrap();
    let [it] = all.as_slice() else { panic!("one is kept") };
    assert_eq!((it.domain.as_str(), it.chain.as_str()), ("kept.test", "two"));
    assert_eq!((it.sealed_key.as_slice(), it.source), (&b"other"[..], KeptSource::Acme));
    assert_eq!(g.storage.acme().count_sealed().await.unwrap(), 1);
    assert!(kept.remove(host).await.unwrap() && !kept.remove(host).await.unwrap());
}

async fn of_two_at_once_one_is_at_an_order(g: Ground) {
    let acme = g.storage.acme();
    let host = g.storage.hosts().add("race.test").await.unwrap();
    let (one, other) = tokio::join!(acme.claim(host, "one", 60_000), acme.claim(host, "other", 60_000));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one != other, "of two at once one gets it");
    let order = acme.orders().await.unwrap().pop().unwrap();
    assert!(order.is_claimed && order.failures == 0);
    let (mine, theirs) = if one { ("one", "other") } else { ("other", "one") };
    acme.give_up(host, theirs).await.unwrap();
    assert!(
        !acme.claim(host, theirs, 60_000).await.unwrap(),
        "nobody gives up another's"
    );
    assert!(!acme.succeed(host, theirs, "chain", b"key").await.unwrap());
    assert!(g.storage.kept_certificates().list().await.unwrap().is_empty());
    acme.give_up(host, mine).await.unwrap();
    assert!(acme.claim(host, theirs, 60_000).await.unwrap());
}

async fn a_claim_that_ran_out_is_worth_nothing(g: Ground) {
    let acme = g.storage.acme();
    let host = g.storage.hosts().add("late.test").await.unwrap();
    assert!(acme.claim(host, "dead", 0).await.unwrap());
    assert!(acme.claim(host, "next", 60_000).await.unwrap());
    assert!(!acme.succeed(host, "dead", "chain", b"key").await.unwrap());
    assert!(acme.succeed(host, "next", "chain", b"key").await.unwrap());
    assert_eq!(
        g.storage.kept_certificates().list().await.unwrap()[0].source,
        KeptSource::Acme
    );
}

async fn a_failure_is_remembered_until_an_order_succeeds(g: Ground) {
    let acme = g.storage.acme();
    let host = g.storage.hosts().add("fails.test").await.unwrap();
    acme.wish(host).await.unwrap();
    assert!(acme.orders().await.unwrap()[0].wished_at.is_some());
    for failures in 1..=2 {
        assert!(acme.claim(host, "it", 60_000).await.unwrap());
        let failure = AcmeFailure {
            why: "no such name",
            next_at: 70,
            held_until: 60,
        };
        assert!(acme.fail(host, "it", &failure).await.unwrap());
        assert!(!acme.fail(host, "it", &failure).await.unwrap(), "once for a claim");
        let order = acme.orders().await.unwrap().pop().unwrap();
        assert_eq!((order.failures, order.next_at, order.held_until), (failures, 70, 60));
        assert_eq!(order.why.as_deref(), Some("no such name"));
        assert!(order.failed_at.is_some() && order.wished_at.is_none() && !order.is_claimed);
    }
    assert!(acme.claim(host, "it", 60_000).await.unwrap());
    assert!(acme.succeed(host, "it", "chain", b"key").await.unwrap());
    let order = acme.orders().await.unwrap().pop().unwrap();
    assert_eq!((order.failures, order.failed_at, order.why), (0, None, None));
}

async fn a_challenge_is_answered_until_it_ends(g: Ground) {
    let acme = g.storage.acme();
    acme.put_challenge("token", "before", MINUTE).await.unwrap();
    acme.put_challenge("token", "token.print", MINUTE).await.unwrap();
    acme.put_challenge("late", "late.print", -1).await.unwrap();
    assert_eq!(acme.challenge("token").await.unwrap().as_deref(), Some("token.print"));
    for other in ["late", "TOKEN", "toke", "token ", ""] {
        assert_eq!(acme.challenge(other).await.unwrap(), None, "{other:?}");
    }
    acme.end_challenge("token").await.unwrap();
    assert_eq!(acme.challenge("token").await.unwrap(), None);
    assert!(acme.put_challenge(&"x".repeat(256), "x", MINUTE).await.is_err());
}

async fn who_agreed_to_terms_is_remembered_and_so_is_the_account(g: Ground) {
    const DIRECTORY: &str = "https://ca.test/dir";
    let acme = g.storage.acme();
    assert!(!acme.keep_credentials(DIRECTORY, Some(b"early")).await.unwrap());
    acme.agree(DIRECTORY, "https://ca.test/terms/1", "an owner")
        .await
        .unwrap();
    assert!(acme.keep_credentials(DIRECTORY, Some(b"sealed")).await.unwrap());
    acme.agree(DIRECTORY, "https://ca.test/terms/2", "another")
        .await
        .unwrap();
    let account = acme.account(DIRECTORY).await.unwrap().unwrap();
    assert_eq!(
        (account.terms.as_str(), account.agreed_by.as_str()),
        ("https://ca.test/terms/2", "another")
    );
    assert_eq!(account.sealed_credentials.as_deref(), Some(&b"sealed"[..]));
    assert!(acme.account("https://ca.test/").await.unwrap().is_none());
    assert_eq!(acme.count_sealed().await.unwrap(), 1);
    let all = acme.credentials().await.unwrap();
    assert_eq!(all, [(DIRECTORY.to_owned(), b"sealed".to_vec())]);
    assert!(acme.keep_credentials(DIRECTORY, None).await.unwrap());
    assert_eq!(acme.count_sealed().await.unwrap(), 0);
}

async fn all_of_it_goes_with_its_host(g: Ground) {
    let acme = g.storage.acme();
    let _stays = g.storage.hosts().add("stays.test").await.unwrap();
    let host = g.storage.hosts().add("goes.test").await.unwrap();
    assert!(acme.claim(host, "it", 60_000).await.unwrap());
    assert!(acme.succeed(host, "it", "chain", b"key").await.unwrap());
    g.storage.hosts().delete("goes.test").await.unwrap();
    assert!(acme.orders().await.unwrap().is_empty());
    assert!(g.storage.kept_certificates().list().await.unwrap().is_empty());
}
