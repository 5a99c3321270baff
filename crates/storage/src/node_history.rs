//! What each server used and did, minute by minute, so that a restart does not forget it and any server can show it.

use crate::StorageError;
use crate::db::{Db, Row, Sql, args};

/// A moment of a server's life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NodeSample {
    /// When, in microseconds since 1970, UTC.
    pub at_micros: i64,
    /// Resident memory.
    pub memory_bytes: i64,
    /// Processor time since the sample before, in thousandths of one core.
    pub cpu_permille: i64,
    /// Tasks of the runtime.
    pub tasks: i64,
    /// Threads.
    pub threads: i64,
    /// Open files and sockets.
    pub descriptors: i64,
    /// Clients' connections.
    pub connections: i64,
    /// Clients' sessions.
    pub sessions: i64,
    /// Stanzas from clients since the sample before.
    pub stanzas_in: i64,
    /// Stanzas to clients since the sample before.
    pub stanzas_out: i64,
}

/// Samples that are read at a time: two days of minutes.
const SAMPLES_MAX: i64 = 2_880;

/// The samples of all servers that share the database.
#[derive(Clone)]
pub struct NodeHistory {
    db: Db,
}

impl NodeHistory {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Enters a sample of the server with this key. One that is there already stays as it is.
    pub async fn add(&self, server_key: &str, sample: &NodeSample) -> Result<(), StorageError> {
        const ADD: Sql = Sql::differing(
            "INSERT INTO node_history (server_key, at, memory_bytes, cpu_permille, tasks, threads, descriptors, \
             connections, sessions, stanzas_in, stanzas_out) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (server_key, at) DO NOTHING",
            "INSERT IGNORE INTO node_history (server_key, at, memory_bytes, cpu_permille, tasks, threads, descriptors, \
             connections, sessions, stanzas_in, stanzas_out) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        );
        let values = args![
            server_key,
            sample.at_micros,
            sample.memory_bytes,
            sample.cpu_permille,
            sample.tasks,
            sample.threads,
            sample.descriptors,
            sample.connections,
            sample.sessions,
            sample.stanzas_in,
            sample.stanzas_out,
        ];
        self.db.execute(ADD, values).await.map(|_| ())
    }

    /// The samples of a server from this moment on, in microseconds since 1970; the oldest first, of too many the newest.
    pub async fn since(&self, server_key: &str, from_micros: i64) -> Result<Vec<NodeSample>, StorageError> {
        const SINCE: &str = "SELECT at, memory_bytes, cpu_permille, tasks, threads, descriptors, connections, sessions, \
                             stanzas_in, stanzas_out FROM node_history WHERE server_key = ? AND at >= ? \
                             ORDER BY at DESC LIMIT ?";
        let rows = self.db.rows(SINCE, args![server_key, from_micros, SAMPLES_MAX]).await?;
        rows.iter().rev().map(NodeSample::read).collect()
    }

    /// Forgets what all servers did before this moment, in microseconds since 1970; how many samples went.
    pub async fn prune(&self, before_micros: i64) -> Result<u64, StorageError> {
        let prune = "DELETE FROM node_history WHERE at < ?";
        self.db.execute(prune, args![before_micros]).await
    }
}

impl NodeSample {
    fn read(row: &Row) -> Result<Self, StorageError> {
        Ok(Self {
            at_micros: row.int(0)?,
            memory_bytes: row.int(1)?,
            cpu_permille: row.int(2)?,
            tasks: row.int(3)?,
            threads: row.int(4)?,
            descriptors: row.int(5)?,
            connections: row.int(6)?,
            sessions: row.int(7)?,
            stanzas_in: row.int(8)?,
            stanzas_out: row.int(9)?,
        })
    }
}
