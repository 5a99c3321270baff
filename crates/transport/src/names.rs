//! The names of our metrics, in one place so that a chart does not break by a slip of the pen.

/// Gauge: connections that hold a permit.
pub(crate) const OPEN: &str = "connections_open";
/// Counter: connections handed to a session.
pub(crate) const ACCEPTED: &str = "connections_accepted";
/// Counter with `reason`: connections closed before they reached a session.
pub(crate) const REFUSED: &str = "connections_refused";
/// Counter with `kind`: errors of `accept(2)`.
pub(crate) const ACCEPT_ERRORS: &str = "connections_accept_errors";
/// Counter with `version`: completed TLS handshakes.
pub(crate) const HANDSHAKES: &str = "tls_handshakes";
/// Counter with `reason`: TLS handshakes that came to nothing.
pub(crate) const HANDSHAKES_FAILED: &str = "tls_handshakes_failed";
