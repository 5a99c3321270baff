//! What a request says: who asks, and the fields of its path, its query and its body, each refused by name.

use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequest, FromRequestParts, RawPathParams, Request},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE, request::Parts},
};
use ops::{Actor, PAGE_MAX};
use serde::de::DeserializeOwned;

use crate::{Acts, Api, guard::BODY_BYTES_MAX, problem::Problem};

/// Who asks, and what can be done.
pub(crate) struct Caller {
    pub(crate) acts: Acts,
    pub(crate) actor: Actor,
}

/// The part of the path that varies, where there is one.
pub(crate) struct Name(pub(crate) String);

/// The parts of the path that vary, where there are several, in their order.
pub(crate) struct Names<const N: usize>(pub(crate) [String; N]);

/// The fields of the query.
pub(crate) struct Query<T>(pub(crate) T);

/// The body.
pub(crate) struct Sent<T>(pub(crate) T);

/// Entries of a page where nobody says how many.
const PAGE: u32 = 50;
/// Entries of a page at most: one more is asked for, to know whether there is another page.
const LIMIT_MAX: u32 = PAGE_MAX - 1;

/// How many entries a page is to have.
///
/// # Errors
/// Where nobody may ask for so many, or so few.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked.unwrap_or(PAGE) {
        limit @ 1..=LIMIT_MAX => Ok(limit),
        other => {
            let why = format!("A page has 1 to {LIMIT_MAX} entries, not {other}.");
            Err(Problem::new(StatusCode::BAD_REQUEST, &why).at("limit"))
        }
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let actor = parts.extensions.get::<Actor>().cloned();
        Ok(Self {
            acts: api.acts.clone(),
            actor: actor.ok_or_else(|| Problem::failed(StatusCode::INTERNAL_SERVER_ERROR))?,
        })
    }
}

/// A number that this server has told, in an address or a query.
///
/// # Errors
/// Where it is none, with the name of the field.
pub(crate) fn number(text: &str, field: &str) -> Result<i64, Problem> {
    let why = "This is no number that this server has told: begin with a list's first page.";
    text.parse()
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, why).at(field))
}

impl FromRequestParts<Api> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Names([name]) = Names::from_request_parts(parts, api).await?;
        Ok(Self(name))
    }
}

impl<const N: usize> FromRequestParts<Api> for Names<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let unreadable = || Problem::new(StatusCode::BAD_REQUEST, "This address is not percent-encoded UTF-8.");
        let names = RawPathParams::from_request_parts(parts, api)
            .await
            .map_err(|_| unreadable())?;
        let names: Vec<String> = names.iter().map(|(_, value)| value.to_owned()).collect();
        names.try_into().map(Self).map_err(|_| unreadable())
    }
}

impl<T: DeserializeOwned> FromRequestParts<Api> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let fields = serde_urlencoded::Deserializer::new(pairs);
        serde_path_to_error::deserialize(fields)
            .map(Self)
            .map_err(|error| wrong("query", &error))
    }
}

impl<T: DeserializeOwned> FromRequest<Api> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Api) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let why = "The body must be JSON, and say so: Content-Type: application/json. Nothing was done.";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
        }
        let bytes = to_bytes(request.into_body(), BODY_BYTES_MAX).await.unwrap_or_default();
        read(&bytes).map(Self)
    }
}

fn read<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| wrong("body", &error))?;
    json.end().map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            &format!("After the body's JSON there is more: {error}."),
        )
    })?;
    Ok(value)
}

/// What cannot be read, and where.
fn wrong(part: &str, error: &serde_path_to_error::Error<impl std::fmt::Display>) -> Problem {
    let problem = Problem::new(
        StatusCode::BAD_REQUEST,
        &format!("The {part} cannot be read: {}.", error.inner()),
    );
    // The whole is no field, and what ended in the middle of a name has none.
    match error.path().to_string() {
        path if path == "." || path.contains('?') => problem,
        path => problem.at(&path),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = text.and_then(|text| text.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}
