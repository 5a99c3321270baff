//! `/tokens`: what programs use this API with.

use axum::http::StatusCode;
use jiff::Timestamp;
use ops::{TokenInfo, TokenWish};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::{Created, Done, Json, Outcome},
    problem::Problem,
    request::{Caller, Name, Sent},
    wire::{RoleName, Time},
};

/// All tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenList {
    tokens: Vec<Token>,
}

/// A token. What it consists of is kept nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Token {
    name: String,
    /// The administrator on whose behalf it acts.
    owner: String,
    role: RoleName,
    /// The host of the role `host`.
    host: Option<String>,
    /// Whether it lets anybody in now: not after its end, nor while its owner is locked or has another role.
    usable: bool,
    created_at: Time,
    /// When it ends; none: never.
    expires_at: Option<Time>,
    /// When it was last used, to the minute; none: never.
    used_at: Option<Time>,
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    /// What it is called: letters, digits, `-`, `_` and `.`; no two are called the same.
    name: String,
    role: RoleName,
    /// The host of the role `host`.
    host: Option<String>,
    /// When it ends; none: never.
    expires_at: Option<Time>,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeToken {
    /// What to send as `Authorization: Bearer …`. It is shown this once.
    token: String,
    #[serde(flatten)]
    info: Token,
}

/// All tokens, by name.
#[utoipa::path(get, path = "/tokens", responses((status = 200, body = TokenList)))]
pub(crate) async fn list(caller: Caller) -> Outcome<Json<TokenList>> {
    let tokens = caller.acts.tokens.list(&caller.actor).await?;
    Ok(Json(TokenList {
        tokens: tokens.into_iter().map(Token::from).collect(),
    }))
}

/// Makes a token that acts on behalf of the same administrator as the one that asks, and lives no longer than that.
#[utoipa::path(post, path = "/tokens", request_body = NewToken, responses((status = 201, body = MadeToken)))]
pub(crate) async fn create(caller: Caller, Sent(new): Sent<NewToken>) -> Outcome<Created<MadeToken>> {
    let expires_at = new.expires_at.map(|time| time.0);
    if expires_at.is_some_and(|end| end <= Timestamp::now().as_microsecond()) {
        let why = "This time is over: a token ends in the future.";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why).at("expires_at"));
    }
    let wish = TokenWish {
        name: new.name,
        role: new.role.with(new.host)?,
        expires_at,
        owner: None,
    };
    let (token, info) = caller.acts.tokens.make(&caller.actor, &wish).await?;
    let place = format!("/api/v1/tokens/{}", wish.name);
    Ok(Created(
        place,
        MadeToken {
            token,
            info: info.into(),
        },
    ))
}

/// Ends a token, at once and on every server.
#[utoipa::path(delete, path = "/tokens/{name}", params(("name" = String, Path, description = "What it is called.")),
    responses((status = 204)))]
pub(crate) async fn revoke(caller: Caller, Name(name): Name) -> Outcome<Done> {
    caller.acts.tokens.revoke(&caller.actor, &name).await?;
    Ok(Done)
}

impl From<TokenInfo> for Token {
    fn from(info: TokenInfo) -> Self {
        let (role, host) = RoleName::of(&info.role);
        Self {
            name: info.name,
            owner: info.owner,
            role,
            host,
            usable: info.worth.is_some(),
            created_at: Time(info.created_at),
            expires_at: info.expires_at.map(Time),
            used_at: info.used_at.map(Time),
        }
    }
}
