//! openraft's network: calls over the links' control connections.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use openraft::error::{
    Fatal, NetworkError, RPCError, RaftError, ReplicationClosed, StreamingError, Timeout, Unreachable,
};
use openraft::network::{Backoff, RPCOption, RPCTypes, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse};
use openraft::storage::Snapshot;
use openraft::{AnyError, EmptyNode};

use super::carrier::Carrier;
use super::message::{Call, Reply, What, encode};
use super::rounds::Rounds;
use super::{Types, Vote};
use crate::link::CallError;
use crate::{Group, NodeId, clock};

/// Until a node is tried again that could not be reached.
const PAUSE: Duration = Duration::from_millis(100);
/// For a piece of a state: longer means that the link or the node stands still.
const PIECE_PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(super) struct Wire {
    pub(super) carrier: Arc<dyn Carrier>,
    pub(super) group: Group,
    pub(super) rounds: Arc<Rounds>,
}

/// The way to one node.
pub(super) struct Line {
    wire: Wire,
    to: NodeId,
}

impl RaftNetworkFactory<Types> for Wire {
    type Network = Line;

    async fn new_client(&mut self, target: u64, _node: &EmptyNode) -> Line {
        Line {
            wire: self.clone(),
            to: NodeId(target),
        }
    }
}

type RpcError = RPCError<u64, EmptyNode, RaftError<u64>>;

impl Line {
    async fn call(&self, what: What, patience: Duration) -> Result<Reply, CallError> {
        let body = encode(&Call {
            group: self.wire.group,
            what,
        });
        let answer = self.wire.carrier.call(self.to, body, patience).await?;
        postcard::from_bytes(&answer).map_err(|_| CallError::Failed(Bytes::new()))
    }

    async fn ask(&self, what: What, action: RPCTypes, option: RPCOption) -> Result<Reply, RpcError> {
        let timeout = option.hard_ttl();
        self.call(what, timeout).await.map_err(|error| match error {
            CallError::Deadline => RPCError::Timeout(Timeout {
                action,
                id: self.wire.carrier.node().0,
                target: self.to.0,
                timeout,
            }),
            error => RPCError::Unreachable(Unreachable::new(&error)),
        })
    }
}

fn unexpected() -> NetworkError {
    NetworkError::new(&AnyError::error("the answer to something else"))
}

impl RaftNetwork<Types> for Line {
    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, RpcError> {
        let (term, sent) = (request.vote.leader_id.term, clock::now());
        let Reply::Append(answer) = self.ask(What::Append(request), RPCTypes::AppendEntries, option).await? else {
            return Err(unexpected().into());
        };
        if !matches!(answer, AppendEntriesResponse::HigherVote(_)) {
            self.wire.rounds.acknowledged(self.to.0, term, sent);
        }
        Ok(answer)
    }

    async fn vote(&mut self, request: VoteRequest<u64>, option: RPCOption) -> Result<VoteResponse<u64>, RpcError> {
        match self.ask(What::Vote(request), RPCTypes::Vote, option).await? {
            Reply::Vote(answer) => Ok(answer),
            _ => Err(unexpected().into()),
        }
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot<Types>,
        cancel: impl Future<Output = ReplicationClosed> + Send + 'static,
        _option: RPCOption,
    ) -> Result<SnapshotResponse<u64>, StreamingError<Types, Fatal<u64>>> {
        tokio::select! {
            closed = cancel => Err(closed.into()),
            sent = self.send(vote, snapshot) => sent.map_err(|error| StreamingError::Unreachable(Unreachable::new(&error))),
        }
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(std::iter::repeat(PAUSE))
    }
}

impl Line {
    /// One piece after another, so that a link never holds more than one.
    async fn send(&self, vote: Vote, snapshot: Snapshot<Types>) -> Result<SnapshotResponse<u64>, CallError> {
        let transfer = getrandom::u64().unwrap_or_default();
        let mut pieces = 0;
        for piece in snapshot.snapshot.pieces() {
            let (index, bytes) = (pieces, piece.into());
            self.call(What::Piece { transfer, index, bytes }, PIECE_PATIENCE)
                .await?;
            pieces += 1;
        }
        let meta = snapshot.meta;
        let install = What::Install {
            transfer,
            pieces,
            vote,
            meta,
        };
        match self.call(install, PIECE_PATIENCE).await? {
            Reply::Installed(answer) => Ok(answer),
            _ => Err(CallError::Failed(Bytes::new())),
        }
    }
}
