//! SCRAM messages: attributes of one letter, separated by commas (RFC 5802 §5.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The value of attribute `name` in `message`.
pub(super) fn field(message: &str, name: char) -> Option<&str> {
    message
        .split(',')
        .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
