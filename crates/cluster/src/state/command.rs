//! What can be asked of the state, and what comes of it. Written to links and logs: append to the enums, never reorder.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::NodeId;
use crate::lease::ServerId;

/// Which clustered cache. Given once in the code of who owns the cache, and never to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CacheId(pub u8);

/// A life of a server that belongs to the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Which life.
    pub node: NodeId,
    /// On which server.
    pub server: ServerId,
    /// When it was let in, by the clock of the node that did, in microseconds since 1970, UTC.
    pub joined_at_micros: i64,
}

/// What a cache holds under a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The node whose it is, and with which it vanishes; shared entries are nobody's.
    pub owner: Option<NodeId>,
    /// Tells it from what its owner had under the key before.
    pub stamp: u64,
    /// Counts its changes.
    pub seq: u64,
    /// When it vanishes by itself, in microseconds since 1970, UTC.
    pub expires_at_micros: Option<i64>,
    /// Its value.
    pub value: Bytes,
}

/// One thing to be done. All may come twice: a proposal that timed out may still be applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// A life becomes a member. An earlier life on the same server is over with that.
    Up(Member),
    /// A life is over: dead, or gone in good order. What it owned vanishes.
    Down(NodeId),
    /// Enter something.
    Put(Put),
    /// Take something out.
    Remove(Remove),
    /// Everything vanishes that was to vanish by then.
    Expire(i64),
    /// From now on a cache may hold so much.
    Bound(CacheId, Bound),
    /// Take a lock, or keep it for longer.
    Claim(Claim),
}

/// What a cache may hold. Where it would be more, shared entries go, the oldest first; what is a node's is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// So many entries.
    pub entries: Option<u64>,
    /// So many bytes of keys and values.
    pub bytes: Option<u64>,
}

/// A lock that is to be taken, or kept for longer. Its token is the stamp of its entry, and higher than that of every
/// lock that this cache had before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// In which cache.
    pub cache: CacheId,
    /// Under which key.
    pub key: Bytes,
    /// Whose it is to be.
    pub owner: NodeId,
    /// Tells it from others that the node has or wants.
    pub request: u64,
    /// The token at least, so that it is higher than those of groups before.
    pub token: u64,
    /// When it vanishes, in microseconds since 1970, UTC.
    pub until_micros: i64,
}

/// An entry that is to be made or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Put {
    /// In which cache.
    pub cache: CacheId,
    /// Under which key.
    pub key: Bytes,
    /// What.
    pub entry: Entry,
    /// On which condition.
    pub expect: Expect,
}

/// On which condition something is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expect {
    /// On none.
    Anything,
    /// There is nothing of somebody else's, or of another stamp.
    Free,
    /// There is an earlier state of the same entry: same owner, same stamp, lower `seq`.
    Earlier,
    /// There is an entry with this stamp.
    Stamp(u64),
    /// There is this node's entry with this stamp, which is replaced by another owner's.
    Of(NodeId, u64),
}

/// An entry that is to be taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remove {
    /// From which cache.
    pub cache: CacheId,
    /// Under which key.
    pub key: Bytes,
    /// Only what is this node's.
    pub owner: Option<NodeId>,
    /// Only what has this stamp.
    pub stamp: u64,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It is so now, or was already.
    Done,
    /// Something else is there.
    Taken(Entry),
    /// There is no such entry, or a newer state of it.
    Stale,
    /// Its node is no member, or may never be one again.
    Refused,
    /// The cache is full of what nobody may take out.
    Full,
    /// The lock is there, with this token.
    Locked(u64),
}

/// A change that a command made, in the order in which they were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A member is new.
    Up(Member),
    /// A member is gone, and with it all that it owned.
    Down(NodeId),
    /// An entry is new or has changed.
    Put(CacheId, Bytes, Entry),
    /// An entry is gone.
    Removed(CacheId, Bytes, Entry),
    /// Everything may be different: the state of another group, or one that came as a whole.
    Reset,
}

/// Commands that are applied together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// In this order.
    pub commands: Vec<Command>,
}

/// Commands in a batch: enough that a log entry costs nothing beside them.
pub(crate) const MAX_BATCH_COMMANDS: usize = 256;
/// Bytes of a batch, so that several fit a frame of the links.
pub(crate) const MAX_BATCH_BYTES: usize = 256 * 1024;

impl Command {
    /// About as many bytes of memory as it takes.
    pub(crate) fn memory(&self) -> usize {
        // The counters of a shared piece of bytes, and what allocations are rounded up by.
        const PIECE: usize = 48;
        let pieces = match self {
            Self::Put(put) => 2 * PIECE + put.key.len() + put.entry.value.len(),
            Self::Remove(remove) => PIECE + remove.key.len(),
            Self::Claim(claim) => PIECE + claim.key.len(),
            Self::Up(_) | Self::Down(_) | Self::Expire(_) | Self::Bound(..) => 0,
        };
        size_of::<Self>() + pieces
    }

    /// About as many bytes as it takes on its way.
    pub(crate) fn weight(&self) -> usize {
        const HEAD: usize = 64;
        HEAD + match self {
            Self::Put(put) => put.key.len() + put.entry.value.len(),
            Self::Remove(remove) => remove.key.len(),
            Self::Claim(claim) => claim.key.len(),
            Self::Up(_) | Self::Down(_) | Self::Expire(_) | Self::Bound(..) => 0,
        }
    }
}

impl Change {
    /// Whether somebody has come or gone.
    pub(crate) fn is_about_members(&self) -> bool {
        match self {
            Self::Up(_) | Self::Down(_) | Self::Reset => true,
            Self::Put(..) | Self::Removed(..) => false,
        }
    }
}
