//! Streams that move from one node of the cluster to another, where their clients resume them (XEP-0198 §5): what the
//! streams of the two nodes say to each other. The sessions are the switchboard's to move.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use protocol::Jid;
use router::{Account, Facts, GivenUp, Later, Moving, NotAdopted, Session, Streams};
use serde::{Deserialize, Serialize};
use storage::AccountId;

use crate::{
    Server,
    bound::{Bound, end},
    client_state::ClientState,
    outbox::{Outbox, TooHigh},
    resume::{NotResumed, Resumed, catch_up, claim, resumed},
    stream_management::{Management, not_found, too_high},
};

/// How long the task has to let its stream go, and how long then commits under way: together less than the other node
/// waits.
const LETTING_GO: Duration = Duration::from_millis(300);

/// The stream that a client wants, which has proven to be this account's.
#[derive(Serialize, Deserialize)]
struct Wanted<'a> {
    id: &'a str,
    account: &'a str,
    number: i64,
    /// How much of what was sent the client has.
    h: u32,
}

/// Why it does not get it.
#[derive(Serialize, Deserialize)]
enum Refusal {
    TooHigh { h: u32, sent: u32 },
    Ended { h: u32 },
}

/// A stream on its way, but for its session and what is not delivered.
#[derive(Serialize, Deserialize)]
struct State {
    acked: u32,
    /// Handled stanzas of the client.
    received: u32,
    is_inactive: bool,
}

/// Takes over a stream of another node.
pub(crate) async fn take_over(
    server: &Server,
    account: &Arc<Account>,
    facts: Facts,
    id: &str,
    h: u32,
) -> Result<Resumed, NotResumed> {
    let wanted = encode(&Wanted {
        id,
        account: account.jid.as_str(),
        number: account.id.get(),
        h,
    });
    match server.house.adopt(account, facts, wanted.into()).await {
        Ok((session, state)) => go_on(server, session, &state, id).await,
        Err(NotAdopted::Unknown) => Err(NotResumed::Failed(not_found(None))),
        Err(NotAdopted::Refused(words)) => Err(match postcard::from_bytes(&words) {
            Ok(Refusal::TooHigh { h, sent }) => NotResumed::Broken(too_high(TooHigh { h, sent })),
            Ok(Refusal::Ended { h }) => NotResumed::Failed(not_found(Some(h))),
            Err(_) => NotResumed::Failed(not_found(None)),
        }),
    }
}

/// The stream as it was there. What its client does not have comes by way of its inbox.
async fn go_on(server: &Server, session: Arc<Session>, state: &[u8], id: &str) -> Result<Resumed, NotResumed> {
    let Ok(state) = postcard::from_bytes::<State>(state) else {
        tracing::warn!(target: "c2s", "another node's stream cannot be read");
        server.house.end(&session, [].into()).await;
        return Err(NotResumed::Failed(not_found(None)));
    };
    metrics::counter!("c2s_streams_moved").increment(1);
    let resumption = server.resumptions.enter(id.to_owned(), &session);
    let bound = Bound {
        management: Some(Management::resumed(
            Outbox::moved(state.acked, state.received),
            resumption,
        )),
        client_state: ClientState::moved(state.is_inactive),
        session,
    };
    Ok(Resumed {
        bound,
        reply: resumed(id, state.received),
    })
}

impl Streams for Server {
    fn give_up(&self, request: Bytes) -> Later<GivenUp> {
        let server = self.myself.upgrade();
        Box::pin(async move {
            match (server, postcard::from_bytes(&request)) {
                (Some(server), Ok(wanted)) => give_up(&server, wanted).await,
                _ => GivenUp::Unknown,
            }
        })
    }
}

/// Gives a stream of this node to another.
async fn give_up(server: &Server, wanted: Wanted<'_>) -> GivenUp {
    let Ok(account) = wanted.account.parse::<Jid>() else {
        return GivenUp::Unknown;
    };
    let number = AccountId::new(wanted.number);
    let Some(resumption) = server.resumptions.find(wanted.id, &account, number) else {
        return match server.resumptions.handled(wanted.id, &account) {
            Some(h) => GivenUp::Refused(encode(&Refusal::Ended { h })),
            None => GivenUp::Unknown,
        };
    };
    let Some(mut bound) = claim(&resumption, LETTING_GO).await else {
        return GivenUp::Unknown;
    };
    match catch_up(server, &mut bound, wanted.h, LETTING_GO).await {
        Ok(received) => {
            server.resumptions.leave(&resumption);
            GivenUp::Stream(pack(bound, wanted.h, received))
        }
        Err(TooHigh { h, sent }) => {
            end(server, bound).await;
            GivenUp::Refused(encode(&Refusal::TooHigh { h, sent }))
        }
    }
}

fn pack(bound: Bound, acked: u32, received: u32) -> Moving {
    let Bound {
        session,
        management,
        mut client_state,
    } = bound;
    let mut undelivered = management.map(|mut it| it.outbox.take()).unwrap_or_default();
    undelivered.extend(client_state.take());
    let state = encode(&State {
        acked,
        received,
        is_inactive: client_state.is_inactive(),
    });
    Moving {
        session,
        undelivered,
        state,
    }
}

fn encode(value: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(value).expect("a vector takes what is written to it")
}
