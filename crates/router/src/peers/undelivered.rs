//! What did not get to another node finds another way.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use protocol::{Jid, Stanza};
use storage::LogId;

use super::frame::{self, Frame, Landing, Target};
use crate::{Account, Router};

/// What was in one frame.
enum Lost<'a> {
    /// A message that is in the log, for this session's account.
    Row {
        to: Target<'a>,
        row: LogId,
        generation: u64,
    },
    /// Whatever is nowhere else.
    Stanza { stanza: Box<Stanza>, hops: u8 },
    /// That a client has these.
    Acknowledged { account: &'a str, rows: Vec<i64> },
}

impl Router {
    /// Frames that a node did not get, in their order.
    pub async fn on_undelivered(self: &Arc<Self>, node: u64, frames: Vec<Bytes>) {
        let mut others = Vec::new();
        let mut freed = HashMap::new();
        for lost in frames.iter().filter_map(|bytes| lost(node, bytes)) {
            match lost {
                Lost::Row { to, row, generation } => {
                    if let Some(account) = self.landed_in_vain(node, generation, &to, row) {
                        freed.insert(account.jid.clone(), account);
                    }
                }
                Lost::Stanza { stanza, hops } => others.push((stanza, hops)),
                Lost::Acknowledged { account, rows } => self.acknowledge_again(account, &rows),
            }
        }
        for account in freed.into_values() {
            self.spawn_look(account);
        }
        for (stanza, hops) in others {
            self.again(*stanza, hops).await;
        }
    }

    /// The node that wrote these rows does not hear that a client has them. Where it wrote them after they were acknowledged
    /// here, they are still there.
    fn acknowledge_again(&self, account: &str, rows: &[i64]) {
        if let Some(account) = self.accounts().known(account) {
            let rows = rows.iter().copied().map(LogId::from_raw);
            self.storage().log().acknowledge(account.id, rows);
        }
    }

    /// A row did not get to `node`: it is the account's other sessions', or waits. The account, where nobody else has it.
    fn landed_in_vain(&self, node: u64, generation: u64, to: &Target<'_>, row: LogId) -> Option<Arc<Account>> {
        let account = self.accounts().known(to.jid.parse::<Jid>().ok()?.bare_str())?;
        let origins = account.in_flight().land_there(row, node, generation)?;
        account.is_waiting(row);
        self.send_landed(&account, &origins, row, Landing::GivenBack);
        Some(account)
    }
}

fn lost(node: u64, bytes: &Bytes) -> Option<Lost<'_>> {
    let (to, row, generation, hops, stanza) = match frame::decode(node, bytes)? {
        Frame::Deliver {
            to,
            log_id,
            hops,
            stanza,
            ..
        } => (to.into_iter().next()?, log_id, 0, hops, stanza),
        Frame::Handed { to, log_id, stanza } => {
            let generation = to.generation;
            (to, log_id, generation, 0, stanza)
        }
        Frame::Landed {
            account,
            rows,
            landing: Landing::Acknowledged,
            ..
        } => return Some(Lost::Acknowledged { account, rows }),
        _ => return None,
    };
    Some(match row.map(LogId::from_raw) {
        Some(row) => Lost::Row { to, row, generation },
        None => Lost::Stanza {
            stanza: Box::new(frame::stanza(node, stanza)?),
            hops,
        },
    })
}
