//! `/language`: the foot of every page says which language is to be spoken.

use axum::{
    extract::{Request, State},
    http::header::SET_COOKIE,
    response::{IntoResponse, Redirect, Response},
};

use super::login::inside;
use crate::{Console, guard, language};

/// Has this browser keep the choice, and goes back to where it was made. A language that there is not changes nothing.
pub(crate) async fn choose(State(console): State<Console>, request: Request) -> Response {
    let form = match guard::sent(request).await {
        Ok((_, form)) => form,
        Err(response) => return response,
    };
    let mut response = Redirect::to(inside(form.raw("next"))).into_response();
    if let Some(cookie) = language::choose(form.raw("language"), console.channel) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
