//! The frame of every page, notices and refusals.

pub(super) const TEXTS: &[(&str, &str)] = &[
    (
        "A form says how long it is, and has no chunks.",
        "Ein Formular sagt, wie lang es ist, und kommt nicht in Stücken.",
    ),
    (
        "Clustering was switched off for every server that shares the database.",
        "Der Cluster ist jetzt für alle Server ausgeschaltet, die sich die Datenbank teilen.",
    ),
    (
        "Clustering was switched on for every server that shares the database.",
        "Der Cluster ist jetzt für alle Server eingeschaltet, die sich die Datenbank teilen.",
    ),
    (
        "Every administrator of this server needs a second factor: set yours up first. Nothing was done.",
        "Jeder Verwalter dieses Servers braucht einen zweiten Faktor: Richten Sie erst Ihren ein. Es ist nichts geschehen.",
    ),
    ("First page", "Erste Seite"),
    (
        "It is unknown how this server stands in its cluster",
        "Wie dieser Server zu seinem Cluster steht, ist unbekannt",
    ),
    ("Log out", "Abmelden"),
    ("Menu", "Menü"),
    ("MySQL or MariaDB", "MySQL oder MariaDB"),
    ("Next page", "Nächste Seite"),
    ("Not allowed", "Nicht erlaubt"),
    (
        "Nothing was changed, so there was nothing to save.",
        "Es war nichts geändert, also gab es nichts zu speichern.",
    ),
    (
        "Only member of its cluster: no failover",
        "Einziges Mitglied seines Clusters: Niemand springt ein",
    ),
    ("Pages", "Seiten"),
    (
        "Pages are read, and forms are sent; nothing else.",
        "Seiten werden gelesen, Formulare gesendet; sonst nichts.",
    ),
    ("Parts of the list", "Teile der Liste"),
    ("Please log in", "Bitte melden Sie sich an"),
    ("Properties", "Eigenschaften"),
    ("Skip to the page", "Zum Inhalt der Seite"),
    (
        "The account is locked; its sessions end.",
        "Das Konto ist gesperrt; seine Sitzungen enden.",
    ),
    ("The account is unlocked.", "Das Konto ist entsperrt."),
    ("The account was deleted.", "Das Konto ist gelöscht."),
    ("The account was made.", "Das Konto ist angelegt."),
    ("The address is blocked.", "Die Adresse ist blockiert."),
    (
        "The address is not blocked any more.",
        "Die Adresse ist nicht mehr blockiert.",
    ),
    (
        "The cache was cleared, on all servers.",
        "Der Cache ist geleert, auf allen Servern.",
    ),
    (
        "The certificate is in force: whoever connects from now on is shown it.",
        "Das Zertifikat ist in Kraft: Wer sich von jetzt an verbindet, bekommt es gezeigt.",
    ),
    ("The change was undone.", "Die Änderung ist rückgängig gemacht."),
    (
        "The contact was removed as far as it was the user's own; the user's clients are told.",
        "Der Kontakt ist entfernt, soweit er dem Benutzer selbst gehörte; dessen Clients erfahren es.",
    ),
    (
        "The contact was saved; the user's clients are told.",
        "Der Kontakt ist gespeichert; die Clients des Benutzers erfahren es.",
    ),
    ("The database does not answer", "Die Datenbank antwortet nicht"),
    (
        "The dead server was removed from the list.",
        "Der tote Server ist aus der Liste entfernt.",
    ),
    ("The group was changed.", "Die Gruppe ist geändert."),
    ("The group was deleted.", "Die Gruppe ist gelöscht."),
    ("The group was made.", "Die Gruppe ist angelegt."),
    (
        "The host is disabled: every server closes its sessions within seconds.",
        "Der Host ist abgeschaltet: Jeder Server schließt binnen Sekunden seine Sitzungen.",
    ),
    (
        "The host is enabled: every server serves it within seconds.",
        "Der Host ist eingeschaltet: Jeder Server bedient ihn binnen Sekunden.",
    ),
    (
        "The host was added. Every server that runs serves it within seconds.",
        "Der Host ist hinzugefügt. Jeder laufende Server bedient ihn binnen Sekunden.",
    ),
    (
        "The host was deleted with its accounts and groups.",
        "Der Host ist mit seinen Konten und Gruppen gelöscht.",
    ),
    ("The level was switched.", "Der Level ist umgeschaltet."),
    ("The member was removed.", "Das Mitglied ist entfernt."),
    ("The members were added.", "Die Mitglieder sind hinzugefügt."),
    (
        "The messages that waited were deleted.",
        "Die wartenden Nachrichten sind gelöscht.",
    ),
    (
        "The password was changed; the account's sessions end.",
        "Das Passwort ist geändert; die Sitzungen des Kontos enden.",
    ),
    ("The property was set.", "Die Eigenschaft ist gesetzt."),
    (
        "The property was set. It takes effect at the next start.",
        "Die Eigenschaft ist gesetzt. Sie wirkt ab dem nächsten Start.",
    ),
    ("The role was granted.", "Die Rolle ist erteilt."),
    ("The role was revoked.", "Die Rolle ist entzogen."),
    ("The second factor was removed.", "Der zweite Faktor ist entfernt."),
    (
        "The server hands over what it has, and then ends.",
        "Der Server übergibt, was er hat, und beendet sich dann.",
    ),
    ("The session is being closed.", "Die Sitzung wird geschlossen."),
    ("The sessions are being closed.", "Die Sitzungen werden geschlossen."),
    ("The settings were saved.", "Die Einstellungen sind gespeichert."),
    (
        "The settings were saved. Some take effect at the next start.",
        "Die Einstellungen sind gespeichert. Einige wirken ab dem nächsten Start.",
    ),
    (
        "The signing request was made: it is below. Its key stays on the server's disk.",
        "Die Zertifikatsanforderung ist erstellt: Sie steht unten. Ihr Schlüssel bleibt auf der Platte des Servers.",
    ),
    ("The token is worth nothing any more.", "Das Token gilt nicht mehr."),
    ("The vCard was saved.", "Die vCard ist gespeichert."),
    (
        "The value is encrypted now, and shown nowhere any more.",
        "Der Wert ist jetzt verschlüsselt und wird nirgends mehr gezeigt.",
    ),
    ("The value was taken back.", "Der Wert ist zurückgenommen."),
    ("There is no such icon.", "Dieses Symbol gibt es nicht."),
    ("There is nothing here", "Hier ist nichts"),
    ("This address cannot be read.", "Diese Adresse lässt sich nicht lesen."),
    (
        "This console does not answer under this name, so that no other site can have its name lead here. Use the server's address, or have the name added to the property console.hosts: hearth property set console.hosts <name>",
        "Diese Konsole antwortet nicht unter diesem Namen, damit keine andere Website ihren Namen hierher führen lassen kann. Benutzen Sie die Adresse des Servers, oder lassen Sie den Namen in die Eigenschaft console.hosts eintragen: hearth property set console.hosts <name>",
    ),
    (
        "This console is not for your network. Whoever is on the server's machine adds yours: hearth property set console.allowed <networks>",
        "Diese Konsole ist nicht für Ihr Netz. Wer an der Maschine des Servers sitzt, fügt Ihres hinzu: hearth property set console.allowed <networks>",
    ),
    ("This did not work", "Das hat nicht geklappt"),
    (
        "This failed. The server's log says more.",
        "Das ist fehlgeschlagen. Das Log des Servers sagt mehr.",
    ),
    (
        "This form cannot be read. Nothing was done.",
        "Dieses Formular lässt sich nicht lesen. Es ist nichts geschehen.",
    ),
    (
        "This form is larger than any of ours. Nothing was done.",
        "Dieses Formular ist größer als jedes von hier. Es ist nichts geschehen.",
    ),
    (
        "This form is not of your present login. Nothing was done; open the page again.",
        "Dieses Formular gehört nicht zu Ihrer jetzigen Anmeldung. Es ist nichts geschehen; öffnen Sie die Seite noch einmal.",
    ),
    (
        "This form was sent by another site. Nothing was done.",
        "Dieses Formular kam von einer anderen Website. Es ist nichts geschehen.",
    ),
    ("This is not understood", "Das wird nicht verstanden"),
    (
        "This server hands over what it has, and then ends",
        "Dieser Server übergibt, was er hat, und beendet sich dann",
    ),
    (
        "This server is cut off from its cluster and does nothing",
        "Dieser Server ist von seinem Cluster abgeschnitten und tut nichts",
    ),
    (
        "This server is joining the cluster",
        "Dieser Server tritt dem Cluster bei",
    ),
    (
        "This server is not in the cluster",
        "Dieser Server ist nicht im Cluster",
    ),
    (
        "This took too long. Try again.",
        "Das hat zu lange gedauert. Versuchen Sie es noch einmal.",
    ),
    ("To the first page", "Zur ersten Seite"),
    (
        "Too many pages are kept up to date already; reload this one by hand.",
        "Es werden schon zu viele Seiten laufend aktualisiert; laden Sie diese von Hand neu.",
    ),
    (
        "Without encryption the console is for browsers on the server's own machine. Use its HTTPS address (admin.tls_listen), or a tunnel to this one.",
        "Ohne Verschlüsselung ist die Konsole nur für Browser auf der Maschine des Servers. Benutzen Sie ihre HTTPS-Adresse (admin.tls_listen) oder einen Tunnel zu dieser.",
    ),
    ("You are not logged in any more.", "Sie sind nicht mehr angemeldet."),
    (
        "You are not logged in any more. Nothing was done.",
        "Sie sind nicht mehr angemeldet. Es ist nichts geschehen.",
    ),
    ("silent for {0}, since {1}", "still seit {0}, seit {1}"),
    ("{0} ({1}) may not do this.", "{0} ({1}) darf das nicht."),
    ("{0} d {1} h", "{0} T. {1} Std."),
    ("{0} h {1} min", "{0} Std. {1} Min."),
    ("{0} members, no senior just now", "{0} Mitglieder, zurzeit kein Senior"),
    ("{0} members, senior {1}", "{0} Mitglieder, Senior {1}"),
    ("{0} min {1} s", "{0} Min. {1} s"),
    ("{0} s", "{0} s"),
    ("{0} µs since 1970", "{0} µs seit 1970"),
];
