//! What machines reach over HTTP.
