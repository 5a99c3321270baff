//! What a browser keeps for us: the token of its login, and that of a form before there is one.

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ops::Token;
use subtle::ConstantTimeEq;

use crate::Channel;

/// A cookie of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The token of a login.
    Login,
    /// The token of somebody whose password was right, and who has a code still to show.
    Code,
    /// The token of the terminal, while somebody sets the server up.
    Setup,
    /// The language that was chosen.
    Language,
    /// What the forms of somebody who is not logged in carry, so that no other site can make one up.
    Form,
}

impl Cookie {
    /// `__Host-`: only this host can have set it, and only over TLS (RFC 6265bis §4.1.3.2). Without TLS, which is for
    /// this machine alone, browsers refuse such a name.
    fn name(self, channel: Channel) -> &'static str {
        match (self, channel) {
            (Self::Login, Channel::Tls) => "__Host-hearth",
            (Self::Login, Channel::Plain) => "hearth-console",
            (Self::Code, Channel::Tls) => "__Host-hearth-code",
            (Self::Code, Channel::Plain) => "hearth-console-code",
            (Self::Setup, Channel::Tls) => "__Host-hearth-setup",
            (Self::Setup, Channel::Plain) => "hearth-console-setup",
            (Self::Language, Channel::Tls) => "__Host-hearth-language",
            (Self::Language, Channel::Plain) => "hearth-console-language",
            (Self::Form, Channel::Tls) => "__Host-hearth-form",
            (Self::Form, Channel::Plain) => "hearth-console-form",
        }
    }

    /// Its value in a request.
    pub(crate) fn read(self, headers: &HeaderMap, channel: Channel) -> Option<&str> {
        let name = self.name(channel);
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        lines
            .flat_map(|line| line.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
    }

    /// For `Set-Cookie`, until the browser is closed.
    pub(crate) fn set(self, value: &str, channel: Channel) -> Option<HeaderValue> {
        let secure = match channel {
            Channel::Tls => "; Secure",
            Channel::Plain => "",
        };
        let name = self.name(channel);
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}")
            .parse()
            .ok()
    }

    /// For `Set-Cookie`, to have the browser forget it.
    pub(crate) fn unset(self, channel: Channel) -> Option<HeaderValue> {
        self.set("; Max-Age=0", channel)
    }
}

/// The login that a request claims.
pub(crate) fn login(headers: &HeaderMap, channel: Channel) -> Option<Token> {
    Token::read(Cookie::Login.read(headers, channel)?)
}

/// The token of whoever is asked for a code.
pub(crate) fn code(headers: &HeaderMap, channel: Channel) -> Option<Token> {
    Token::read(Cookie::Code.read(headers, channel)?)
}

/// What the forms of this browser carry before a login: what it was given, or something new that it is to keep.
pub(crate) fn form_token(headers: &HeaderMap, channel: Channel) -> String {
    let kept = Cookie::Form.read(headers, channel).filter(|text| is_form_token(text));
    kept.map_or_else(new_form_token, str::to_owned)
}

/// Whether a form carries what its browser keeps.
pub(crate) fn is_own_form(headers: &HeaderMap, channel: Channel, sent: &str) -> bool {
    let kept = Cookie::Form.read(headers, channel).filter(|text| is_form_token(text));
    kept.is_some_and(|kept| is_same(kept, sent))
}

/// In a time that tells nothing of how much is the same.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

fn is_form_token(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

fn new_form_token() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system's random source works");
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, channel: Channel, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, header.parse().expect("a header's value"));
        assert_eq!(Cookie::Login.read(&headers, channel), expected, "{header}");
    }

    #[test]
    fn a_cookie_is_found_among_others_and_only_under_its_channels_name() {
        check("a=b; __Host-hearth=x; c=d", Channel::Tls, Some("x"));
        check("a=b; hearth-console=x", Channel::Plain, Some("x"));
        check("hearth-console=x", Channel::Tls, None);
        check("__Host-hearth-form=x", Channel::Tls, None);
        check("not__Host-hearth=x", Channel::Tls, None);
    }

    #[test]
    fn cookies_are_for_this_host_and_no_script() {
        let text = |value: Option<HeaderValue>| value.and_then(|value| value.to_str().ok().map(str::to_owned));
        assert_eq!(
            text(Cookie::Login.set("x", Channel::Tls)).as_deref(),
            Some("__Host-hearth=x; Path=/; HttpOnly; SameSite=Strict; Secure")
        );
        assert_eq!(
            text(Cookie::Login.set("x", Channel::Plain)).as_deref(),
            Some("hearth-console=x; Path=/; HttpOnly; SameSite=Strict")
        );
        let unset = text(Cookie::Login.unset(Channel::Tls));
        assert!(unset.is_some_and(|text| text.contains("=; Max-Age=0;")));
    }
}
