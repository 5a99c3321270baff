//! Features, each under its name.

use ops::{Check, Kind};

use super::{Property, live, number};

pub(super) static ROWS: &[Property] = &[
    live(
        "roster.max_items",
        number(1..=100_000),
        |s| &mut s.features.roster.max_items,
        "Contacts in one roster.",
    ),
    live(
        "roster.max_groups",
        number(0..=1000),
        |s| &mut s.features.roster.max_groups,
        "Groups of one contact.",
    ),
    live(
        "roster.name_bytes",
        number(1..=10_000),
        |s| &mut s.features.roster.name_bytes,
        "Bytes of a contact's name, and of a group's.",
    ),
    live(
        "roster.max_requests",
        number(1..=10_000),
        |s| &mut s.features.roster.max_requests,
        "Strangers whose requests wait for an account's answer; more are ignored.",
    ),
    live(
        "roster.request_bytes",
        number(256..=65_536),
        |s| &mut s.features.roster.request_bytes,
        "Bytes of such a request that are kept with it; of a larger one only that it was made.",
    ),
    live(
        "roster.max_asks",
        number(1..=100_000),
        |s| &mut s.features.roster.max_asks,
        "Requests of one account that wait for an answer.",
    ),
    live(
        "offline.policy",
        Kind::Choice(&["store-or-bounce", "always", "store-or-drop", "bounce", "drop"]),
        |s| &mut s.features.offline.policy,
        "What happens to a message that no session of its account takes. store-or-bounce and store-or-drop say what becomes of those beyond the quota; always knows no quota.",
    ),
    live(
        "offline.quota_messages",
        number(1..=1_000_000),
        |s| &mut s.features.offline.max_messages,
        "Messages that wait for one account.",
    ),
    live(
        "offline.quota_bytes",
        number(1024..=1_073_741_824),
        |s| &mut s.features.offline.max_bytes,
        "Bytes of messages that wait for one account.",
    ),
    live(
        "blocking.max_items",
        number(1..=100_000),
        |s| &mut s.features.blocking.max_items,
        "Addresses on one block list (XEP-0191).",
    ),
    live(
        "vcard.max_bytes",
        number(1024..=1_048_576),
        |s| &mut s.features.vcard.max_bytes,
        "Bytes of one vCard, photo included (XEP-0054).",
    ),
    live(
        "vcard.audience",
        Kind::Choice(&["contacts", "everybody"]),
        |s| &mut s.features.vcard.audience,
        "Who sees an account's vCard. With everybody, a stranger can tell an account that has one from one that does not exist.",
    ),
    live(
        "private.max_bytes",
        number(1024..=16_777_216),
        |s| &mut s.features.private.max_bytes,
        "Bytes of all private XML of one account (XEP-0049).",
    ),
    live(
        "version.shown",
        Kind::Bool,
        |s| &mut s.features.version.is_shown,
        "Whether the server tells its version beside its name (XEP-0092).",
    ),
    live(
        "contacts.abuse",
        Kind::List(URIS),
        |s| &mut s.features.contacts.abuse,
        "Where to report abuse (XEP-0157).",
    ),
    live(
        "contacts.admin",
        Kind::List(URIS),
        |s| &mut s.features.contacts.admin,
        "Where to reach the administrators (XEP-0157).",
    ),
    live(
        "contacts.feedback",
        Kind::List(URIS),
        |s| &mut s.features.contacts.feedback,
        "Where to tell what one thinks of this server (XEP-0157).",
    ),
    live(
        "contacts.sales",
        Kind::List(URIS),
        |s| &mut s.features.contacts.sales,
        "Where to buy (XEP-0157).",
    ),
    live(
        "contacts.security",
        Kind::List(URIS),
        |s| &mut s.features.contacts.security,
        "Where to report weaknesses (XEP-0157).",
    ),
    live(
        "contacts.status",
        Kind::List(URIS),
        |s| &mut s.features.contacts.status,
        "Where this server says how it is (XEP-0157).",
    ),
    live(
        "contacts.support",
        Kind::List(URIS),
        |s| &mut s.features.contacts.support,
        "Where to get help (XEP-0157).",
    ),
    live(
        "registration.password_change",
        Kind::Bool,
        |s| &mut s.features.registration.password_change,
        "Whether accounts may change their password themselves (XEP-0077).",
    ),
    live(
        "registration.account_removal",
        Kind::Bool,
        |s| &mut s.features.registration.account_removal,
        "Whether accounts may remove themselves (XEP-0077).",
    ),
];

const URIS: Check = Check {
    allowed: "addresses that begin with xmpp:, mailto:, https:, http: or tel:",
    is_allowed: |text| {
        let is_uri = ["xmpp:", "mailto:", "https:", "http:", "tel:"]
            .iter()
            .any(|scheme| text.starts_with(scheme));
        is_uri && text.len() <= 1000 && !text.contains(|character: char| character.is_control() || character == ' ')
    },
};
