//! XMPP as data.
