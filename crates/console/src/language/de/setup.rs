//! Set-up, login and the first steps.

pub(super) const TEXTS: &[(&str, &str)] = &[
    (
        "<a href='/me/second-factor'>Set up a second factor for your own</a>, or go <a href='/'>to the overview</a>.",
        "<a href='/me/second-factor'>Richten Sie für Ihres einen zweiten Faktor ein</a>, oder gehen Sie <a href='/'>zur Übersicht</a>.",
    ),
    (
        "A name or an address, with :port where it is not the usual one; or the whole address, as postgres://…",
        "Ein Name oder eine Adresse, mit :Port, wo er nicht der übliche ist; oder die ganze Adresse: postgres://…",
    ),
    (
        "Any XMPP client will do: Gajim, Dino or Profanity on a computer, Conversations or Monal on a phone.",
        "Jeder XMPP-Client genügt: Gajim, Dino oder Profanity auf einem Computer, Conversations oder Monal auf einem Telefon.",
    ),
    ("Back", "Zurück"),
    ("Begin again", "Von vorn beginnen"),
    ("Check it", "Prüfen"),
    (
        "Clustering, several servers that stand in for each other, needs one PostgreSQL or MariaDB (MySQL) that all of them reach. SQLite is for one server alone.",
        "Ein Cluster, also mehrere Server, die füreinander einspringen, braucht ein PostgreSQL oder MariaDB (MySQL), das alle erreichen. SQLite ist für einen Server allein.",
    ),
    ("Connect a client", "Einen Client verbinden"),
    (
        "For a first look localhost will do: clients on this machine can chat at once.",
        "Für einen ersten Blick genügt localhost: Clients auf diesem Rechner können sofort chatten.",
    ),
    ("In use now: {0}", "Jetzt in Gebrauch: {0}"),
    (
        "Its certificate is self-signed: a client asks once whether to trust it. For others than yourself, get one from an authority (tls.certificate and tls.key).",
        "Das Zertifikat ist selbstsigniert: Ein Client fragt einmal, ob er ihm trauen soll. Für andere als Sie selbst besorgen Sie eines von einer Zertifizierungsstelle (tls.certificate und tls.key).",
    ),
    ("Log in", "Anmelden"),
    ("Make another account", "Weiteres Konto anlegen"),
    ("Make the administrator", "Verwalter anlegen"),
    ("Name of the database", "Name der Datenbank"),
    (
        "None of this keeps you from going on; it can be mended later.",
        "Nichts davon hindert Sie weiterzugehen; es lässt sich später beheben.",
    ),
    ("Not logged in: {0}.", "Nicht angemeldet: {0}."),
    ("One more step", "Noch ein Schritt"),
    ("One thing to do by hand", "Eines von Hand"),
    (
        "SQLite needs nothing: it is a file in the data directory, and enough for thousands of people.",
        "SQLite braucht nichts: eine Datei im Datenverzeichnis, genug für Tausende.",
    ),
    ("Set up##noun", "Einrichten"),
    ("Somebody to chat with", "Jemand zum Chatten"),
    ("Step {0} of {1}", "Schritt {0} von {1}"),
    (
        "The configuration decides this one: {0}",
        "Das legt die Konfiguration fest: {0}",
    ),
    (
        "The configuration file could not be written. Add these lines at its beginning:",
        "Die Konfigurationsdatei ließ sich nicht schreiben. Fügen Sie an ihrem Anfang diese Zeilen ein:",
    ),
    (
        "The first administrator: an account like any other, with which you can also chat, and which may do everything here.",
        "Der erste Verwalter: ein Konto wie jedes andere, mit dem Sie auch chatten können und das hier alles darf.",
    ),
    ("The one in use", "Die jetzige"),
    (
        "The part after the @ in everybody's address. It cannot be changed later without new addresses for all.",
        "Der Teil nach dem @ in allen Adressen. Später lässt er sich nur ändern, indem alle neue Adressen bekommen.",
    ),
    (
        "The server is set up. Welcome.",
        "Der Server ist eingerichtet. Willkommen.",
    ),
    ("The server starts anew", "Der Server startet neu"),
    (
        "The server's terminal shows it, behind “token:”.",
        "Das Terminal des Servers zeigt es, hinter „token:“.",
    ),
    (
        "The six digits that your app shows for Hearth, or a recovery code.",
        "Die sechs Ziffern, die Ihre App für Hearth zeigt, oder ein Wiederherstellungscode.",
    ),
    (
        "Then start the server anew, and open this page again; its terminal shows another token.",
        "Starten Sie dann den Server neu und öffnen Sie diese Seite wieder; sein Terminal zeigt ein anderes Token.",
    ),
    (
        "This server listens for clients on its own machine alone. For others, have it listen on an address that they reach: c2s.listen and c2s.tls_listen in the configuration file.",
        "Dieser Server lauscht nur auf seiner eigenen Maschine auf Clients. Lassen Sie ihn für andere an einer Adresse lauschen, die sie erreichen: c2s.listen und c2s.tls_listen in der Konfigurationsdatei.",
    ),
    (
        "This server runs and has no administrator yet. Four steps, and people can chat: domain, database, your account, done. Whatever you choose here can be configured without it as well.",
        "Dieser Server läuft und hat noch keinen Verwalter. Vier Schritte, und man kann chatten: Domain, Datenbank, Ihr Konto, fertig. Alles, was Sie hier wählen, lässt sich auch ohne diese Seiten einstellen.",
    ),
    ("Token", "Token"),
    ("Try it", "Ausprobieren"),
    (
        "Two people make a chat. Make an account for the other one, and tell them its address and password.",
        "Zum Chatten gehören zwei. Legen Sie der anderen Person ein Konto an, und sagen Sie ihr Adresse und Passwort.",
    ),
    ("User", "Benutzer"),
    ("Welcome", "Willkommen"),
    ("What there is to know", "Was es zu wissen gibt"),
    (
        "With what you have chosen. This takes a few seconds; the page goes on by itself.",
        "Mit dem, was Sie gewählt haben. Das dauert ein paar Sekunden; die Seite geht von selbst weiter.",
    ),
    ("Your account", "Ihr Konto"),
    (
        "choose a name: the part of the address before the @",
        "wählen Sie einen Namen: den Teil der Adresse vor dem @",
    ),
    (
        "say on which server the database is, as in db.example.org or 192.0.2.7:5432",
        "geben Sie an, auf welchem Server die Datenbank ist, etwa db.example.org oder 192.0.2.7:5432",
    ),
    (
        "say the name of the database, and the user that it lets in",
        "geben Sie den Namen der Datenbank an und den Benutzer, den sie einlässt",
    ),
    ("the one that you have just chosen", "das eben gewählte"),
    (
        "this form was too old, or your browser keeps no cookies; try again",
        "dieses Formular war zu alt, oder Ihr Browser behält keine Cookies; versuchen Sie es noch einmal",
    ),
    (
        "this name looks like {0}, which is there already: choose another one",
        "dieser Name sieht aus wie {0}, das es schon gibt: Wählen Sie einen anderen",
    ),
    (
        "this whole address is of another kind of database than the one chosen above it",
        "diese ganze Adresse gehört zu einer anderen Art von Datenbank als der oben gewählten",
    ),
    (
        "{0}: choose another name, or give that account power on the server: hearth admin grant {1} --role owner",
        "{0}: Wählen Sie einen anderen Namen, oder geben Sie diesem Konto auf dem Server Rechte: hearth admin grant {1} --role owner",
    ),
];
