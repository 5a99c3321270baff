//! What properties mean.

pub(super) const TEXTS: &[(&str, &str)] = &[
    (
        "Accounts kept in memory beyond those that have a session.",
        "Konten, die neben denen mit einer Sitzung im Speicher gehalten werden.",
    ),
    (
        "Accounts that certificates without an XMPP address stand for.",
        "Konten, für die Zertifikate ohne XMPP-Adresse stehen.",
    ),
    (
        "Addresses on one block list (XEP-0191).",
        "Adressen auf einer Blockierliste (XEP-0191).",
    ),
    (
        "Addresses that are never refused, such as that of a web proxy.",
        "Adressen, die nie abgewiesen werden, etwa die eines Web-Proxys.",
    ),
    (
        "Balancers that begin each connection with a PROXY protocol header, version 1 or 2. From these it is required, from anybody else refused.",
        "Lastverteiler, die jede Verbindung mit einem Kopf des PROXY-Protokolls beginnen, Version 1 oder 2. Von ihnen wird er verlangt, von allen anderen abgelehnt.",
    ),
    (
        "Bytes of a contact's name, and of a group's.",
        "Bytes des Namens eines Kontakts und einer Gruppe.",
    ),
    (
        "Bytes of all private XML of one account (XEP-0049).",
        "Bytes aller privaten XML-Daten eines Kontos (XEP-0049).",
    ),
    (
        "Bytes of messages that wait for one account.",
        "Bytes der Nachrichten, die für ein Konto warten.",
    ),
    (
        "Bytes of one stanza of an authenticated client (announced by XEP-0478).",
        "Bytes einer Stanza eines angemeldeten Clients (mit XEP-0478 angekündigt).",
    ),
    (
        "Bytes of one vCard, photo included (XEP-0054).",
        "Bytes einer vCard, das Foto eingeschlossen (XEP-0054).",
    ),
    (
        "Bytes of such a request that are kept with it; of a larger one only that it was made.",
        "Bytes einer solchen Anfrage, die mit ihr aufbewahrt werden; von einer größeren nur, dass sie gestellt wurde.",
    ),
    (
        "Bytes per second that a client may send in the long run; what is more waits. 0 is without limit.",
        "Bytes pro Sekunde, die ein Client auf Dauer senden darf; was darüber ist, wartet. 0 ist ohne Grenze.",
    ),
    (
        "Bytes that a client may leave unacknowledged.",
        "Bytes, die ein Client unbestätigt lassen darf.",
    ),
    (
        "Bytes that a client may send at once after a quiet time.",
        "Bytes, die ein Client nach einer ruhigen Zeit auf einmal senden darf.",
    ),
    (
        "Connections accepted at once after a quiet time.",
        "Verbindungen, die nach einer ruhigen Zeit auf einmal angenommen werden.",
    ),
    (
        "Connections accepted per second, over all addresses; what comes faster waits. 0 is without limit.",
        "Angenommene Verbindungen pro Sekunde, über alle Adressen; was schneller kommt, wartet. 0 ist ohne Grenze.",
    ),
    (
        "Connections open at the same time from one IPv4 address or one IPv6 /64. A whole company may sit behind one.",
        "Gleichzeitig offene Verbindungen von einer IPv4-Adresse oder einem IPv6-/64. Dahinter kann eine ganze Firma sitzen.",
    ),
    (
        "Connections open at the same time, over all addresses.",
        "Gleichzeitig offene Verbindungen, über alle Adressen.",
    ),
    ("Contacts in one roster.", "Kontakte in einer Kontaktliste."),
    (
        "Days that changes of system properties stay in their history, and can be undone.",
        "Tage, die Änderungen von Systemeigenschaften in deren Verlauf bleiben und rückgängig gemacht werden können.",
    ),
    (
        "Days that what operators have done stays in the record.",
        "Tage, die im Audit-Protokoll bleibt, was Verwalter getan haben.",
    ),
    (
        "Failed logins at one account within the window after which attempts from unknown addresses take longer.",
        "Fehlgeschlagene Anmeldungen an einem Konto innerhalb des Zeitfensters, nach denen Versuche von unbekannten Adressen länger dauern.",
    ),
    (
        "Failed logins from one address within the window after which it is refused until the window ends.",
        "Fehlgeschlagene Anmeldungen von einer Adresse innerhalb des Zeitfensters, nach denen sie bis zu dessen Ende abgewiesen wird.",
    ),
    (
        "Group and port of multicast discovery. Replaces Hazelcast's multicast-group and multicast-port.",
        "Gruppe und Port der Suche durch Multicast. Ersetzt multicast-group und multicast-port von Hazelcast.",
    ),
    ("Groups of one contact.", "Gruppen eines Kontakts."),
    (
        "Hosts at which guests may log in without an account.",
        "Hosts, an denen Gäste sich ohne Konto anmelden dürfen.",
    ),
    (
        "Hosts that certificates are ordered for. Empty: every one that is served. One whose certificate the configuration names gets none.",
        "Hosts, für die Zertifikate bestellt werden. Leer: jeder, der bedient wird. Einer, dessen Zertifikat die Konfiguration nennt, bekommt keines.",
    ),
    (
        "How many routers multicast may pass; 0 stays on this machine. Replaces Hazelcast's multicast-time-to-live.",
        "Wie viele Router Multicast passieren darf; 0 bleibt auf dieser Maschine. Ersetzt multicast-time-to-live von Hazelcast.",
    ),
    (
        "How often joining is tried again when the cluster port, the keys or discovery do not work. Replaces Openfire's hazelcast.startup.retry.count.",
        "Wie oft der Beitritt noch versucht wird, wenn Cluster-Port, Schlüssel oder Suche nicht funktionieren. Ersetzt hazelcast.startup.retry.count von Openfire.",
    ),
    (
        "How often new passwords are stretched. It prices every guess of whoever steals the database, and each login of an honest client.",
        "Wie oft neue Passwörter gestreckt werden. Das ist der Preis jedes Rateversuchs dessen, der die Datenbank stiehlt, und jeder Anmeldung eines ehrlichen Clients.",
    ),
    (
        "How old a token is, in seconds, when its client gets a new one at its next login.",
        "Wie alt ein Token ist, in Sekunden, wenn sein Client bei der nächsten Anmeldung ein neues bekommt.",
    ),
    (
        "How servers find each other: by the database that they share, by multicast in the local network, at listed places, or by a DNS name. Replaces the choice between multicast and tcp-ip in hazelcast-local-config.xml.",
        "Wie Server einander finden: durch die gemeinsame Datenbank, durch Multicast im lokalen Netz, an aufgezählten Orten oder durch einen DNS-Namen. Ersetzt die Wahl zwischen multicast und tcp-ip in hazelcast-local-config.xml.",
    ),
    (
        "Messages that wait for one account.",
        "Nachrichten, die für ein Konto warten.",
    ),
    (
        "Milliseconds from which on a statement is listed as slow on the console's page of the database, with the wait for a connection.",
        "Millisekunden, ab denen eine Anweisung auf der Seite der Datenbank als langsam aufgeführt wird, samt dem Warten auf eine Verbindung.",
    ),
    (
        "Names under which browsers may ask for the console, as a proxy in front of it has them. Its addresses, this server's name, its domains and the names in its certificate are always among them.",
        "Namen, unter denen Browser die Konsole aufrufen dürfen, etwa die eines Proxys davor. Ihre Adressen, der Name dieses Servers, seine Domains und die Namen in seinem Zertifikat gehören immer dazu.",
    ),
    (
        "Networks from which the console and the API are asked, besides this machine; others are turned away. Empty: from everywhere. Behind a proxy that is the proxy's address.",
        "Netze, aus denen Konsole und API erreichbar sind, neben dieser Maschine; andere werden abgewiesen. Leer: von überall. Hinter einem Proxy ist das dessen Adresse.",
    ),
    (
        "Networks whose addresses have no limit of their own.",
        "Netze, deren Adressen keine eigene Grenze haben.",
    ),
    (
        "Passwords that may wait for being stretched; more are told to try again later.",
        "Passwörter, die auf das Strecken warten dürfen; weitere sollen es später noch einmal versuchen.",
    ),
    (
        "Presences kept back for a client that nobody looks at.",
        "Präsenzen, die für einen Client zurückgehalten werden, auf den niemand schaut.",
    ),
    (
        "Requests of one account that wait for an answer.",
        "Anfragen eines Kontos, die auf eine Antwort warten.",
    ),
    (
        "Seconds after which an administrator who asks for no page has to log in again. However busy, a login ends after 12 hours.",
        "Sekunden, nach denen ein Verwalter, der keine Seite abruft, sich neu anmelden muss. Wie beschäftigt er auch ist: Nach 12 Stunden endet eine Anmeldung.",
    ),
    (
        "Seconds before each of these tries. Replaces Openfire's hazelcast.startup.retry.seconds.",
        "Sekunden vor jedem dieser Versuche. Ersetzt hazelcast.startup.retry.seconds von Openfire.",
    ),
    (
        "Seconds for which a password, and a code where there is a second factor, is enough for acts that give power away or end something: after that it is asked for again. 0: each time.",
        "Sekunden, die ein Passwort, und ein Code bei einem zweiten Faktor, für Handlungen genügt, die Rechte vergeben oder etwas beenden: Danach wird erneut danach gefragt. 0: jedes Mal.",
    ),
    (
        "Seconds of silence after which a client is asked whether it is there.",
        "Sekunden der Stille, nach denen ein Client gefragt wird, ob er da ist.",
    ),
    (
        "Seconds that a client has to authenticate and bind.",
        "Sekunden, die ein Client zum Anmelden und Binden hat.",
    ),
    (
        "Seconds that a client may take nothing while so much waits for it that the rest waits in the message log.",
        "Sekunden, die ein Client nichts abnehmen darf, während so viel auf ihn wartet, dass der Rest im Nachrichtenspeicher wartet.",
    ),
    (
        "Seconds that a client may take to end a stanza that it has begun.",
        "Sekunden, die ein Client brauchen darf, um eine begonnene Stanza zu beenden.",
    ),
    (
        "Seconds that a client may take to read what was written before it is given up.",
        "Sekunden, die ein Client zum Lesen des Geschriebenen brauchen darf, bevor er aufgegeben wird.",
    ),
    (
        "Seconds that a cluster goes on at most while none of its servers reaches the database.",
        "Sekunden, die ein Cluster höchstens weiterläuft, während keiner seiner Server die Datenbank erreicht.",
    ),
    (
        "Seconds that a server waits after its start before it joins. Replaces Openfire's hazelcast.startup.delay.seconds.",
        "Sekunden, die ein Server nach seinem Start wartet, bevor er beitritt. Ersetzt hazelcast.startup.delay.seconds von Openfire.",
    ),
    (
        "Seconds that a server which drains keeps sessions for their clients to come back at another server of the cluster; 0 closes them at once.",
        "Sekunden, die ein Server, der geräumt wird, Sitzungen aufhebt, damit ihre Clients an einem anderen Server des Clusters zurückkommen; 0 schließt sie sofort.",
    ),
    (
        "Seconds that a server which is cut off from the others keeps its clients waiting before it sends them to another one.",
        "Sekunden, die ein von den anderen abgeschnittener Server seine Clients warten lässt, bevor er sie zu einem anderen schickt.",
    ),
    (
        "Seconds that a session waits for its client to come back; 0 is not at all.",
        "Sekunden, die eine Sitzung auf die Rückkehr ihres Clients wartet; 0 ist gar nicht.",
    ),
    (
        "Seconds that a token lives that is not used.",
        "Sekunden, die ein Token lebt, das nicht benutzt wird.",
    ),
    (
        "Seconds that an attempt at an account under attack takes at most; nobody is locked out of their account.",
        "Sekunden, die ein Versuch an einem angegriffenen Konto höchstens dauert; niemand wird aus seinem Konto ausgesperrt.",
    ),
    (
        "Seconds that failures are remembered.",
        "Sekunden, die Fehlversuche gemerkt werden.",
    ),
    (
        "Seconds that it has to answer.",
        "Sekunden, die er für die Antwort hat.",
    ),
    (
        "Seconds that other servers may take to answer a task. Replaces Openfire's hazelcast.max.execution.seconds.",
        "Sekunden, die andere Server für die Antwort auf eine Aufgabe haben. Ersetzt hazelcast.max.execution.seconds von Openfire.",
    ),
    (
        "Sessions that one account may have at a time.",
        "Sitzungen, die ein Konto gleichzeitig haben darf.",
    ),
    (
        "Stanzas that a client may leave unacknowledged.",
        "Stanzas, die ein Client unbestätigt lassen darf.",
    ),
    (
        "Stanzas that wait for one session. What else it is behind waits in the message log; where that does not keep it, the session is closed as a slow reader.",
        "Stanzas, die auf eine Sitzung warten. Was ihr sonst noch fehlt, wartet im Nachrichtenspeicher; was dieser nicht aufhebt, führt dazu, dass die Sitzung als zu langsam geschlossen wird.",
    ),
    (
        "Strangers whose requests wait for an account's answer; more are ignored.",
        "Fremde, deren Anfragen auf die Antwort eines Kontos warten; weitere werden nicht beachtet.",
    ),
    (
        "That key, as the authority gave it, in base64.",
        "Dieser Schlüssel, wie die Zertifizierungsstelle ihn mitgeteilt hat, in Base64.",
    ),
    (
        "The address of the authority's directory. Who vouches for the authority itself has to be among the system's authorities or those of tls.trust.",
        "Die Adresse des Verzeichnisses der Zertifizierungsstelle. Wer für diese selbst bürgt, muss unter denen des Systems oder unter tls.trust sein.",
    ),
    (
        "The name for discovery by DNS: _service._tcp.domain for SRV records, else host or host:port for addresses, as a headless service of Kubernetes has them. Replaces Hazelcast's service-dns.",
        "Der Name für die Suche durch DNS: _service._tcp.domain für SRV-Einträge, sonst Host oder Host:Port für Adressen, wie sie ein Headless Service von Kubernetes hat. Ersetzt service-dns von Hazelcast.",
    ),
    (
        "The name of the key that binds the account to one that the authority knows already (external account binding). Empty: it is not bound.",
        "Der Name des Schlüssels, der das Konto an eines bindet, das die Zertifizierungsstelle schon kennt (external account binding). Leer: Es wird nicht gebunden.",
    ),
    (
        "The oldest version of TLS that is accepted.",
        "Die älteste Version von TLS, die angenommen wird.",
    ),
    (
        "This machine's address in the network for multicast; 0.0.0.0 leaves the choice to the system. Machines differ: set it with --node. Replaces Hazelcast's interfaces.",
        "Adresse dieser Maschine im Netz für Multicast; 0.0.0.0 überlässt dem System die Wahl. Maschinen unterscheiden sich: Setzen Sie sie mit --node. Ersetzt interfaces von Hazelcast.",
    ),
    (
        "Tries at authentication on one stream.",
        "Anmeldeversuche auf einem Stream.",
    ),
    (
        "What happens to a message that no session of its account takes. store-or-bounce and store-or-drop say what becomes of those beyond the quota; always knows no quota.",
        "Was mit einer Nachricht geschieht, die keine Sitzung ihres Kontos annimmt. store-or-bounce und store-or-drop sagen, was aus denen jenseits der Grenze wird; always kennt keine Grenze.",
    ),
    (
        "When a resource is taken: how often a newcomer is refused before the old session is closed. 0 closes it at once, -1 never.",
        "Wenn eine Ressource vergeben ist: Wie oft ein Neuer abgewiesen wird, bevor die alte Sitzung geschlossen wird. 0 schließt sie sofort, -1 nie.",
    ),
    (
        "Where other servers are, for static discovery: host or host:port; without a port the first three from 5701 on are tried. Replaces Hazelcast's tcp-ip members.",
        "Wo andere Server sind, für die Suche an aufgezählten Orten: Host oder Host:Port; ohne Port werden die ersten drei ab 5701 versucht. Ersetzt die tcp-ip-Mitglieder von Hazelcast.",
    ),
    (
        "Where the authority writes to, by mail, if something is wrong. Empty: nowhere.",
        "Wohin die Zertifizierungsstelle per Mail schreibt, wenn etwas nicht stimmt. Leer: nirgendwohin.",
    ),
    (
        "Where this server says how it is (XEP-0157).",
        "Wo dieser Server sagt, wie es ihm geht (XEP-0157).",
    ),
    ("Where to buy (XEP-0157).", "Wo zu kaufen ist (XEP-0157)."),
    ("Where to get help (XEP-0157).", "Wo Hilfe zu bekommen ist (XEP-0157)."),
    (
        "Where to reach the administrators (XEP-0157).",
        "Wo die Verwalter zu erreichen sind (XEP-0157).",
    ),
    (
        "Where to report abuse (XEP-0157).",
        "Wo Missbrauch zu melden ist (XEP-0157).",
    ),
    (
        "Where to report weaknesses (XEP-0157).",
        "Wo Schwachstellen zu melden sind (XEP-0157).",
    ),
    (
        "Where to tell what one thinks of this server (XEP-0157).",
        "Wo zu sagen ist, was man von diesem Server hält (XEP-0157).",
    ),
    (
        "Whether PLAIN is offered, inside TLS. Where every client has SCRAM, better not.",
        "Ob PLAIN angeboten wird, innerhalb von TLS. Wo jeder Client SCRAM hat, besser nicht.",
    ),
    (
        "Whether SCRAM-SHA-1 is offered, for clients that have no SHA-256.",
        "Ob SCRAM-SHA-1 angeboten wird, für Clients ohne SHA-256.",
    ),
    (
        "Whether a client's stream must be encrypted before anything else.",
        "Ob der Stream eines Clients vor allem anderen verschlüsselt sein muss.",
    ),
    (
        "Whether a refused connection proves that a server has died, so that others need not wait until it cannot act any more. Not in networks whose firewalls refuse for hosts that do not answer.",
        "Ob eine abgelehnte Verbindung beweist, dass ein Server gestorben ist, sodass andere nicht warten müssen, bis er nicht mehr handeln kann. Nicht in Netzen, deren Firewalls für Hosts ablehnen, die nicht antworten.",
    ),
    (
        "Whether accounts may change their password themselves (XEP-0077).",
        "Ob Konten ihr Passwort selbst ändern dürfen (XEP-0077).",
    ),
    (
        "Whether accounts may remove themselves (XEP-0077).",
        "Ob Konten sich selbst löschen dürfen (XEP-0077).",
    ),
    (
        "Whether certificates are ordered at an authority (RFC 8555) and renewed when a third of their time is left. Turn it on from the certificates page or by hearth certificate acme on: nothing is ordered before somebody has agreed to the authority's terms.",
        "Ob Zertifikate bei einer Zertifizierungsstelle bestellt (RFC 8555) und erneuert werden, wenn noch ein Drittel ihrer Zeit übrig ist. Schalten Sie es auf der Seite der Zertifikate ein oder mit hearth certificate acme on: Nichts wird bestellt, bevor jemand den Bedingungen zugestimmt hat.",
    ),
    (
        "Whether clients may exchange their password for a token (XEP-0484).",
        "Ob Clients ihr Passwort gegen ein Token tauschen dürfen (XEP-0484).",
    ),
    (
        "Whether clients may log in by a certificate that names their account.",
        "Ob Clients sich mit einem Zertifikat anmelden dürfen, das ihr Konto nennt.",
    ),
    (
        "Whether every administrator needs a second factor at the console. Who has none sets one up at the next page.",
        "Ob jeder Verwalter an der Konsole einen zweiten Faktor braucht. Wer keinen hat, richtet ihn auf der nächsten Seite ein.",
    ),
    (
        "Whether no account is made whose name looks like that of another of its host (UTS #39), as with a letter of another alphabet. Administrators can say that they mean it.",
        "Ob kein Konto angelegt wird, dessen Name wie der eines anderen seines Hosts aussieht (UTS #39), etwa durch einen Buchstaben eines anderen Alphabets. Verwalter können sagen, dass sie es so meinen.",
    ),
    (
        "Whether strangers may make accounts (XEP-0077).",
        "Ob Fremde Konten anlegen dürfen (XEP-0077).",
    ),
    (
        "Whether the server tells its version beside its name (XEP-0092).",
        "Ob der Server neben seinem Namen seine Version sagt (XEP-0092).",
    ),
    (
        "Whether the servers that share the database are one cluster; set once, for all of them. It needs PostgreSQL or MariaDB. Replaces Openfire's clustering.enabled, which had to be set on each server.",
        "Ob die Server, die sich die Datenbank teilen, ein Cluster sind; einmal für alle gesetzt. Es braucht PostgreSQL oder MariaDB. Ersetzt clustering.enabled von Openfire, das auf jedem Server zu setzen war.",
    ),
    (
        "Who sees an account's vCard. With everybody, a stranger can tell an account that has one from one that does not exist.",
        "Wer die vCard eines Kontos sieht. Bei everybody kann ein Fremder ein Konto, das eine hat, von einem unterscheiden, das es nicht gibt.",
    ),
];
