//! Stream headers (RFC 6120 §4.7): what a client may ask for, and our answer.

use protocol::{
    Jid, StreamCondition, StreamError, ns,
    stream::{Frame, StreamHeader, writer},
};

use super::Negotiation;
use crate::{connection::Gone, token};

impl Negotiation {
    /// Reads the client's header, answers with ours and the features of the moment.
    pub(super) async fn open(&mut self) -> Result<(), Gone> {
        let Frame::Open(header) = self.connection().next_frame().await? else {
            return Err(StreamError::new(StreamCondition::BadFormat).into());
        };
        let from = header.from.as_deref().and_then(|from| from.parse::<Jid>().ok());
        self.check(&header, from.as_ref())?;
        self.write_header(from.as_ref());
        self.write_features();
        Ok(())
    }

    fn check(&mut self, header: &StreamHeader, from: Option<&Jid>) -> Result<(), StreamError> {
        check_version(header.version.as_deref())?;
        let host = self.asked_host(header.to.as_deref())?;
        if self.host.as_ref().is_some_and(|before| *before != host) {
            let text = "a stream keeps its host when it is restarted";
            return Err(StreamError::with_text(StreamCondition::HostUnknown, text));
        }
        self.host = Some(host);
        match (&self.authenticated, from) {
            (Some(authenticated), Some(from)) if from.to_bare() != authenticated.jid => Err(StreamError::with_text(
                StreamCondition::InvalidFrom,
                "you authenticated as somebody else",
            )),
            _ => Ok(()),
        }
    }

    fn asked_host(&self, to: Option<&str>) -> Result<Jid, StreamError> {
        let Some(to) = to else {
            return Err(StreamError::with_text(
                StreamCondition::ImproperAddressing,
                "say in `to` which host you want",
            ));
        };
        let unknown = || StreamError::with_text(StreamCondition::HostUnknown, "this server has no such host");
        let host: Jid = to.parse().map_err(|_| unknown())?;
        let is_ours = host.local().is_none() && host.is_bare() && self.server.house.hosts().contains(host.domain());
        if is_ours { Ok(host) } else { Err(unknown()) }
    }

    /// Our header. To a client that asked for a host we do not have it comes from our first.
    pub(super) fn write_header(&mut self, to: Option<&Jid>) {
        let from = match &self.host {
            Some(host) => host.domain().to_owned(),
            None => self.server.house.hosts().list().into_iter().next().unwrap_or_default(),
        };
        let header = StreamHeader {
            from: Some(from),
            to: to.map(|to| to.as_str().to_owned()),
            id: Some(token()),
            version: Some("1.0".to_owned()),
            lang: Some("en".to_owned()),
        };
        writer::stream_open(self.connection().out(), &header, ns::CLIENT);
        self.is_open = true;
    }
}

/// RFC 6120 §4.7.5: 1.0, or a later version, which is answered as 1.0.
fn check_version(version: Option<&str>) -> Result<(), StreamError> {
    let unsupported = || StreamError::with_text(StreamCondition::UnsupportedVersion, "this server speaks XMPP 1.0");
    let (major, minor) = version
        .and_then(|version| version.split_once('.'))
        .ok_or_else(unsupported)?;
    let (major, _minor) = major
        .parse::<u16>()
        .ok()
        .zip(minor.parse::<u16>().ok())
        .ok_or_else(unsupported)?;
    if major >= 1 { Ok(()) } else { Err(unsupported()) }
}
