//! `hearth config sample`: a file that says what there is to configure, and changes nothing.

use std::fmt::Write;

use super::{
    Config,
    keys::{KEYS, Key},
    layers::written,
};

const HEAD: &str = "\
# The configuration of Hearth: what the server must know before it has its database.
# Lines that begin with # and a name show the default. The same names work as flags (--c2s-listen)
# and as environment variables (HEARTH_C2S__LISTEN); a flag wins over the environment, the
# environment over this file. `hearth config show` prints what holds and where it came from.
";

const TAIL: &str = "
# System properties live in the database and change while the server runs: `hearth property list`
# shows them, `hearth property set` changes them. What stands here is pinned instead: it wins, and
# cannot be changed elsewhere.
[properties]
";

const WIDTH: usize = 100;

/// The sample file; `pin` is the line that shows how to pin a property.
pub(crate) fn sample(pin: &str) -> String {
    let mut text = HEAD.to_owned();
    let mut section = "";
    for key in KEYS {
        let (of, name) = key.setting.name.split_once('.').unwrap_or(("", key.setting.name));
        if of != section {
            section = of;
            let _ = write!(text, "\n[{section}]");
        }
        let _ = write!(text, "\n{}#{name} = {}\n", comment(key.setting.doc), value(key));
    }
    text.push_str(TAIL);
    let _ = writeln!(text, "#{pin}");
    text
}

fn value(key: &Key) -> String {
    key.example
        .map_or_else(|| written(&key.setting.get(&Config::default())), str::to_owned)
}

fn comment(doc: &str) -> String {
    let mut lines = vec![String::from("#")];
    for word in doc.split_whitespace() {
        if lines.last().is_some_and(|line| line.len() + 1 + word.len() > WIDTH) {
            lines.push(String::from("#"));
        }
        let line = lines.last_mut().expect("never empty");
        line.push(' ');
        line.push_str(word);
    }
    lines.join("\n") + "\n"
}
