//! Accounts out of a server and into one, as records.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use storage::{Credentials, HostId, NewAccount};

use super::{Accounts, Page, account_address};
use crate::{Actor, Lock, OpsError, Record, audit::Deed};

/// What became of records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Accounts made.
    pub created: u64,
    /// Accounts that were there already; they stay as they are.
    pub existing: u64,
    /// Records that cannot be used.
    pub refused: Vec<Refused>,
}

/// A record that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Its address.
    pub jid: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Accounts {
    /// A page of accounts with their keys, by name. Whoever has these can pretend to be this server
    /// towards their users: treat them like passwords.
    ///
    /// # Errors
    /// Where there is no such host.
    pub async fn export(&self, actor: &Actor, page: &Page) -> Result<Vec<Record>, OpsError> {
        let target = format!(
            "accounts of {}, after {:?}",
            page.host.as_deref().unwrap_or("the first host"),
            page.after
        );
        let work = async {
            actor.require_owner()?;
            let (domain, rows) = self.page(actor, page).await?;
            let mut records = Vec::with_capacity(rows.len());
            for row in rows {
                // An account may be gone since the page was read.
                if let Some(credentials) = self.storage.accounts().credentials(row.id).await? {
                    records.push(Record::of(format!("{}@{domain}", row.localpart), &row, &credentials));
                }
            }
            Ok(records)
        };
        self.audit
            .record(actor, Deed::new("account.export", &target), work)
            .await
    }

    /// Makes accounts of records whose passwords have become keys (see [`Record::derive`]).
    ///
    /// # Errors
    /// Where the database fails; what is wrong with single records stands in the answer.
    pub async fn import(&self, actor: &Actor, records: &[Record]) -> Result<Imported, OpsError> {
        let target = format!("{} records", records.len());
        let work = self.take_all(actor, records);
        let deed = Deed {
            after: self.meant(),
            ..Deed::new("account.import", &target)
        };
        self.audit.record(actor, deed, work).await
    }

    async fn take_all(&self, actor: &Actor, records: &[Record]) -> Result<Imported, OpsError> {
        actor.require_owner()?;
        let mut hosts = HashMap::new();
        let mut imported = Imported::default();
        for record in records {
            match self.take(actor, record, &mut hosts).await {
                Ok(true) => imported.created += 1,
                Ok(false) => imported.existing += 1,
                Err(OpsError::Storage(error)) => return Err(OpsError::Storage(error)),
                Err(error) => imported.refused.push(Refused {
                    jid: record.jid.clone(),
                    reason: error.to_string(),
                }),
            }
        }
        tracing::info!(%actor, created = imported.created, "accounts were imported");
        Ok(imported)
    }

    /// Makes one account; `false` where there is one of this name.
    async fn take(
        &self,
        actor: &Actor,
        record: &Record,
        hosts: &mut HashMap<String, HostId>,
    ) -> Result<bool, OpsError> {
        let (jid, local) = account_address(&record.jid)?;
        let host = match hosts.get(jid.domain()) {
            Some(host) => *host,
            None => {
                let host = self.host(actor, jid.domain()).await?;
                hosts.insert(jid.domain().to_owned(), host);
                host
            }
        };
        let credentials: Credentials = record.credentials()?;
        let lock = record.lock.as_ref().map(Lock::to_stored);
        // Locked from its first moment on: nobody slips in between.
        let new = NewAccount {
            lock: lock.as_ref(),
            ..NewAccount::open(host, &local, &credentials)
        };
        if self.make(&jid, new).await?.is_none() {
            return Ok(false);
        }
        self.live.forget(&jid);
        Ok(true)
    }
}
