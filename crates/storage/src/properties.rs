//! System properties: settings that change while the server runs.

use std::sync::Arc;

use crate::db::{Db, Row, Sql, Transaction, args};
use crate::{Clock, StorageError};

/// For whom a property holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Every node, unless the node has its own value.
    Cluster,
    /// The node of this name.
    Node(String),
}

impl Scope {
    fn text(&self) -> &str {
        match self {
            Self::Cluster => "",
            Self::Node(name) => name,
        }
    }

    fn read(text: String) -> Self {
        if text.is_empty() {
            Self::Cluster
        } else {
            Self::Node(text)
        }
    }
}

/// A property that has been set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// For whom.
    pub scope: Scope,
    /// Its name, with dots.
    pub name: String,
    /// Its value as text.
    pub value: String,
    /// Whether that is encrypted, with a key that the database does not have.
    pub is_sealed: bool,
}

/// A change in the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyChange {
    /// Its number: greater is later.
    pub id: i64,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Who did it.
    pub actor: String,
    /// For whom.
    pub scope: Scope,
    /// Which property.
    pub name: String,
    /// The value before; `None` when it was not set.
    pub before: Option<String>,
    /// The value afterwards; `None` when it was unset.
    pub after: Option<String>,
}

/// How a value appears in the record of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audit {
    /// As it is.
    Plain,
    /// Masked: it is a password or a key.
    Masked,
}

/// A new value of a property, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewValue<'a> {
    /// Its name, with dots.
    pub name: &'a str,
    /// The value; `None` takes it back, so that the default holds again (in a node's scope: the cluster's value).
    pub value: Option<&'a str>,
    /// Whether the value is encrypted: the record of changes never has it then.
    pub is_sealed: bool,
    /// How it appears in the record of changes.
    pub audit: Audit,
}

/// All properties, and who changed them when.
#[derive(Clone)]
pub struct Properties {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl Properties {
    /// The longest value.
    pub const MAX_VALUE_BYTES: usize = 64 * 1024;
    const MAX_NAME_BYTES: usize = 255;

    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// A number that grows with every change on any node: who polls it knows when to read again.
    pub async fn version(&self) -> Result<i64, StorageError> {
        let row = self
            .db
            .row("SELECT value FROM counters WHERE name = 'properties'", args![])
            .await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// Everything that has been set, of all scopes.
    pub async fn list(&self) -> Result<Vec<Property>, StorageError> {
        let rows = self
            .db
            .rows(
                "SELECT scope, name, value, is_sealed FROM properties ORDER BY name, scope",
                args![],
            )
            .await?;
        let read = |row: &Row| {
            Ok(Property {
                scope: Scope::read(row.text(0)?),
                name: row.text(1)?,
                value: row.text(2)?,
                is_sealed: row.int(3)? != 0,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Whether a value of the property of this name is encrypted, in whatever scope.
    pub async fn is_sealed(&self, name: &str) -> Result<bool, StorageError> {
        const ASK: &str = "SELECT COUNT(*) FROM properties WHERE name = ? AND is_sealed = 1";
        let row = self.db.row(ASK, args![name]).await?;
        row.map_or(Ok(false), |row| Ok(row.int(0)? > 0))
    }

    /// Masks the values of past changes of a property: it has become a secret.
    pub async fn mask_history(&self, name: &str) -> Result<(), StorageError> {
        const MASK: &str = "UPDATE property_changes SET \
                            value_before = CASE WHEN value_before IS NULL THEN NULL ELSE ? END, \
                            value_after = CASE WHEN value_after IS NULL THEN NULL ELSE ? END WHERE name = ?";
        let values = args![Audit::MASK, Audit::MASK, name];
        self.db.execute(MASK, values).await.map(|_| ())
    }

    /// The value in exactly this scope.
    pub async fn get(&self, scope: &Scope, name: &str) -> Result<Option<String>, StorageError> {
        let row = self.db.row(GET, args![scope.text(), name]).await?;
        row.map(|row| row.text(0)).transpose()
    }

    /// Sets a value in the name of `actor`.
    pub async fn set(
        &self,
        scope: &Scope,
        name: &str,
        value: &str,
        actor: &str,
        audit: Audit,
    ) -> Result<(), StorageError> {
        self.change(scope, name, Some(value), actor, audit).await
    }

    /// Takes a value back, so that the default holds again (in a node's scope: the cluster's value).
    pub async fn unset(&self, scope: &Scope, name: &str, actor: &str, audit: Audit) -> Result<(), StorageError> {
        self.change(scope, name, None, actor, audit).await
    }

    /// Past changes of the property of this name, or of all; the latest first; of those before the change with the
    /// number `before`.
    pub async fn history(
        &self,
        name: Option<&str>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<PropertyChange>, StorageError> {
        const PAGE: &str = "SELECT id, changed_at, actor, scope, name, value_before, value_after FROM property_changes \
                            WHERE id < ? ORDER BY id DESC LIMIT ?";
        const OF_ONE: &str = "SELECT id, changed_at, actor, scope, name, value_before, value_after \
                              FROM property_changes WHERE id < ? AND name = ? ORDER BY id DESC LIMIT ?";
        let (before, limit) = (before.unwrap_or(i64::MAX), i64::from(limit));
        let rows = match name {
            Some(name) => self.db.rows(OF_ONE, args![before, name, limit]).await?,
            None => self.db.rows(PAGE, args![before, limit]).await?,
        };
        rows.iter().map(PropertyChange::read).collect()
    }

    /// The change with this number.
    pub async fn past(&self, id: i64) -> Result<Option<PropertyChange>, StorageError> {
        const ONE: &str = "SELECT id, changed_at, actor, scope, name, value_before, value_after FROM property_changes \
                           WHERE id = ?";
        let row = self.db.row(ONE, args![id]).await?;
        row.as_ref().map(PropertyChange::read).transpose()
    }

    /// Forgets changes from before that time, in microseconds since 1970; how many.
    pub async fn forget_before(&self, time: i64) -> Result<u64, StorageError> {
        const FORGET: &str = "DELETE FROM property_changes WHERE changed_at < ?";
        self.db.execute(FORGET, args![time]).await
    }

    async fn change(
        &self,
        scope: &Scope,
        name: &str,
        value: Option<&str>,
        actor: &str,
        audit: Audit,
    ) -> Result<(), StorageError> {
        let change = NewValue {
            name,
            value,
            is_sealed: false,
            audit,
        };
        self.set_all(scope, &[change], actor).await
    }

    /// Makes all of these changes, or none.
    pub async fn set_all(&self, scope: &Scope, changes: &[NewValue<'_>], actor: &str) -> Result<(), StorageError> {
        for change in changes {
            check(scope, change.name, change.value)?;
        }
        let mut tx = self.db.begin().await?;
        // First, so that changes from all nodes come one after another.
        tx.execute(
            "UPDATE counters SET value = value + 1 WHERE name = 'properties'",
            args![],
        )
        .await?;
        let mut has_changed = false;
        for change in changes {
            has_changed |= self.make(&mut tx, scope, change, actor).await?;
        }
        if !has_changed {
            return Ok(());
        }
        tx.commit().await?;
        self.db.notify().await;
        Ok(())
    }

    /// Makes one change, and says whether it was one.
    async fn make(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
        change: &NewValue<'_>,
        actor: &str,
    ) -> Result<bool, StorageError> {
        let NewValue {
            name,
            value,
            is_sealed,
            audit,
        } = *change;
        let before = tx
            .row(GET, args![scope.text(), name])
            .await?
            .map(|row| Ok::<_, StorageError>((row.text(0)?, row.int(1)? != 0)))
            .transpose()?;
        let before_text = before.as_ref().map(|(text, _)| text.as_str());
        if before_text == value && before.as_ref().is_none_or(|(_, was_sealed)| *was_sealed == is_sealed) {
            return Ok(false);
        }
        match value {
            Some(value) => {
                let values = args![scope.text(), name, value, i64::from(is_sealed)];
                tx.execute(SET, values).await?
            }
            None => tx.execute(UNSET, args![scope.text(), name]).await?,
        };
        let was_sealed = before.as_ref().is_some_and(|(_, was_sealed)| *was_sealed);
        let audit_of = |is_sealed: bool| if is_sealed { Audit::Masked } else { audit };
        let shown = [audit_of(was_sealed).show(before_text), audit_of(is_sealed).show(value)];
        self.record(tx, scope, name, shown, actor).await?;
        Ok(true)
    }

    async fn record(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
        name: &str,
        [before, after]: [Option<&str>; 2],
        actor: &str,
    ) -> Result<(), StorageError> {
        const RECORD: &str = "INSERT INTO property_changes (changed_at, actor, scope, name, value_before, value_after) \
                              VALUES (?, ?, ?, ?, ?, ?)";
        let values = args![self.clock.now_micros(), actor, scope.text(), name, before, after];
        tx.execute(RECORD, values).await.map(|_| ())
    }
}

const GET: &str = "SELECT value, is_sealed FROM properties WHERE scope = ? AND name = ?";
const UNSET: &str = "DELETE FROM properties WHERE scope = ? AND name = ?";
const SET: Sql = Sql::differing(
    "INSERT INTO properties (scope, name, value, is_sealed) VALUES (?, ?, ?, ?) \
     ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value, is_sealed = excluded.is_sealed",
    "INSERT INTO properties (scope, name, value, is_sealed) VALUES (?, ?, ?, ?) \
     ON DUPLICATE KEY UPDATE value = VALUES(value), is_sealed = VALUES(is_sealed)",
);

fn check(scope: &Scope, name: &str, value: Option<&str>) -> Result<(), StorageError> {
    let bounds = [
        (
            "the node's name, in bytes,",
            scope.text().len(),
            Properties::MAX_NAME_BYTES,
        ),
        ("the property's name, in bytes,", name.len(), Properties::MAX_NAME_BYTES),
        (
            "the property's value, in bytes,",
            value.map_or(0, str::len),
            Properties::MAX_VALUE_BYTES,
        ),
    ];
    match bounds.into_iter().find(|(_, length, limit)| length > limit) {
        Some((what, _, limit)) => Err(StorageError::TooLarge { what, limit }),
        None => Ok(()),
    }
}

impl Audit {
    /// What stands in the record for a masked value.
    pub const MASK: &str = "••••••";

    fn show(self, value: Option<&str>) -> Option<&str> {
        match self {
            Self::Plain => value,
            Self::Masked => value.map(|_| Self::MASK),
        }
    }
}

impl PropertyChange {
    fn read(row: &Row) -> Result<Self, StorageError> {
        Ok(Self {
            id: row.int(0)?,
            at: row.int(1)?,
            actor: row.text(2)?,
            scope: Scope::read(row.text(3)?),
            name: row.text(4)?,
            before: row.maybe_text(5)?,
            after: row.maybe_text(6)?,
        })
    }
}
