//! What a look at names, ports, certificates and databases finds.

pub(super) const TEXTS: &[(&str, &str)] = &[
    ("DNS", "DNS"),
    (
        "a self-signed one for {domain}, in {}, {when}",
        "ein selbstsigniertes für {0}, in {1}, {2!}",
    ),
    (
        "add one, or an SRV record that names this server",
        "fügen Sie eine hinzu oder einen SRV-Eintrag, der diesen Server nennt",
    ),
    ("add {record}", "fügen Sie hinzu: {0}"),
    ("certificate", "Zertifikat"),
    (
        "certificates are ordered (acme.enabled), and acme.listen is empty: no authority is answered here",
        "Zertifikate werden bestellt (acme.enabled), und acme.listen ist leer: Keiner Zertifizierungsstelle wird hier geantwortet",
    ),
    ("change {key}", "ändern Sie {0}"),
    ("check /etc/resolv.conf", "prüfen Sie /etc/resolv.conf"),
    (
        "check database.url, and whether the database runs",
        "prüfen Sie database.url, und ob die Datenbank läuft",
    ),
    (
        "check the address, and what lies between here and there",
        "prüfen Sie die Adresse, und was zwischen hier und dort liegt",
    ),
    (
        "check the address, whether the database runs there, and whether it listens for other machines",
        "prüfen Sie die Adresse, ob die Datenbank dort läuft und ob sie auf andere Maschinen lauscht",
    ),
    ("check this machine's clock", "prüfen Sie die Uhr dieser Maschine"),
    (
        "check this machine's name servers (/etc/resolv.conf)",
        "prüfen Sie die Nameserver dieser Maschine (/etc/resolv.conf)",
    ),
    (
        "check tls.certificate and tls.key",
        "prüfen Sie tls.certificate und tls.key",
    ),
    (
        "clients elsewhere need a public domain",
        "Clients anderswo brauchen eine öffentliche Domain",
    ),
    (
        "clients of other machines are not listened for: c2s.listen is on this machine alone",
        "auf Clients anderer Maschinen wird nicht gelauscht: c2s.listen ist nur auf dieser Maschine",
    ),
    (
        "clients will ask whether to trust it",
        "Clients werden fragen, ob sie ihm trauen sollen",
    ),
    ("database", "Datenbank"),
    (
        "for others than yourself, get one from an authority: hearth certificate acme on, or csr and import, or tls.certificate and tls.key",
        "für andere als Sie selbst besorgen Sie eines von einer Zertifizierungsstelle: hearth certificate acme on, oder csr und import, oder tls.certificate und tls.key",
    ),
    (
        "get one that names all hosts",
        "besorgen Sie eines, das alle Hosts nennt",
    ),
    ("hosts", "Hosts"),
    (
        "hosts are taken from the configuration at the first start only",
        "Hosts werden nur beim ersten Start aus der Konfiguration übernommen",
    ),
    ("is used", "wird benutzt"),
    (
        "keep it on 127.0.0.1, or see that only your monitoring gets there",
        "lassen Sie es auf 127.0.0.1, oder sorgen Sie dafür, dass nur Ihre Überwachung dorthin kommt",
    ),
    (
        "make a copy of the database before the start, to be able to go back",
        "legen Sie vor dem Start eine Kopie der Datenbank an, um zurückgehen zu können",
    ),
    (
        "name the primary database in database.url, not a standby, and a user who may change its tables",
        "nennen Sie in database.url die primäre Datenbank, keinen Standby, und einen Benutzer, der ihre Tabellen ändern darf",
    ),
    (
        "names cannot be looked up here: {error}",
        "Namen lassen sich hier nicht nachschlagen: {0}",
    ),
    (
        "none of these is a port that this server listens on",
        "keiner davon ist ein Port, auf dem dieser Server lauscht",
    ),
    ("nothing answers at {place}: {why}", "an {0} antwortet nichts: {1}"),
    (
        "open the port in the firewall, or forward it; some routers let nobody in from within",
        "öffnen Sie den Port in der Firewall, oder leiten Sie ihn weiter; manche Router lassen von innen niemanden herein",
    ),
    ("port", "Port"),
    (
        "ports below 1024 need a privilege: CAP_NET_BIND_SERVICE",
        "Ports unter 1024 brauchen ein Recht: CAP_NET_BIND_SERVICE",
    ),
    (
        "put it in again (hearth certificate import)",
        "spielen Sie es noch einmal ein (hearth certificate import)",
    ),
    ("renew it", "erneuern Sie es"),
    ("renew it soon", "erneuern Sie es bald"),
    ("run the newer program", "benutzen Sie das neuere Programm"),
    ("secrets", "Geheimnisse"),
    (
        "see the certificates page, or hearth certificate acme status",
        "siehe die Seite der Zertifikate, oder hearth certificate acme status",
    ),
    (
        "see the log of the running server",
        "sehen Sie im Log des laufenden Servers nach",
    ),
    (
        "set acme.listen = [\"0.0.0.0:80\"], or have another server that shares the database do so",
        "setzen Sie acme.listen = [\"0.0.0.0:80\"], oder lassen Sie es einen anderen Server an derselben Datenbank tun",
    ),
    (
        "set c2s.listen = \"[::]:{port}\" in the configuration file",
        "setzen Sie c2s.listen = \"[::]:{0}\" in der Konfigurationsdatei",
    ),
    (
        "stop the program that listens there, or change {key}",
        "beenden Sie das Programm, das dort lauscht, oder ändern Sie {0}",
    ),
    (
        "the configuration names {}, the database has {}",
        "die Konfiguration nennt {0}, die Datenbank hat {1}",
    ),
    (
        "the key in {} opens what is encrypted; keep a copy of it",
        "der Schlüssel in {0} öffnet, was verschlüsselt ist; bewahren Sie eine Kopie auf",
    ),
    (
        "this machine has no such address: change {key}",
        "diese Maschine hat keine solche Adresse: Ändern Sie {0}",
    ),
    (
        "until then the defaults hold, and nobody gets in with a second factor but by a recovery code",
        "bis dahin gelten die Vorgaben, und mit einem zweiten Faktor kommt nur herein, wer einen Wiederherstellungscode hat",
    ),
    ("will be made at the first start", "wird beim ersten Start erzeugt"),
    (
        "{address} (admin.listen) can be reached from other machines",
        "{0} (admin.listen) ist von anderen Maschinen erreichbar",
    ),
    (
        "{address} ({key}) cannot be listened on: {error}",
        "auf {0} ({1}) lässt sich nicht lauschen: {2}",
    ),
    ("{address} ({key}) is free", "{0} ({1}) ist frei"),
    (
        "{address} ({key}): this server listens there",
        "{0} ({1}): Dort lauscht dieser Server",
    ),
    (
        "{domain} has neither a record {} nor an address with port {default_port}",
        "{0} hat weder einen Eintrag {1} noch eine Adresse mit Port {2}",
    ),
    (
        "{domain} has no address (A, AAAA) that this machine can find out",
        "{0} hat keine Adresse (A, AAAA), die diese Maschine herausfinden kann",
    ),
    (
        "{domain} has no record {}, but an address: clients use that",
        "{0} hat keinen Eintrag {1}, aber eine Adresse: Clients benutzen diese",
    ),
    (
        "{domain} has no record {}: clients will not use direct TLS",
        "{0} hat keinen Eintrag {1}: Clients werden kein direktes TLS benutzen",
    ),
    (
        "{domain} is a name that only this machine or network knows",
        "{0} ist ein Name, den nur diese Maschine oder dieses Netz kennt",
    ),
    (
        "{domain} is {address}, and port {port} answers there",
        "{0} ist {1}, und dort antwortet Port {2}",
    ),
    (
        "{domain} is {address}, and port {port} does not answer there when asked from here",
        "{0} ist {1}, und Port {2} antwortet dort nicht, wenn von hier gefragt wird",
    ),
    ("{domain}: no answer for {} s", "{0}: seit {1} s keine Antwort"),
    ("{file} is for {domain}", "{0} gilt für {1}"),
    (
        "{file} is not for {domain}, only for {names}",
        "{0} gilt nicht für {1}, nur für {2}",
    ),
    ("{file} is not valid before {from}", "{0} gilt erst ab {1}"),
    ("{file} is valid until {until}", "{0} gilt bis {1}"),
    ("{file} ran out on {until}", "{0} ist am {1} abgelaufen"),
    ("{file} runs out on {until}", "{0} läuft am {1} ab"),
    ("{file} vouches for itself", "{0} bürgt für sich selbst"),
    (
        "{name} cannot be looked up: {error}",
        "{0} lässt sich nicht nachschlagen: {1}",
    ),
    ("{name} points to {}", "{0} zeigt auf {1}"),
    (
        "{shown} answers, but cannot be written to: {error}",
        "{0} antwortet, lässt sich aber nicht beschreiben: {1}",
    ),
    ("{shown} answers; accounts: {accounts}", "{0} antwortet; Konten: {1}"),
    (
        "{shown} answers; its tables are of version {found}, a start brings them to {known}",
        "{0} antwortet; die Tabellen haben Version {1}, ein Start bringt sie auf {2}",
    ),
    (
        "{shown} answers; the first start makes its tables",
        "{0} antwortet; der erste Start legt die Tabellen an",
    ),
    (
        "{shown} has not answered for {} s",
        "{0} hat {1} s lang nicht geantwortet",
    ),
    (
        "{} will be made at the first start",
        "{0} wird beim ersten Start erzeugt",
    ),
];
