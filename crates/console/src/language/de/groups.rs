//! Groups.

pub(super) const TEXTS: &[(&str, &str)] = &[
    (
        "Accounts of {0}, one a line, with or without the host",
        "Konten von {0}, eines je Zeile, mit oder ohne den Host",
    ),
    ("Add", "Hinzufügen"),
    ("Add members", "Mitglieder hinzufügen"),
    ("Administrator", "Zum Verwalter machen"),
    ("Administrator: {0}", "Zum Verwalter machen: {0}"),
    (
        "An administrator of the group adds and removes its members, by commands in a chat client (XEP-0050); it has no other power over the server.",
        "Ein Verwalter der Gruppe fügt ihre Mitglieder hinzu und entfernt sie, durch Befehle in einem Chat-Client (XEP-0050); andere Rechte über den Server hat er nicht.",
    ),
    ("As##a name", "Als"),
    ("Chosen groups, one a line", "Ausgewählte Gruppen, eine je Zeile"),
    ("Delete a group", "Gruppe löschen"),
    ("Delete the group", "Die Gruppe löschen"),
    ("Delete this group…", "Diese Gruppe löschen…"),
    ("Description, for operators", "Beschreibung, für Verwalter"),
    ("Group", "Gruppe"),
    ("Groups of {0}", "Gruppen von {0}"),
    ("In the rosters of", "In den Kontaktlisten von"),
    ("Line {0}, <code>{1}</code>: {2}", "Zeile {0}, <code>{1}</code>: {2}"),
    ("Make the group", "Gruppe anlegen"),
    ("Member only", "Nur Mitglied"),
    ("Member only: {0}", "Nur Mitglied: {0}"),
    ("Name in rosters", "Name in Kontaktlisten"),
    ("Name or description has", "Name oder Beschreibung enthält"),
    ("New group", "Neue Gruppe"),
    ("No group here matches that.", "Keine Gruppe passt dazu."),
    ("No member matches that.", "Kein Mitglied passt dazu."),
    ("Nobody is in this group yet.", "In dieser Gruppe ist noch niemand."),
    (
        "Show its members in the rosters of",
        "Ihre Mitglieder in den Kontaktlisten zeigen von",
    ),
    (
        "The heading under which contacts stand. Left empty, it is the group’s name.",
        "Die Überschrift, unter der die Kontakte stehen. Bleibt sie leer, ist es der Name der Gruppe.",
    ),
    (
        "There are no groups here yet. A group that is shown in rosters puts its members there by itself.",
        "Hier gibt es noch keine Gruppen. Eine Gruppe, die in Kontaktlisten gezeigt wird, trägt ihre Mitglieder dort von selbst ein.",
    ),
    (
        "These lines name nobody who could be a member:",
        "Diese Zeilen nennen niemanden, der Mitglied sein könnte:",
    ),
    (
        "This deletes the group <strong>{1}</strong>. Its {0} member keeps the account; who stood in a roster only by this group is gone from it at once.|This deletes the group <strong>{1}</strong>. Its {0} members keep their accounts; who stood in a roster only by this group is gone from it at once.",
        "Das löscht die Gruppe <strong>{1}</strong>. Ihr {0} Mitglied behält das Konto; wer nur durch diese Gruppe in einer Kontaktliste stand, verschwindet sofort daraus.|Das löscht die Gruppe <strong>{1}</strong>. Ihre {0} Mitglieder behalten ihre Konten; wer nur durch diese Gruppe in einer Kontaktliste stand, verschwindet sofort daraus.",
    ),
    (
        "Type the group’s name to confirm",
        "Geben Sie zur Bestätigung den Namen der Gruppe ein",
    ),
    ("administrator", "Verwalter"),
    ("everybody of the host", "alle des Hosts"),
    ("its members", "ihre Mitglieder"),
    (
        "its members and chosen groups",
        "ihre Mitglieder und ausgewählte Gruppen",
    ),
    ("its members and {0}", "ihre Mitglieder und {0}"),
    ("member", "Mitglied"),
    ("nobody", "niemand"),
    (
        "{0} added, {1} members already.",
        "{0} hinzugefügt, {1} waren schon Mitglied.",
    ),
];
