//! The first page.

pub(super) const TEXTS: &[(&str, &str)] = &[
    (
        "<strong>{0}</strong> account of {1}|<strong>{0}</strong> accounts of {1}",
        "<strong>{0}</strong> Konto von {1}|<strong>{0}</strong> Konten von {1}",
    ),
    (
        "<strong>{0}</strong> session|<strong>{0}</strong> sessions",
        "<strong>{0}</strong> Sitzung|<strong>{0}</strong> Sitzungen",
    ),
    (
        "<strong>{0}</strong> up, since {1}",
        "<strong>{0}</strong> in Betrieb, seit {1}",
    ),
    ("Listens", "Lauscht"),
    (
        "Looked at {0} ago, as <code>hearth check</code> does.",
        "Angesehen vor {0}, wie <code>hearth check</code> es tut.",
    ),
    ("Names and certificates", "Namen und Zertifikate"),
    ("Nothing has to be mended.", "Es gibt nichts zu beheben."),
    ("Nowhere: every listener is off.", "Nirgends: Alle Zugänge sind aus."),
    ("Process", "Prozess"),
    (
        "Unknown: they are being looked at.",
        "Unbekannt: Sie werden gerade angesehen.",
    ),
    ("Valid from", "Gültig ab"),
    ("What to do: {0}", "Was zu tun ist: {0}"),
    ("ends in {0}", "endet in {0}"),
    ("expired: clients refuse it", "abgelaufen: Clients lehnen es ab"),
    ("not ready", "nicht bereit"),
    ("not valid yet", "noch nicht gültig"),
    ("ready for clients", "bereit für Clients"),
    (
        "self-signed: clients ask whether to trust it",
        "selbstsigniert: Clients fragen, ob sie ihm trauen sollen",
    ),
    ("valid", "gültig"),
];
