//! The sending half of a TLS connection: a batch is sealed in the thread's buffers and written at once.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustls::server::ServerConnectionData;
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedStatus, WriteTraffic};
use tokio::io::AsyncWrite;

use super::stream::{Failure, TlsStream};
use crate::scratch;
use crate::unsent::Unsent;

/// Plaintext in one record, and what sealing adds to it at most.
const RECORD_BYTES: usize = 16 << 10;
const RECORD_OVERHEAD: usize = 64;

impl TlsStream {
    pub(crate) fn send(&mut self, render: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        scratch::outgoing(|buffers| {
            render(&mut buffers.plain);
            let filled = self.seal(&buffers.plain, &mut buffers.sealed)?;
            self.ticket = 0;
            self.unsent.send(&self.socket, &buffers.sealed[..filled])
        })
    }

    pub(crate) fn hold(&mut self, render: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        scratch::outgoing(|buffers| {
            render(&mut buffers.plain);
            let filled = self.seal(&buffers.plain, &mut buffers.sealed)?;
            self.unsent.push(&buffers.sealed[..filled]);
            Ok(())
        })
    }

    /// Encrypts `plain` into `sealed`, which grows as needed, and says how much of it was filled.
    fn seal(&mut self, plain: &[u8], sealed: &mut Vec<u8>) -> Result<usize, Failure> {
        let records = plain.len() / RECORD_BYTES + 1;
        let mut needed = plain.len() + records * RECORD_OVERHEAD;
        loop {
            if sealed.len() < needed {
                sealed.resize(needed, 0);
            }
            let outcome = self.with_traffic(|traffic| traffic.encrypt(plain, sealed))?;
            match outcome {
                Ok(filled) => return Ok(filled),
                Err(EncryptError::InsufficientSize(size)) => needed = size.required_size,
                Err(EncryptError::EncryptExhausted) => return Err(Failure::Tls(rustls::Error::EncryptError)),
            }
        }
    }

    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.said_goodbye {
            self.said_goodbye = true;
            let mut goodbye = [0; RECORD_OVERHEAD];
            let sealed = self.with_traffic(|traffic| traffic.queue_close_notify(&mut goodbye));
            // Where no goodbye can be said any more, hanging up says it all.
            if let Ok(Ok(filled)) = sealed {
                self.unsent.push(&goodbye[..filled]);
            }
        }
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    /// Lets `work` write, after rustls' own words have been taken down: the order of records is part of the cipher.
    fn with_traffic<R>(
        &mut self,
        work: impl FnOnce(&mut WriteTraffic<'_, ServerConnectionData>) -> R,
    ) -> Result<R, Failure> {
        loop {
            let UnbufferedStatus { discard, state } = self.session.process_tls_records(&mut self.unfinished);
            match state.map_err(Failure::Tls)? {
                ConnectionState::WriteTraffic(mut traffic) => return Ok(work(&mut traffic)),
                ConnectionState::EncodeTlsData(data) => encode(data, &mut self.unsent),
                ConnectionState::TransmitTlsData(data) => data.done(),
                ConnectionState::PeerClosed => self.heard_goodbye = true,
                _ => return Err(Failure::Socket(io::ErrorKind::NotConnected.into())),
            }
            self.unfinished.drain(..discard);
        }
    }
}

/// Takes down what rustls itself has to say.
pub(super) fn encode<Data>(mut data: EncodeTlsData<'_, Data>, unsent: &mut Unsent) {
    // It says how long it is by refusing a buffer that is too short.
    let Err(EncodeError::InsufficientSize(size)) = data.encode(&mut []) else {
        return;
    };
    let mut words = vec![0; size.required_size];
    if let Ok(filled) = data.encode(&mut words) {
        unsent.push(&words[..filled]);
    }
}
