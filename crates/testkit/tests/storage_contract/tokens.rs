//! XEP-0484 tokens.

use storage::{AccountId, Credentials, NewToken, StorageError, Token, Tokens};

use crate::Ground;
use crate::ground::{SECOND, START};

on_every_database!(
    a_token_replaces_all_but_the_one_in_use,
    a_token_ends_with_its_time,
    a_counter_is_accepted_once,
    tokens_of_a_client_or_of_all_are_revoked,
    an_account_has_no_more_tokens_than_the_bound,
);

fn token(secret: u8, expires_at: i64) -> NewToken {
    NewToken {
        mechanism: "HT-SHA-256-EXPR".to_owned(),
        secret: vec![secret; 32],
        expires_at,
    }
}

async fn secrets(g: &Ground, account: AccountId, client: &str) -> Vec<u8> {
    let found: Vec<Token> = g.storage.tokens().find(account, client).await.unwrap();
    found.iter().map(|token| token.secret[0]).collect()
}

async fn a_token_replaces_all_but_the_one_in_use(g: Ground) {
    let tokens = g.storage.tokens();
    let juliet = g.account("juliet").await;
    let end = START + SECOND;
    tokens.issue(juliet, "phone", &token(1, end), None).await.unwrap();
    tokens.issue(juliet, "tablet", &token(9, end), None).await.unwrap();
    let first = tokens.find(juliet, "phone").await.unwrap()[0].id;
    // The second never arrived, so the client comes with the first again and gets a third.
    tokens
        .issue(juliet, "phone", &token(2, end), Some(first))
        .await
        .unwrap();
    assert_eq!(secrets(&g, juliet, "phone").await, [2, 1]);
    tokens
        .issue(juliet, "phone", &token(3, end), Some(first))
        .await
        .unwrap();
    assert_eq!(secrets(&g, juliet, "phone").await, [3, 1]);
    // It uses the third.
    let third = tokens.find(juliet, "phone").await.unwrap()[0].id;
    tokens.confirm(juliet, "phone", third).await.unwrap();
    assert_eq!(secrets(&g, juliet, "phone").await, [3]);
    assert_eq!(secrets(&g, juliet, "tablet").await, [9]);
}

async fn a_token_ends_with_its_time(g: Ground) {
    let juliet = g.account("juliet").await;
    g.storage
        .tokens()
        .issue(juliet, "phone", &token(1, START + SECOND), None)
        .await
        .unwrap();
    g.time.pass(SECOND - 1);
    assert_eq!(secrets(&g, juliet, "phone").await, [1]);
    assert_eq!(g.storage.tokens().sweep().await.unwrap(), 0);
    g.time.pass(1);
    assert_eq!(secrets(&g, juliet, "phone").await, [0; 0]);
    assert_eq!(g.storage.tokens().sweep().await.unwrap(), 1);
}

async fn a_counter_is_accepted_once(g: Ground) {
    let juliet = g.account("juliet").await;
    let other = g.account("rosaline").await;
    g.storage
        .tokens()
        .issue(juliet, "phone", &token(1, i64::MAX), None)
        .await
        .unwrap();
    let id = g.storage.tokens().find(juliet, "phone").await.unwrap()[0].id;
    let attempts: Vec<_> = (0..8)
        .map(|_| {
            let tokens = g.storage.tokens().clone();
            tokio::spawn(async move { tokens.advance(juliet, id, 5).await.unwrap() })
        })
        .collect();
    let mut accepted = 0;
    for attempt in attempts {
        accepted += usize::from(attempt.await.unwrap());
    }
    assert_eq!(accepted, 1);
    for (account, counter, expected) in [
        (juliet, 5, false),
        (juliet, 4, false),
        (other, 9, false),
        (juliet, 6, true),
    ] {
        assert_eq!(
            g.storage.tokens().advance(account, id, counter).await.unwrap(),
            expected,
            "{counter}"
        );
    }
    assert_eq!(g.storage.tokens().find(juliet, "phone").await.unwrap()[0].counter, 6);
}

async fn tokens_of_a_client_or_of_all_are_revoked(g: Ground) {
    let tokens = g.storage.tokens();
    let juliet = g.account("juliet").await;
    for client in ["phone", "tablet", "laptop"] {
        tokens.issue(juliet, client, &token(1, i64::MAX), None).await.unwrap();
    }
    tokens.revoke(juliet, "phone").await.unwrap();
    assert_eq!(secrets(&g, juliet, "phone").await, [0; 0]);
    assert_eq!(secrets(&g, juliet, "tablet").await, [1]);
    let another_password = Credentials::default();
    let accounts = g.storage.accounts();
    assert!(accounts.change_credentials(juliet, &another_password).await.unwrap());
    assert_eq!(secrets(&g, juliet, "laptop").await, [0; 0]);
}

async fn an_account_has_no_more_tokens_than_the_bound(g: Ground) {
    let juliet = g.account("juliet").await;
    for client in 0..=Tokens::MAX_PER_ACCOUNT {
        g.storage
            .tokens()
            .issue(juliet, &client.to_string(), &token(1, i64::MAX), None)
            .await
            .unwrap();
    }
    assert_eq!(secrets(&g, juliet, "0").await, [0; 0]);
    assert_eq!(secrets(&g, juliet, "1").await, [1]);
    let long = "x".repeat(1_024);
    let refused = g.storage.tokens().issue(juliet, &long, &token(1, i64::MAX), None).await;
    assert!(
        matches!(refused, Err(StorageError::TooLarge { limit: 1_023, .. })),
        "{refused:?}"
    );
}
