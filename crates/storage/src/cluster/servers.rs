//! The registry: every server that shares this database, whether clustering is on or not.

use super::{Cluster, column, number, soon};
use crate::StorageError;
use crate::db::{Row, Sql, Transaction, args, key, timed};

/// A server that starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewServer {
    /// What stays the same over its lives and is nobody else's: kept in its data directory.
    pub server_key: String,
    /// Its name, for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The oldest link protocol that it speaks.
    pub protocol_min: u32,
    /// The newest link protocol that it speaks.
    pub protocol_max: u32,
    /// How it begins.
    pub state: ServerState,
}

/// What may change while a server lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerState {
    /// What it is in the cluster.
    pub standing: Standing,
    /// Where other nodes reach it, `host:port`; empty while it does not listen.
    pub addresses: Vec<String>,
}

/// What a server is in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Clustering is off.
    Alone,
    /// It looks for a cluster, or waits to be let in.
    Joining,
    /// It belongs to the cluster.
    Member,
    /// It was cut off, and does nothing until it is let in again.
    Fenced,
    /// It hands over what it has, and then ends.
    Draining,
    /// Something that a newer version knows.
    Unknown,
}

/// A server that is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The number of its present life.
    pub id: u64,
    /// What stays the same over its lives.
    pub server_key: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The oldest link protocol that it speaks.
    pub protocol_min: u32,
    /// The newest link protocol that it speaks.
    pub protocol_max: u32,
    /// What it last said of itself.
    pub state: ServerState,
    /// How long the server has been registered, over all its lives, in milliseconds by the database's clock.
    pub known_millis: i64,
    /// How long ago it was last heard of, in milliseconds by the database's clock.
    pub silent_millis: i64,
}

/// Bytes of a server's key, and of its version.
const MAX_KEY_BYTES: usize = 255;
/// Bytes of its name.
const MAX_NAME_BYTES: usize = 1_023;
/// A machine has a few networks, not many.
const MAX_ADDRESSES: usize = 16;
/// A domain name has 253 bytes, a port 5.
const MAX_ADDRESS_BYTES: usize = 260;

impl Cluster {
    /// Registers a life of a server in place of its life before. The number is new and never used again.
    pub async fn register(&self, server: &NewServer) -> Result<u64, StorageError> {
        let id = self.take_number().await?;
        self.register_as(id, server).await?;
        Ok(id)
    }

    /// A number for a life that may begin. It was never given before, and never will be.
    pub async fn take_number(&self) -> Result<u64, StorageError> {
        soon(&self.db, async {
            let (mut tx, id) = self.begin().await?;
            let next = "UPDATE cluster SET next_node_id = next_node_id + 1 WHERE id = 1";
            tx.execute(next, args![]).await?;
            tx.commit().await?;
            Ok(id)
        })
        .await
    }

    /// Registers a life under the number that it took, in place of the server's life before.
    pub async fn register_as(&self, id: u64, server: &NewServer) -> Result<(), StorageError> {
        soon(&self.db, self.try_to_register(id, server)).await
    }

    async fn try_to_register(&self, id: u64, server: &NewServer) -> Result<(), StorageError> {
        const ADD: Sql = timed!("INSERT INTO cluster_node (id, server_key, name, addresses, version, protocol_min, \
                                 protocol_max, standing, registered_at, heartbeat_at) \
                                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, " now " - ?, " now ")");
        const KNOWN: Sql = timed!("SELECT " now " - registered_at FROM cluster_node WHERE server_key = ?");
        let server_key = key("the server's key, in bytes,", &server.server_key, MAX_KEY_BYTES)?;
        let name = key("the server's name, in bytes,", &server.name, MAX_NAME_BYTES)?;
        let version = key("the server's version, in bytes,", &server.version, MAX_KEY_BYTES)?;
        let addresses = server.state.text()?;
        let (mut tx, _) = self.begin().await?;
        let before = tx.row(KNOWN, args![server_key]).await?;
        let known_millis = before.map_or(Ok(0), |row| row.int(0))?;
        tx.execute("DELETE FROM cluster_node WHERE server_key = ?", args![server_key])
            .await?;
        let registered = tx.row("SELECT COUNT(*) FROM cluster_node", args![]).await?;
        if registered.map_or(Ok(0), |row| number(&row, 0))? >= Self::MAX_MEMBERS as u64 {
            let (what, limit) = ("the registry, in servers,", Self::MAX_MEMBERS);
            return Err(StorageError::TooLarge { what, limit });
        }
        let values = args![
            column(id),
            server_key,
            name,
            addresses.as_str(),
            version,
            i64::from(server.protocol_min),
            i64::from(server.protocol_max),
            server.state.standing.column(),
            known_millis,
        ];
        tx.execute(ADD, values).await?;
        self.commit(tx).await
    }

    /// Begins a change of the registry, and says which number is the next. Changes come one after another:
    /// all lock the cluster's row first.
    async fn begin(&self) -> Result<(Transaction, u64), StorageError> {
        const LOCK: Sql = Sql::locking("SELECT next_node_id FROM cluster WHERE id = 1");
        let mut tx = self.db.begin().await?;
        let row = tx.row(LOCK, args![]).await?;
        let row = row.ok_or_else(|| StorageError::corrupt("the cluster's row is not there"))?;
        let next = number(&row, 0)?;
        Ok((tx, next))
    }

    /// Says that a server lives, and how. `false`: it is not registered any more, because a later life
    /// has taken its place or somebody has removed it.
    pub async fn heartbeat(&self, id: u64, state: &ServerState) -> Result<bool, StorageError> {
        const AS_BEFORE: Sql = timed!("UPDATE cluster_node SET heartbeat_at = " now
                                      " WHERE id = ? AND standing = ? AND addresses = ?");
        let (standing, addresses) = (state.standing.column(), state.text()?);
        soon(&self.db, async {
            let as_before = args![column(id), standing, addresses.as_str()];
            if self.db.execute(AS_BEFORE, as_before).await? > 0 {
                return Ok(true);
            }
            self.change_state(id, standing, &addresses).await
        })
        .await
    }

    async fn change_state(&self, id: u64, standing: i64, addresses: &str) -> Result<bool, StorageError> {
        const CHANGE: Sql = timed!("UPDATE cluster_node SET heartbeat_at = " now
                                   ", standing = ?, addresses = ? WHERE id = ?");
        let (mut tx, _) = self.begin().await?;
        if tx.execute(CHANGE, args![standing, addresses, column(id)]).await? == 0 {
            return Ok(false);
        }
        self.commit(tx).await?;
        Ok(true)
    }

    /// All that are registered, the oldest life first.
    pub async fn servers(&self) -> Result<Vec<Server>, StorageError> {
        const ALL: Sql = timed!("SELECT id, server_key, name, addresses, version, protocol_min, protocol_max, standing, "
                                now " - registered_at, " now " - heartbeat_at FROM cluster_node ORDER BY id");
        let rows = soon(&self.db, self.db.rows(ALL, args![])).await?;
        rows.iter().map(Server::read).collect()
    }

    /// Takes a server off the registry that ends in good order.
    pub async fn leave(&self, id: u64) -> Result<(), StorageError> {
        self.remove(id, 0).await.map(|_| ())
    }

    /// Takes a server off the registry that will not come back, unless it was heard of within the last
    /// `silent_millis`. Whether it did: a server that is registered counts when the database is away.
    pub async fn remove_server(&self, id: u64, silent_millis: u32) -> Result<bool, StorageError> {
        self.remove(id, i64::from(silent_millis)).await
    }

    async fn remove(&self, id: u64, silent_millis: i64) -> Result<bool, StorageError> {
        const REMOVE: Sql = timed!("DELETE FROM cluster_node WHERE id = ? AND heartbeat_at <= " now " - ?");
        soon(&self.db, async {
            let (mut tx, _) = self.begin().await?;
            if tx.execute(REMOVE, args![column(id), silent_millis]).await? == 0 {
                return Ok(false);
            }
            self.commit(tx).await?;
            Ok(true)
        })
        .await
    }
}

impl ServerState {
    /// The addresses, one a line.
    fn text(&self) -> Result<String, StorageError> {
        if self.addresses.len() > MAX_ADDRESSES {
            let (what, limit) = ("the list of a server's addresses", MAX_ADDRESSES);
            return Err(StorageError::TooLarge { what, limit });
        }
        for address in &self.addresses {
            key("a server's address, in bytes,", address, MAX_ADDRESS_BYTES)?;
        }
        Ok(self.addresses.join("\n"))
    }
}

impl Standing {
    const KNOWN: [Self; 5] = [Self::Alone, Self::Joining, Self::Member, Self::Fenced, Self::Draining];

    fn column(self) -> i64 {
        match self {
            Self::Alone => 0,
            Self::Joining => 1,
            Self::Member => 2,
            Self::Fenced => 3,
            Self::Draining => 4,
            Self::Unknown => -1,
        }
    }

    fn read(column: i64) -> Self {
        let known = Self::KNOWN.into_iter().find(|standing| standing.column() == column);
        known.unwrap_or(Self::Unknown)
    }
}

impl Server {
    fn read(row: &Row) -> Result<Self, StorageError> {
        Ok(Self {
            id: number(row, 0)?,
            server_key: row.text(1)?,
            name: row.text(2)?,
            version: row.text(4)?,
            protocol_min: protocol(row, 5)?,
            protocol_max: protocol(row, 6)?,
            state: ServerState {
                standing: Standing::read(row.int(7)?),
                addresses: row.text(3)?.lines().map(str::to_owned).collect(),
            },
            known_millis: row.int(8)?,
            silent_millis: row.int(9)?,
        })
    }
}

fn protocol(row: &Row, column: usize) -> Result<u32, StorageError> {
    u32::try_from(row.int(column)?).map_err(|_| StorageError::corrupt("a server's link protocol is no version"))
}
