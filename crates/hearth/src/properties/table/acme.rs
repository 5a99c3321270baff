//! Certificates that come by themselves.

use ops::{Check, Kind};

use super::{Property, console::NAMES, live};

pub(super) static ROWS: &[Property] = &[
    live(
        "acme.enabled",
        Kind::Bool,
        |s| &mut s.acme.is_enabled,
        "Whether certificates are ordered at an authority (RFC 8555) and renewed when a third of their time is left. Turn it \
         on from the certificates page or by hearth certificate acme on: nothing is ordered before somebody has agreed to \
         the authority's terms.",
    ),
    live(
        "acme.directory_url",
        Kind::Text(DIRECTORY),
        |s| &mut s.acme.directory,
        "The address of the authority's directory. Who vouches for the authority itself has to be among the system's \
         authorities or those of tls.trust.",
    ),
    live(
        "acme.contact",
        Kind::Text(MAIL),
        |s| &mut s.acme.contact,
        "Where the authority writes to, by mail, if something is wrong. Empty: nowhere.",
    ),
    live(
        "acme.hosts",
        Kind::List(NAMES),
        |s| &mut s.acme.hosts,
        "Hosts that certificates are ordered for. Empty: every one that is served. One whose certificate the \
         configuration names gets none.",
    ),
    live(
        "acme.eab_key_id",
        Kind::Text(SHORT),
        |s| &mut s.acme.binding_id,
        "The name of the key that binds the account to one that the authority knows already (external account binding). \
         Empty: it is not bound.",
    ),
    live(
        "acme.eab_secret",
        Kind::Text(BASE64),
        |s| &mut s.acme.binding_secret,
        "That key, as the authority gave it, in base64.",
    ),
];

const DIRECTORY: Check = Check {
    allowed: "an https address, as \"https://ca.example.org/directory\"",
    is_allowed: |text| {
        let place = text.strip_prefix("https://");
        text.len() <= 1000
            && place.is_some_and(|place| !place.is_empty() && !place.starts_with('/') && !place.contains('@'))
            && text.bytes().all(|byte| byte.is_ascii_graphic())
    },
};
const MAIL: Check = Check {
    allowed: "one mail address, as \"admin@example.org\", or nothing",
    is_allowed: |text| {
        let is_address = |(local, host): (&str, &str)| !local.is_empty() && !host.is_empty() && !host.contains('@');
        let is_plain = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b",;<>?&\"".contains(&byte));
        text.is_empty() || text.len() <= 254 && is_plain && text.split_once('@').is_some_and(is_address)
    },
};
const SHORT: Check = Check {
    allowed: "texts of up to 200 letters, digits and signs",
    is_allowed: |text| text.len() <= 200 && text.bytes().all(|byte| byte.is_ascii_graphic()),
};
const BASE64: Check = Check {
    allowed: "a key in base64, of up to 1000 characters",
    is_allowed: |text| text.is_empty() || text.len() <= 1000 && acme::Binding::parse("", text).is_some(),
};
