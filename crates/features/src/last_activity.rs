//! XEP-0012: Last Activity. How long the server runs, and since when nobody is at an account.

use std::{sync::Arc, time::Instant};

use jiff::Timestamp;
use protocol::{Condition, Element, IqType, Kind, ns};
use router::{Account, Answer, Feature, Flow, Hooks, Phase, Request, Side, To, Verdict, Xep};

use crate::{
    contact::audience::{is_available, may_see},
    refuse,
};

/// Tells those who may know. When an account was left, `presence` remembers.
pub(crate) struct LastActivity {
    started: Instant,
}

impl LastActivity {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            started: Instant::now(),
        })
    }
}

impl Feature for LastActivity {
    fn name(&self) -> &'static str {
        "last_activity"
    }

    fn xeps(&self) -> &'static [Xep] {
        &[Xep {
            number: 12,
            version: "2.0",
        }]
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.answer(To::Host, "query", ns::LAST_ACTIVITY, &self, uptime);
        hooks.answer(To::OwnAccount, "query", ns::LAST_ACTIVITY, &self, account);
        hooks.answer(To::AnyAccount, "query", ns::LAST_ACTIVITY, &self, account);
        hooks.on(Side::Receiving, Phase::Guard, &self, guard);
    }
}

async fn uptime(feature: Arc<LastActivity>, request: Request) -> Answer {
    if request.is_set() {
        return Err(refuse::wrong_type());
    }
    Ok(Some(seconds(feature.started.elapsed().as_secs())))
}

/// §3: only who may see the account's presence learns when it was there.
async fn account(_feature: Arc<LastActivity>, request: Request) -> Answer {
    let account = match &request.account {
        Some(account) if !request.is_set() && may_see(account, request.from()) => account,
        Some(_) if request.is_set() && request.is_own() => return Err(refuse::wrong_type()),
        _ => return Err(refuse::stranger(&request)),
    };
    if request.is_own() || is_available(&request.house, &account.jid) {
        return Ok(Some(seconds(0)));
    }
    since(&request, account).await
}

async fn since(request: &Request, account: &Account) -> Answer {
    let house = &request.house;
    let unavailable = |error| house.unavailable("reading when an account was left", &error);
    // It is written together with messages, so it may not be there yet.
    house.storage().log().flush().await.map_err(unavailable)?;
    let row = house.storage().accounts().get(account.id).await.map_err(unavailable)?;
    let Some(row) = row else {
        return Err(refuse::stranger(request));
    };
    let left_at = row.last_logout.unwrap_or(row.created_at);
    let micros = Timestamp::now().as_microsecond().saturating_sub(left_at);
    let query = seconds(u64::try_from(micros / 1_000_000).unwrap_or(0));
    Ok(Some(match row.last_status {
        Some(status) if !status.is_empty() => query.text(status),
        _ => query,
    }))
}

fn seconds(seconds: u64) -> Element {
    Element::new("query", ns::LAST_ACTIVITY).attr("seconds", seconds.to_string())
}

/// §4: a stranger's question is not passed on to a client either.
fn guard(_feature: &LastActivity, flow: &mut Flow<'_>) -> Verdict {
    let (Kind::Iq(IqType::Get), Some(from), Some(account)) = (flow.stanza.kind, &flow.stanza.from, &flow.recipient)
    else {
        return Verdict::Continue;
    };
    if flow.stanza.has("query", ns::LAST_ACTIVITY) && !may_see(account, from) {
        return Verdict::Bounce(Condition::ServiceUnavailable.into());
    }
    Verdict::Continue
}
