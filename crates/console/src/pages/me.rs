//! `/me`: one's own logins and second factor.

use askama::Template;
use axum::{
    http::header::SET_COOKIE,
    response::{IntoResponse, Redirect, Response},
};
use ops::{FactorInfo, LoginInfo};

use crate::{
    cookies::Cookie,
    frame::Frame,
    language::{filters, t},
    refusal::rendered,
    visit::Visit,
    words,
};

#[derive(Template)]
#[template(path = "me.html")]
struct Page {
    frame: Frame,
    account: String,
    factor: FactorInfo,
    is_required: bool,
    logins: Vec<LoginInfo>,
}

pub(crate) async fn page(visit: Visit) -> Response {
    let (acts, actor) = (visit.acts(), visit.actor());
    let factor = match acts.second_factors.own(actor).await {
        Ok(factor) => factor,
        Err(error) => return visit.refuse(&error).await,
    };
    let logins = match acts.logins.list(&visit.visitor.token).await {
        Ok(logins) => logins,
        Err(error) => return visit.refuse(&error).await,
    };
    rendered(&Page {
        frame: visit.frame(t("You")).await,
        account: super::account::path(&actor.to_string()),
        factor,
        is_required: visit.visitor.is_factor_required,
        logins,
    })
}

/// Ends every login of one's own, this one as well.
pub(crate) async fn log_out_everywhere(visit: Visit) -> Response {
    let logins = &visit.acts().logins;
    if let Err(error) = logins.log_out_everywhere(visit.actor(), &visit.visitor.token).await {
        return visit.refuse(&error).await;
    }
    let mut response = Redirect::to("/login").into_response();
    if let Some(cookie) = Cookie::Login.unset(visit.console.channel) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
