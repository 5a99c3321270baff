//! `/.well-known/acme-challenge/{token}`: what certificate authorities ask for (RFC 8555 §8.3). Nothing else is answered
//! there.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, State, rejection::PathRejection},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::sync::Semaphore;

use crate::Bounds;

/// Who knows the answers.
pub trait Answers: Send + Sync {
    /// The answer to this token; none where nobody has to know.
    fn answer<'a>(&'a self, token: &'a str) -> Pin<Box<dyn Future<Output = Option<String>> + Send + 'a>>;
}

#[derive(Clone)]
struct Desk {
    answers: Arc<dyn Answers>,
    places: Arc<Semaphore>,
}

/// Questions at a time: each asks the database, which is there for others too.
const QUESTIONS: usize = 4;
/// Characters of a token at most; those of authorities have 43.
const TOKEN_CHARS_MAX: usize = 128;

/// How much connections of authorities may take. Anybody may come.
pub const CHALLENGE_BOUNDS: Bounds = Bounds {
    connections: 64,
    head_timeout: Duration::from_secs(5),
    connection_timeout: Duration::from_secs(15),
};

/// The page; other methods than GET and HEAD get 405, other paths 404.
pub fn challenges(answers: Arc<dyn Answers>) -> Router {
    let places = Arc::new(Semaphore::new(QUESTIONS));
    Router::new()
        .route("/.well-known/acme-challenge/{token}", get(challenge))
        .with_state(Desk { answers, places })
}

async fn challenge(State(desk): State<Desk>, token: Result<Path<String>, PathRejection>) -> Response {
    let token = token.map(|Path(token)| token).unwrap_or_default();
    let answer = match is_token(&token) {
        true => {
            let _place = desk.places.acquire().await;
            desk.answers.answer(&token).await
        }
        false => None,
    };
    match answer {
        // §8.3 recommends this kind; a browser that is shown it shows nothing.
        Some(answer) => ([(CONTENT_TYPE, "application/octet-stream")], answer).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Base64url (§8.3).
fn is_token(text: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=TOKEN_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_base64url_and_nothing_else_is_looked_for() {
        for token in ["a", "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0", "-_"] {
            assert!(is_token(token), "{token}");
        }
        let long = "a".repeat(129);
        for text in ["", "a b", "a%", "a'", "ä", "..", "a.b", "a=", long.as_str()] {
            assert!(!is_token(text), "{text}");
        }
    }
}
