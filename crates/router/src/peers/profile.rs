//! Contacts and block list of an account whose sessions are on other nodes, while the database does not give them: the
//! nodes with its sessions have both in memory. So a first word reaches somebody who is there, whatever the database does.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use storage::{AccountId, RosterItem, Storage, StorageError};

use super::{
    Mesh,
    frame::{self, Question},
};
use crate::{Account, Router, account::Profile};

/// How long the database has before others are asked.
const TAKES_LONG: Duration = Duration::from_millis(250);
/// How long they have to answer.
const ASKING: Duration = Duration::from_secs(1);
/// An answer that a link takes for sure; an account with more waits for the database.
const ANSWER_MAX_BYTES: usize = 1000 * 1024;

/// On its way.
#[derive(Serialize, Deserialize)]
struct Packed {
    contacts: Vec<RosterItem>,
    blocked: Vec<String>,
}

impl Profile {
    /// From the database; where that fails, or takes long, from whoever has it.
    pub(crate) async fn find(account: &Account, mesh: &Mesh, storage: &Storage) -> Result<Self, StorageError> {
        let reading = Self::load(account.id, storage);
        if mesh.is_alone() {
            return reading.await;
        }
        tokio::pin!(reading);
        let read = tokio::time::timeout(TAKES_LONG, &mut reading).await;
        match read {
            Ok(Ok(profile)) => Ok(profile),
            Ok(Err(error)) => ask(account, mesh).await.ok_or(error),
            Err(_) => match ask(account, mesh).await {
                Some(profile) => Ok(profile),
                None => reading.await,
            },
        }
    }
}

async fn ask(account: &Account, mesh: &Mesh) -> Option<Profile> {
    let question = frame::encode(&Question::Profile {
        account: account.jid.as_str(),
        number: account.id.get(),
    });
    let nodes = mesh.nodes_of(&account.jid);
    let answers = mesh.peers().ask(nodes, question, ASKING).await;
    answers.into_iter().find_map(|(node, answer)| {
        let packed: Option<Packed> = frame::decode(node, &answer.ok()?)?;
        let Packed { contacts, blocked } = packed?;
        Some(Profile::of(contacts, 0, &blocked))
    })
}

impl Router {
    /// Contacts and block list of an account, where they are known here for certain: `None` packed otherwise.
    pub(super) fn profile_here(&self, account: &str, number: i64) -> Bytes {
        let account = self.accounts().known(account);
        let account: Option<Arc<Account>> = account.filter(|it| it.id == AccountId::new(number) && it.is_fresh());
        let packed = account.as_ref().and_then(|it| it.loaded()).map(|profile| Packed {
            contacts: profile
                .contacts()
                .iter()
                .map(|(_, item)| RosterItem::clone(item))
                .collect(),
            blocked: profile.blocked().iter().map(ToString::to_string).collect(),
        });
        let answer = frame::encode(&packed);
        match answer.len() > ANSWER_MAX_BYTES {
            true => frame::encode(&None::<Packed>),
            false => answer,
        }
    }
}
