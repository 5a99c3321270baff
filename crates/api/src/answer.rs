//! What comes back.

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, LOCATION},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::problem::Problem;

/// What a route returns.
pub(crate) type Outcome<T> = Result<T, Problem>;

/// A value as JSON.
pub(crate) struct Json<T>(pub(crate) T);

/// The same, and the request's work goes on.
pub(crate) struct Accepted<T>(pub(crate) T);

/// Something that was made: where it is from now on, and what it is.
pub(crate) struct Created<T>(pub(crate) String, pub(crate) T);

/// It is done, and there is nothing to say about it.
pub(crate) struct Done;

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

impl<T: Serialize> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        json(StatusCode::ACCEPTED, &self.0)
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = json(StatusCode::CREATED, &self.1);
        // An address that no header can carry is none that can be asked for.
        if let Ok(place) = HeaderValue::from_str(&self.0) {
            response.headers_mut().insert(LOCATION, place);
        }
        response
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => (status, [(CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            Problem::failed(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
    }
}
