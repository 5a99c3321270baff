//! Hosts.

pub(super) const TEXTS: &[(&str, &str)] = &[
    ("Add the host", "Host hinzufügen"),
    ("Another host", "Weiterer Host"),
    ("Certificate of this server", "Zertifikat dieses Servers"),
    ("Delete", "Löschen"),
    ("Delete the host", "Den Host löschen"),
    ("Delete {0}", "{0} löschen"),
    ("Delete…", "Löschen…"),
    ("Disable", "Abschalten"),
    ("Disable or delete {0}", "{0} abschalten oder löschen"),
    ("Disable or delete…", "Abschalten oder löschen…"),
    ("Disable the host", "Den Host abschalten"),
    ("Enable", "Einschalten"),
    ("Enable {0}", "{0} einschalten"),
    (
        "On every server the sessions of <strong>{1}</strong> are closed, nobody of it logs in, and nothing is delivered to it. Its {0} account and all that is of it stay; an administrator still reaches this console. It can be enabled again at any time.|On every server the sessions of <strong>{1}</strong> are closed, nobody of it logs in, and nothing is delivered to it. Its {0} accounts and all of theirs stay; administrators among them still reach this console. It can be enabled again at any time.",
        "Auf jedem Server werden die Sitzungen von <strong>{1}</strong> geschlossen, niemand davon meldet sich an, und nichts wird dorthin zugestellt. Sein {0} Konto und alles, was dazu gehört, bleibt; ein Verwalter erreicht diese Konsole weiterhin. Er kann jederzeit wieder eingeschaltet werden.|Auf jedem Server werden die Sitzungen von <strong>{1}</strong> geschlossen, niemand davon meldet sich an, und nichts wird dorthin zugestellt. Seine {0} Konten und alles, was dazu gehört, bleiben; Verwalter darunter erreichen diese Konsole weiterhin. Er kann jederzeit wieder eingeschaltet werden.",
    ),
    (
        "People of this domain get accounts here. Servers make a self-signed certificate for it unless the configuration names one.",
        "Menschen dieser Domain bekommen hier Konten. Server erzeugen dafür ein selbstsigniertes Zertifikat, wenn die Konfiguration keines nennt.",
    ),
    (
        "This deletes <strong>{1}</strong> with its groups, its {0} account and everything that is remembered of the people: keys and tokens, contacts, vCards, private data, messages that wait, and every power over the host. Rosters of other hosts keep the address, which nobody has any more. It cannot be undone.|This deletes <strong>{1}</strong> with its groups, its {0} accounts and everything that is remembered of the people: keys and tokens, contacts, vCards, private data, messages that wait, and every power over the host. Rosters of other hosts keep the addresses, which nobody has any more. It cannot be undone.",
        "Das löscht <strong>{1}</strong> mit seinen Gruppen, seinem {0} Konto und allem, was von den Menschen gespeichert ist: Schlüssel und Token, Kontakte, vCards, private Daten, wartende Nachrichten und alle Rechte über den Host. Kontaktlisten anderer Hosts behalten die Adresse, die niemand mehr hat. Es lässt sich nicht rückgängig machen.|Das löscht <strong>{1}</strong> mit seinen Gruppen, seinen {0} Konten und allem, was von den Menschen gespeichert ist: Schlüssel und Token, Kontakte, vCards, private Daten, wartende Nachrichten und alle Rechte über den Host. Kontaktlisten anderer Hosts behalten die Adressen, die niemand mehr hat. Es lässt sich nicht rückgängig machen.",
    ),
    ("Type the domain to confirm", "Geben Sie zur Bestätigung die Domain ein"),
    ("disabled since {0}", "abgeschaltet seit {0}"),
    (
        "none is for this host: clients refuse the one that they are shown",
        "keines gilt für diesen Host: Clients lehnen das ab, das sie gezeigt bekommen",
    ),
    ("none is needed", "keines nötig"),
    ("served", "wird bedient"),
    (
        "tick the box to say that this host is not to be served",
        "kreuzen Sie an, dass dieser Host nicht mehr bedient werden soll",
    ),
    (
        "unknown: names beyond ASCII are not compared here",
        "unbekannt: Namen jenseits von ASCII werden hier nicht verglichen",
    ),
    ("{0} is not to be served", "{0} soll nicht mehr bedient werden"),
];
