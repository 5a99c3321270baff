//! What the client is told, and what it has got.

use std::{future::poll_fn, mem, task::Poll};

use protocol::StreamError;
use router::{Delivery, Way};

use super::{End, Live};
use crate::stopping::shutting_down;

impl Live {
    /// Writes what the socket takes at once, so that it counts as delivered; for the rest there is no time.
    pub(super) async fn flush_once(&mut self) {
        if !self.server.house.is_acting() {
            return;
        }
        let flushed = poll_fn(|cx| Poll::Ready(self.connection.poll_flush(cx))).await;
        if let Poll::Ready(Ok(())) = flushed {
            self.has_written();
        }
    }

    pub(super) fn has_written(&mut self) {
        self.watch.has_written();
        self.bound.note_written(self.connection.take_bytes_written());
        if !self.unwritten.is_empty() {
            let written = mem::take(&mut self.unwritten);
            let rows = written.into_iter().filter_map(|delivery| delivery.log_id).collect();
            self.server.acknowledge(&self.bound.session, rows);
        }
    }

    /// Writes what was in the inbox, and what a commit or another connection may have nudged about.
    pub(super) fn deliver(&mut self) -> Result<Option<End>, StreamError> {
        if let Some(management) = &mut self.bound.management
            && let Some(claim) = management.claimed()
        {
            for delivery in self.deliveries.drain(..) {
                management.outbox.push(delivery);
            }
            return Ok(Some(End::Claimed(claim)));
        }
        self.acknowledge_late();
        let mut deliveries = mem::take(&mut self.deliveries);
        for delivery in deliveries.drain(..) {
            let passed = self.bound.client_state.filter(delivery, self.settings.held_presences);
            for delivery in passed {
                self.write(delivery);
            }
        }
        self.request_ack();
        self.leave()
    }

    /// Where the server ends and others go on, so does this connection.
    pub(super) fn leave(&self) -> Result<Option<End>, StreamError> {
        match (self.server.is_leaving(), self.bound.is_resumable()) {
            (false, _) => Ok(None),
            (true, true) => Ok(Some(End::Lost)),
            (true, false) => Err(shutting_down()),
        }
    }

    pub(super) fn write(&mut self, delivery: Delivery) {
        let session = &self.bound.session;
        session.meter.stanza_out();
        if session.tap.is_open() {
            session.tap.show(Way::Out, &delivery.stanza);
        }
        self.connection.write_stanza(&delivery.stanza);
        match &mut self.bound.management {
            Some(management) => management.outbox.push(delivery),
            None => self.unwritten.push_back(delivery),
        }
    }

    fn request_ack(&mut self) {
        if let Some(management) = &mut self.bound.management
            && management.should_request()
        {
            management.request(&mut self.connection);
        }
    }

    /// Sends the acknowledgement that an earlier `<r/>` could not get because a commit was outstanding.
    fn acknowledge_late(&mut self) {
        if let Some(management) = &mut self.bound.management {
            management.answer_late(&self.bound.session, &mut self.connection);
        }
    }
}
