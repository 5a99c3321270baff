//! Calls of other nodes' openrafts.

use bytes::Bytes;
use openraft::storage::Snapshot;
use parking_lot::Mutex;

use super::message::{Call, Reply, What, encode};
use super::{Raft, Types};
use crate::Group;
use crate::state::ImageReader;

/// A state that is coming in. One at a time: a newer transfer takes the place of an older one.
#[derive(Default)]
pub(super) struct Incoming(Mutex<Option<Transfer>>);

struct Transfer {
    number: u64,
    next: u64,
    reader: ImageReader,
}

impl Incoming {
    fn take(&self, number: u64, index: u64, bytes: &[u8]) -> bool {
        let mut incoming = self.0.lock();
        if index == 0 {
            *incoming = Some(Transfer {
                number,
                next: 0,
                reader: ImageReader::default(),
            });
        }
        let Some(transfer) = incoming.as_mut() else {
            return false;
        };
        if (transfer.number, transfer.next) != (number, index) || !transfer.reader.take(bytes) {
            return false;
        }
        transfer.next += 1;
        true
    }

    fn finish(&self, number: u64, pieces: u64) -> Option<ImageReader> {
        let transfer = self.0.lock().take()?;
        ((transfer.number, transfer.next) == (number, pieces)).then_some(transfer.reader)
    }
}

/// Answers a call; `None` where it is of another group, cannot be read or cannot be done.
pub(super) async fn answer(raft: &Raft, incoming: &Incoming, group: Group, body: &[u8]) -> Option<Bytes> {
    let call: Call = postcard::from_bytes(body).ok()?;
    if call.group != group {
        return None;
    }
    let reply = match call.what {
        What::Append(request) => Reply::Append(raft.append_entries(request).await.ok()?),
        What::Vote(request) => Reply::Vote(raft.vote(request).await.ok()?),
        What::Piece { transfer, index, bytes } => incoming.take(transfer, index, &bytes).then_some(Reply::Taken)?,
        What::Install {
            transfer,
            pieces,
            vote,
            meta,
        } => {
            let image = Box::new(incoming.finish(transfer, pieces)?.finish());
            let snapshot: Snapshot<Types> = Snapshot { meta, snapshot: image };
            Reply::Installed(raft.install_full_snapshot(vote, snapshot).await.ok()?)
        }
    };
    Some(encode(&reply))
}
