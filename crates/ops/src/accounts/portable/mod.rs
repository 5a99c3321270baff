//! XEP-0227: Portable Import/Export Format, version 1.1. Everything of a person in one document that other servers read,
//! and back.
//!
//! | of an account | in the document |
//! |---|---|
//! | keys | `scram-credentials`; never a password |
//! | roster | `query` of `jabber:iq:roster`, requests that wait as `presence` |
//! | vCard, private XML | as they are |
//! | block list | `blocklist` of XEP-0191 |
//! | messages that wait | `offline-messages`, each with the time it came |

mod read;
mod write;

use protocol::stream::Limits;
use storage::{Credentials, LogId, LogRow, NewAccount, RosterItem, StorageError};

use super::{Accounts, Found, Imported, Refused, account_address};
use crate::{Actor, OpsError, audit::Deed};

/// Bytes of a document, in or out: twice what waits for one account at most, as long as the quota is the default.
pub const PORTABLE_MAX_BYTES: usize = 8 * 1024 * 1024;
/// Elements and texts of a document that comes in.
const NODES_MAX: usize = 1_000_000;
/// Messages read at a time.
const MESSAGES: u32 = 200;
/// What an account may bring; more than any server lets one gather.
const CONTACTS_MAX: usize = 100_000;
const BLOCKED_MAX: usize = 100_000;

/// Everything of a person.
#[derive(Debug, Default)]
struct Person {
    /// Prepared.
    local: String,
    credentials: Credentials,
    /// Only coming in.
    password: Option<String>,
    contacts: Vec<RosterItem>,
    card: Option<Vec<u8>>,
    blocked: Vec<String>,
    /// Name, namespace and XML.
    private: Vec<(String, String, Vec<u8>)>,
    /// From whom, and the stanza.
    messages: Vec<(String, Vec<u8>)>,
}

impl Accounts {
    /// An account with all that is remembered for it. Whoever has its keys can pretend to be this server towards its user:
    /// treat the document like a password.
    ///
    /// # Errors
    /// Where there is no such account, the actor is no owner, or it is more than [`PORTABLE_MAX_BYTES`].
    pub async fn export_portable(&self, actor: &Actor, address: &str) -> Result<String, OpsError> {
        let work = async {
            actor.require_owner()?;
            let found = self.found(actor, address).await?;
            let person = self.gather(&found).await?;
            let xml = write::document(found.jid.domain(), &person);
            if xml.len() > PORTABLE_MAX_BYTES {
                return Err(too_large());
            }
            Ok(xml)
        };
        self.audit
            .record(actor, Deed::new("account.export.portable", address), work)
            .await
    }

    /// Makes the accounts of a document. One that is there already stays as it is; one of which a part cannot be taken in
    /// is not made at all.
    ///
    /// # Errors
    /// Where the document cannot be read, or the database fails; what is wrong with single accounts stands in the answer.
    pub async fn import_portable(&self, actor: &Actor, xml: &str) -> Result<Imported, OpsError> {
        let target = format!("a document of {} bytes", xml.len());
        let work = async {
            actor.require_owner()?;
            if xml.len() > PORTABLE_MAX_BYTES {
                return Err(too_large());
            }
            let mut imported = Imported::default();
            for (jid, person) in read::document(xml)? {
                let result = match person {
                    Ok(person) => self.take_person(actor, &jid, person).await,
                    Err(why) => Err(OpsError::Record(why)),
                };
                match result {
                    Ok(true) => imported.created += 1,
                    Ok(false) => imported.existing += 1,
                    Err(error) if error.is_unavailable() => return Err(error),
                    Err(error) => imported.refused.push(Refused {
                        jid,
                        reason: error.to_string(),
                    }),
                }
            }
            tracing::info!(%actor, created = imported.created, "accounts were imported");
            Ok(imported)
        };
        let deed = Deed {
            after: self.meant(),
            ..Deed::new("account.import.portable", &target)
        };
        self.audit.record(actor, deed, work).await
    }

    async fn gather(&self, found: &Found) -> Result<Person, OpsError> {
        let (storage, id) = (&self.storage, found.account.id);
        let credentials = storage.accounts().credentials(id).await?;
        let mut person = Person {
            local: found.account.localpart.clone(),
            credentials: credentials.ok_or_else(|| OpsError::NoAccount(found.jid.clone()))?,
            contacts: storage.roster().load(id).await?.0,
            card: storage.vcards().get(id).await?,
            blocked: storage.blocking().list(id).await?,
            private: storage.private().all(id).await?,
            ..Person::default()
        };
        let (mut after, mut bytes): (Option<LogId>, usize) = (None, 0);
        loop {
            let rows = storage.log().unacknowledged(id, after, MESSAGES).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id);
            for row in rows {
                bytes += row.stanza.len();
                if bytes > PORTABLE_MAX_BYTES {
                    return Err(too_large());
                }
                let stanza = write::dated(&row.stanza, row.id.timestamp(), found.jid.domain());
                person.messages.push((row.peer, stanza));
            }
        }
        Ok(person)
    }

    /// Makes one account with all it brings; `false` where there is one of this name.
    async fn take_person(&self, actor: &Actor, address: &str, person: Person) -> Result<bool, OpsError> {
        let (jid, local) = account_address(address)?;
        let host = self.host(actor, jid.domain()).await?;
        let credentials = match &person.password {
            Some(password) => self.authenticator.make_credentials(password).await?,
            None => person.credentials.clone(),
        };
        let new = NewAccount::open(host, &local, &credentials);
        let Some(id) = self.make(&jid, new).await? else {
            return Ok(false);
        };
        let filled = self.fill(id, person).await;
        if filled.is_err() {
            // Half of somebody is nobody.
            self.storage.accounts().delete(id).await?;
        }
        self.live.forget(&jid);
        filled.map(|()| true).map_err(OpsError::from)
    }

    async fn fill(&self, id: storage::AccountId, person: Person) -> Result<(), StorageError> {
        let storage = &self.storage;
        storage.roster().fill(id, &person.contacts, CONTACTS_MAX).await?;
        if let Some(card) = &person.card {
            storage.vcards().set(id, card, PORTABLE_MAX_BYTES).await?;
        }
        if !person.blocked.is_empty() {
            storage.blocking().add(id, &person.blocked, BLOCKED_MAX).await?;
        }
        for (name, namespace, xml) in &person.private {
            storage
                .private()
                .set(id, name, namespace, xml, PORTABLE_MAX_BYTES)
                .await?;
        }
        let log = storage.log();
        for (peer, stanza) in person.messages {
            let row = LogRow {
                account: id,
                id: log.next_id(),
                peer,
                stanza: stanza.into(),
                expires_at: None,
            };
            log.append(row)?.await?;
        }
        Ok(())
    }
}

fn too_large() -> OpsError {
    OpsError::Storage(StorageError::TooLarge {
        what: "the document, in bytes,",
        limit: PORTABLE_MAX_BYTES,
    })
}

/// Of a document that comes in.
fn limits() -> Limits {
    Limits {
        stanza_bytes: PORTABLE_MAX_BYTES * 2,
        nodes: NODES_MAX,
        ..Limits::server()
    }
}

/// The document's own namespace.
const NS: &str = "urn:xmpp:pie:0";
/// That of keys (§4.2).
const SCRAM: &str = "urn:xmpp:pie:0#scram";
