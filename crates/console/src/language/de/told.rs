//! What acts, settings and servers say.

pub(super) const TEXTS: &[(&str, &str)] = &[
    ("1 day", "1 Tag"),
    (
        "DNS names, as \"_hearth._tcp.example.org\" or \"hearth-nodes:5701\"",
        "DNS-Namen, etwa \"_hearth._tcp.example.org\" oder \"hearth-nodes:5701\"",
    ),
    ("HTTP, for this machine", "HTTP, für diese Maschine"),
    ("IP addresses", "IP-Adressen"),
    (
        "IPv4 addresses of this machine, and 0.0.0.0",
        "IPv4-Adressen dieser Maschine und 0.0.0.0",
    ),
    (
        "IPv4 multicast groups with a port, as \"224.2.2.3:54327\"",
        "IPv4-Multicast-Gruppen mit Port, etwa \"224.2.2.3:54327\"",
    ),
    ("XMPP with STARTTLS", "XMPP mit STARTTLS"),
    ("XMPP with direct TLS", "XMPP mit direktem TLS"),
    (
        "a country is two capital letters, as in DE; or empty",
        "ein Land sind zwei Großbuchstaben, etwa DE; oder leer",
    ),
    (
        "a group's name must have a letter, no space around it and no control character",
        "der Name einer Gruppe braucht einen Buchstaben und darf keine Leerzeichen am Rand und keine Steuerzeichen haben",
    ),
    (
        "a request has at most 50 names",
        "eine Anforderung hat höchstens 50 Namen",
    ),
    (
        "a token cannot make one that lives longer than itself: log in at the console for that",
        "ein Token kann keines anlegen, das länger lebt als es selbst: Melden Sie sich dafür an der Konsole an",
    ),
    (
        "a token's name is of 1 to 64 letters a to z, digits, and - _ .",
        "der Name eines Tokens hat 1 bis 64 Zeichen: Buchstaben a bis z, Ziffern und - _ .",
    ),
    (
        "addresses that begin with xmpp:, mailto:, https:, http: or tel:",
        "Adressen, die mit xmpp:, mailto:, https:, http: oder tel: beginnen",
    ),
    ("administrator of groups", "Verwalter von Gruppen"),
    ("administrator of {domain}", "Verwalter von {0}"),
    ("alone", "allein"),
    ("are more than {ANNOUNCED_ACCOUNTS_MAX}", "sind mehr als {0}"),
    ("are none: name some", "sind keine: Nennen Sie welche"),
    ("as long as the session", "so lange wie die Sitzung"),
    ("certificate {} of the chain, {},", "Zertifikat {0} der Kette, {1},"),
    ("clients", "Clients"),
    (
        "clustering needs a database that several servers can share, and SQLite is for one server alone: set database.url to a PostgreSQL or MariaDB database first",
        "ein Cluster braucht eine Datenbank, die sich mehrere Server teilen können, und SQLite ist für einen Server allein: Setzen Sie erst database.url auf eine Datenbank von PostgreSQL oder MariaDB",
    ),
    ("console", "Konsole"),
    ("console and monitoring", "Konsole und Überwachung"),
    ("domain names", "Domainnamen"),
    ("draining", "wird geräumt"),
    (
        "every owner is an account of {0}: make an account of another host an owner first",
        "alle Inhaber sind Konten von {0}: Machen Sie erst ein Konto eines anderen Hosts zum Inhaber",
    ),
    ("everything", "alles"),
    ("everything but the cluster", "alles außer dem Cluster"),
    ("failed {at}: {why}", "fehlgeschlagen {0}: {1!}"),
    (
        "failed {at}: {why}; next try {next}",
        "fehlgeschlagen {0}: {1!}; nächster Versuch {2}",
    ),
    (
        "failed {at}: {why}; next try {next}; the one before is valid until {until}",
        "fehlgeschlagen {0}: {1!}; nächster Versuch {2}; das vorige gilt bis {3}",
    ),
    (
        "failed {at}: {why}; the one before is valid until {until}",
        "fehlgeschlagen {0}: {1!}; das vorige gilt bis {2}",
    ),
    ("fenced", "abgeschnitten"),
    (
        "has characters that no message may have",
        "hat Zeichen, die keine Nachricht haben darf",
    ),
    (
        "has more than {ANNOUNCEMENT_CHARS_MAX} characters",
        "hat mehr als {0} Zeichen",
    ),
    (
        "has run out: clients refuse it; renew it",
        "ist abgelaufen: Clients lehnen es ab; erneuern Sie es",
    ),
    (
        "have {account:?} among them, which is none: an account's address looks like user@host",
        "enthalten {0}, das keines ist: Die Adresse eines Kontos sieht aus wie user@host",
    ),
    (
        "host names without a port, as \"console.example.org\"",
        "Hostnamen ohne Port, etwa \"console.example.org\"",
    ),
    (
        "hosts, as \"chat2.example\", \"10.0.0.2\" or \"10.0.0.2:5701\"",
        "Hosts, etwa \"chat2.example\", \"10.0.0.2\" oder \"10.0.0.2:5701\"",
    ),
    (
        "is a number of minutes from 1 to {INSPECTION_MINUTES_MAX}",
        "ist eine Zahl von Minuten von 1 bis {0}",
    ),
    ("is being ordered", "wird bestellt"),
    ("is empty: say something", "ist leer: Schreiben Sie etwas"),
    (
        "is not for {}: clients and other servers refuse it",
        "gilt nicht für {0}: Clients und andere Server lehnen es ab",
    ),
    (
        "is one of error, warn, info, debug and trace",
        "ist error, warn, info, debug oder trace",
    ),
    (
        "is one of {}, or a part of one, as c2s::session is",
        "ist eines von {0} oder ein Teil davon, wie c2s::session",
    ),
    (
        "it is not known what its entries are for",
        "es ist nicht bekannt, wofür seine Einträge sind",
    ),
    ("it is of another version", "er hat eine andere Version"),
    (
        "its entries are the sessions themselves; close sessions to take them out",
        "seine Einträge sind die Sitzungen selbst; schließen Sie Sitzungen, um sie herauszunehmen",
    ),
    ("joining", "tritt bei"),
    ("lists of {}", "Listen: {0!}"),
    ("member", "Mitglied"),
    (
        "networks or addresses, as \"192.0.2.0/24\" or \"::1\"",
        "Netze oder Adressen, etwa \"192.0.2.0/24\" oder \"::1\"",
    ),
    (
        "no certificate is ordered for it: turn ACME on for it first",
        "für ihn wird kein Zertifikat bestellt: Schalten Sie ACME erst für ihn ein",
    ),
    (
        "no change of a property has the number {0}, or it has been forgotten",
        "keine Änderung einer Eigenschaft hat die Nummer {0}, oder sie ist vergessen",
    ),
    (
        "no message of this number waits",
        "keine Nachricht dieser Nummer wartet",
    ),
    (
        "no server runs on this data directory",
        "auf diesem Datenverzeichnis läuft kein Server",
    ),
    (
        "no server that shares this database has the number or name {0}",
        "kein Server an dieser Datenbank hat die Nummer oder den Namen {0}",
    ),
    (
        "no signing request and no certificate of this server has the key that this belongs to: put the key in too",
        "keine Zertifikatsanforderung und kein Zertifikat dieses Servers hat den Schlüssel, zu dem dieses gehört: Spielen Sie auch den Schlüssel ein",
    ),
    (
        "nobody has agreed to the authority’s terms yet",
        "noch niemand hat den Bedingungen der Zertifizierungsstelle zugestimmt",
    ),
    (
        "not ordered: the configuration names its certificate",
        "nicht bestellt: Die Konfiguration nennt sein Zertifikat",
    ),
    (
        "not valid yet: is this machine's clock right?",
        "noch nicht gültig: Geht die Uhr dieser Maschine richtig?",
    ),
    ("one is being ordered already", "es wird schon eines bestellt"),
    ("owner", "Inhaber"),
    (
        "pairs \"<SHA-256 of the certificate in hexadecimal>=<user>@<domain>\"",
        "Paare \"<SHA-256 des Zertifikats, hexadezimal>=<user>@<domain>\"",
    ),
    ("read-only", "nur lesend"),
    (
        "runs out in {left}: renew it now",
        "läuft in {0!} ab: Erneuern Sie es jetzt",
    ),
    (
        "runs out in {left}: renew it soon",
        "läuft in {0!} ab: Erneuern Sie es bald",
    ),
    ("runs out today: renew it now", "läuft heute ab: Erneuern Sie es jetzt"),
    (
        "say on behalf of which administrator the token is to act",
        "geben Sie an, für welchen Verwalter das Token handeln soll",
    ),
    (
        "server {node} does not answer: {why}",
        "Server {0} antwortet nicht: {1!}",
    ),
    (
        "several servers are called {name}: say which by its number, one of {numbers}",
        "mehrere Server heißen {0}: Nennen Sie seine Nummer, eine von {1}",
    ),
    ("silent", "still"),
    ("the accounts", "die Konten"),
    (
        "the authority wants to be left alone until the next try",
        "die Zertifizierungsstelle möchte bis zum nächsten Versuch in Ruhe gelassen werden",
    ),
    (
        "the authority’s terms are at {terms}: read them, and say that you agree",
        "die Bedingungen der Zertifizierungsstelle stehen unter {0}: Lesen Sie sie, und sagen Sie, dass Sie zustimmen",
    ),
    (
        "the certificate is for none of the hosts, {}: its names are {names}",
        "das Zertifikat gilt für keinen der Hosts, {0}: Seine Namen sind {1}",
    ),
    (
        "the certificate is not for {host}: its names are {names}",
        "das Zertifikat gilt nicht für {0}: Seine Namen sind {1}",
    ),
    (
        "the certificate of {host} is named by {}: put the new one into that file, and it holds within seconds",
        "das Zertifikat von {0} ist in {1} genannt: Legen Sie das neue in jener Datei ab, dann gilt es binnen Sekunden",
    ),
    (
        "the chain ends at {issuer}, whom this machine does not believe: where that is no authority of your own, put in the chain with the certificates between",
        "die Kette endet bei {0}, wem diese Maschine nicht glaubt: Ist das keine eigene Zertifizierungsstelle, spielen Sie die Kette mit den Zertifikaten dazwischen ein",
    ),
    (
        "the configuration names its certificate: change it there",
        "die Konfiguration nennt sein Zertifikat: Ändern Sie es dort",
    ),
    (
        "the first certificate of the chain cannot be understood: {why}",
        "das erste Zertifikat der Kette ist nicht zu verstehen: {0}",
    ),
    (
        "the first certificate of the chain names no domain",
        "das erste Zertifikat der Kette nennt keine Domain",
    ),
    (
        "the key cannot be used: {why}; make it ECDSA (P-256, P-384), RSA (2048 bits or more) or Ed25519",
        "der Schlüssel ist nicht brauchbar: {0}; nehmen Sie ECDSA (P-256, P-384), RSA (2048 Bit oder mehr) oder Ed25519",
    ),
    (
        "the key does not belong to the first certificate of the chain: the server's own must come first",
        "der Schlüssel gehört nicht zum ersten Zertifikat der Kette: Das des Servers muss zuerst kommen",
    ),
    ("the level", "der Level"),
    ("the part", "der Teil"),
    (
        "the password has a character that is not allowed, such as a control character",
        "das Passwort hat ein Zeichen, das nicht erlaubt ist, etwa ein Steuerzeichen",
    ),
    ("the password is empty", "das Passwort ist leer"),
    (
        "the password is longer than {PASSWORD_MAX_BYTES} bytes",
        "das Passwort ist länger als {0} Bytes",
    ),
    (
        "the server is busy with other passwords; try again later",
        "der Server ist mit anderen Passwörtern beschäftigt; versuchen Sie es später noch einmal",
    ),
    ("the subject", "der Betreff"),
    ("the text", "der Text"),
    ("the time", "die Zeit"),
    (
        "the {field} is longer than {} KiB: that is none",
        "zu lang: Mehr als {1} KiB ist keines",
    ),
    ("there are more than {max} {what}", "es gibt mehr als {0} {1}"),
    (
        "there are {0} tokens already: revoke those that nobody uses",
        "es gibt schon {0} Token: Widerrufen Sie die, die niemand benutzt",
    ),
    ("there is a group {0} already", "es gibt schon eine Gruppe {0}"),
    (
        "there is a second factor already: remove it first",
        "es gibt schon einen zweiten Faktor: Entfernen Sie ihn erst",
    ),
    ("there is a token {0} already", "es gibt schon ein Token {0}"),
    ("there is an account {0} already", "es gibt schon ein Konto {0}"),
    ("there is no account {0}", "es gibt kein Konto {0}"),
    ("there is no cache {0}", "es gibt keinen Cache {0}"),
    ("there is no group {0}", "es gibt keine Gruppe {0}"),
    ("there is no property {name}{hint}", "es gibt keine Eigenschaft {0}{1}"),
    ("there is no session {0}", "es gibt keine Sitzung {0}"),
    ("there is no token {0}", "es gibt kein Token {0}"),
    (
        "there is none for this host: clients refuse the one that they are shown",
        "für diesen Host gibt es keines: Clients lehnen das ab, das sie gezeigt bekommen",
    ),
    (
        "this address and password do not belong to an administrator",
        "diese Adresse und dieses Passwort gehören zu keinem Verwalter",
    ),
    (
        "this authority makes accounts only for those whom it knows: put in the key that it gave you (EAB)",
        "diese Zertifizierungsstelle legt Konten nur für die an, die sie kennt: Geben Sie den Schlüssel ein, den Sie von ihr haben (EAB)",
    ),
    (
        "this code is wrong, or has been used: wait for the next one",
        "dieser Code ist falsch oder schon benutzt: Warten Sie auf den nächsten",
    ),
    (
        "this code is wrong: the app's clock and the server's may differ by half a minute",
        "dieser Code ist falsch: Die Uhren der App und des Servers dürfen eine halbe Minute auseinander gehen",
    ),
    ("this has at most 64 letters", "das hat höchstens 64 Buchstaben"),
    (
        "this is no database of ours: those are sqlite:, postgres:// and mysql://",
        "diese Datenbank kennen wir nicht: Möglich sind sqlite:, postgres:// und mysql://",
    ),
    (
        "this is not the token that the server's terminal shows; a restart shows a new one",
        "das ist nicht das Token, das das Terminal des Servers zeigt; ein Neustart zeigt ein neues",
    ),
    (
        "this is only what stands for {0}, whose value is shown nowhere: type the value itself",
        "das steht nur für {0}, dessen Wert nirgends gezeigt wird: Geben Sie den Wert selbst ein",
    ),
    (
        "this name looks like {other}, which is there already: choose another one, or say that names that look alike are meant",
        "dieser Name sieht aus wie {0}, das es schon gibt: Wählen Sie einen anderen, oder sagen Sie, dass ähnlich aussehende Namen gewollt sind",
    ),
    (
        "this place in the list is none: begin with its first page",
        "diese Stelle der Liste gibt es nicht: Beginnen Sie mit ihrer ersten Seite",
    ),
    (
        "this property must be read before a server may have the key: it cannot be encrypted",
        "diese Eigenschaft muss gelesen werden, bevor ein Server den Schlüssel haben darf: Sie lässt sich nicht verschlüsseln",
    ),
    (
        "this server has an administrator already",
        "dieser Server hat schon einen Verwalter",
    ),
    (
        "this server has no host {domain}; its hosts are {hosts}",
        "dieser Server hat keinen Host {0}; seine Hosts sind {1}",
    ),
    (
        "this server has no host {}; its hosts are {}",
        "dieser Server hat keinen Host {0}; seine Hosts sind {1}",
    ),
    (
        "this took too long: begin with the password once more",
        "das hat zu lange gedauert: Beginnen Sie noch einmal mit dem Passwort",
    ),
    (
        "this would shut you out: {0}, from where you ask, is in none of these networks",
        "das würde Sie aussperren: {0}, von wo Sie anfragen, ist in keinem dieser Netze",
    ),
    (
        "too many codes were wrong; another one is looked at in a quarter of an hour",
        "zu viele Codes waren falsch; der nächste wird in einer Viertelstunde geprüft",
    ),
    ("true and false", "true und false"),
    ("unknown", "unbekannt"),
    (
        "until the time for which failed logins count is over",
        "bis die Zeit um ist, für die Fehlversuche zählen",
    ),
    ("valid for {left}", "gültig, endet in {0!}"),
    ("valid until {until}, by ACME", "gültig bis {0}, mit ACME"),
    (
        "valid until {until}, by ACME; renewed from {next}",
        "gültig bis {0}, mit ACME; erneuert ab {1}",
    ),
    (
        "valid until {until}, put in by an operator",
        "gültig bis {0}, von einem Verwalter eingespielt",
    ),
    (
        "valid until {until}, put in by an operator; ordered from {next}",
        "gültig bis {0}, von einem Verwalter eingespielt; bestellt ab {1}",
    ),
    (
        "vouches for itself: clients ask whether to trust it, other servers refuse it",
        "bürgt für sich selbst: Clients fragen, ob sie ihm trauen sollen, andere Server lehnen es ab",
    ),
    ("waiting to be ordered", "wartet auf die Bestellung"),
    (
        "waiting: nobody has agreed to the authority’s terms yet",
        "wartet: Noch niemand hat den Bedingungen der Zertifizierungsstelle zugestimmt",
    ),
    (
        "whether its chain is complete is unknown: this machine has no list of authorities",
        "ob die Kette vollständig ist, ist unbekannt: Diese Maschine hat keine Liste von Zertifizierungsstellen",
    ),
    ("whole numbers from {min} to {max}", "ganze Zahlen von {0} bis {1}"),
    (
        "{0:?} is no account's address: it must look like user@host",
        "{0} ist keine Adresse eines Kontos: Sie muss aussehen wie user@host",
    ),
    (
        "{0:?} is no domain: it must look like example.org, or be localhost",
        "{0} ist keine Domain: Sie muss aussehen wie example.org oder localhost sein",
    ),
    (
        "{0:?} is no session's address: it must look like user@host/resource",
        "{0} ist keine Adresse einer Sitzung: Sie muss aussehen wie user@host/resource",
    ),
    (
        "{0} has been changed since: undo the later change first, or set the value by hand",
        "{0} wurde seitdem geändert: Machen Sie erst die spätere Änderung rückgängig, oder setzen Sie den Wert von Hand",
    ),
    ("{0} has no second factor", "{0} hat keinen zweiten Faktor"),
    (
        "{0} holds for every server that shares the database: it has no value for one of them",
        "{0} gilt für alle Server, die sich die Datenbank teilen: Für einen davon gibt es keinen Wert",
    ),
    (
        "{0} is a host of this server already",
        "{0} ist schon ein Host dieses Servers",
    ),
    (
        "{0} is a secret, and what it was before is in no record: set it by hand",
        "{0} ist ein Geheimnis, und was es vorher war, steht in keinem Protokoll: Setzen Sie es von Hand",
    ),
    ("{0} is no administrator", "{0} ist kein Verwalter"),
    ("{0} is no member of this group", "{0} ist kein Mitglied dieser Gruppe"),
    (
        "{0} is not set, so there is nothing to encrypt: set it first",
        "{0} ist nicht gesetzt, also gibt es nichts zu verschlüsseln: Setzen Sie es erst",
    ),
    (
        "{0} is the only host that is served: add or enable another one first",
        "{0} ist der einzige Host, der bedient wird: Fügen Sie erst einen anderen hinzu, oder schalten Sie einen ein",
    ),
    (
        "{0} is the only owner: make another one first",
        "{0} ist der einzige Inhaber: Machen Sie erst jemand anderen dazu",
    ),
    ("{actor} may not do this on {what}", "{0} darf das auf {1} nicht"),
    ("{blocked:?} is no address: {error}", "{0} ist keine Adresse: {1}"),
    (
        "{count} lines are too many: add at most {limit} at a time",
        "{0} Zeilen sind zu viele: Fügen Sie höchstens {1} auf einmal hinzu",
    ),
    ("{days} days", "{0} Tagen"),
    (
        "{name:?} is no domain: it must look like chat.example.org or *.example.org",
        "{0} ist keine Domain: Sie muss aussehen wie chat.example.org oder *.example.org",
    ),
    (
        "{name} = {value:?} is not allowed: allowed are {allowed}",
        "{0} = {1} ist nicht erlaubt; erlaubt: {2!}",
    ),
    ("{name} cannot be cleared: {why}", "{0} lässt sich nicht leeren: {1!}"),
    ("{name} is not drained: {why}", "{0} wird nicht geräumt: {1}"),
    ("{name} is not removed: {why}", "{0} wird nicht entfernt: {1}"),
    (
        "{name} is pinned by {by}: change it there",
        "{0} ist durch {1} festgelegt: Ändern Sie es dort",
    ),
    (
        "{what} is set by {by}: change it there",
        "{0} ist durch {1} gesetzt: Ändern Sie es dort",
    ),
    ("{which} has run out: renew it", "{0!} ist abgelaufen: Erneuern Sie es"),
    (
        "{which} is not valid yet: is this machine's clock right?",
        "{0!} ist noch nicht gültig: Geht die Uhr dieser Maschine richtig?",
    ),
];
