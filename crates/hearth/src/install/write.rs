//! Adds to the configuration file. What it says already stays, letter by letter.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use ops::{Value, Written};

use crate::config::{is_readable, written};

/// Puts the lines at the beginning, before any table; where the file cannot be written, or would not be TOML with them,
/// says which lines are missing.
pub(super) fn add(path: PathBuf, database: &str, domain: Option<&str>) -> Written {
    let lines = lines(database, domain);
    match add_lines(&path, &lines) {
        Ok(()) => Written::Done(path),
        Err(why) => Written::Not { path, why, lines },
    }
}

fn lines(database: &str, domain: Option<&str>) -> String {
    let mut lines = String::new();
    let pairs = [("domain", domain), ("database.url", Some(database))];
    for (key, value) in pairs.into_iter().filter_map(|(key, value)| Some((key, value?))) {
        lines.push_str(&format!("{key} = {}\n", written(&Value::Text(value.to_owned()))));
    }
    lines
}

fn add_lines(path: &Path, lines: &str) -> Result<(), String> {
    let before = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("it cannot be read: {error}")),
    };
    let text = format!("# Chosen when the server was set up.\n{lines}\n{before}");
    if !is_readable(&text) {
        return Err("it has a part [database] already: the address goes there, as url = …".to_owned());
    }
    replace(path, &text).map_err(|error| format!("it cannot be written: {error}"))
}

/// In one step, and for nobody else's eyes: there is a password in it.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file = tempfile_in(directory.unwrap_or(Path::new(".")))?;
    let written = file.1.write_all(text.as_bytes()).and_then(|()| file.1.sync_all());
    let replaced = written.and_then(|()| fs::rename(&file.0, path));
    if replaced.is_err() {
        let _ = fs::remove_file(&file.0);
    }
    replaced
}

fn tempfile_in(directory: &Path) -> io::Result<(PathBuf, fs::File)> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = directory.join(format!(".hearth.toml.{}", std::process::id()));
    let file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)?;
    Ok((path, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: Option<&str>, expected: Result<&str, &str>) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("hearth.toml");
        if let Some(text) = before {
            fs::write(&path, text).expect("it is written");
        }
        let written = add(path.clone(), "postgres://h:p\"w@db/hearth", Some("chat.example.org"));
        let after = fs::read_to_string(&path).unwrap_or_default();
        match (written, expected) {
            (Written::Done(_), Ok(end)) => {
                assert!(
                    after.contains("domain = \"chat.example.org\"\ndatabase.url = \"postgres://h:p\\\"w@db/hearth\"\n")
                );
                assert!(after.ends_with(end) && is_readable(&after), "{after}");
            }
            (Written::Not { why, lines, .. }, Err(words)) => {
                assert!(why.contains(words) && lines.starts_with("domain = "), "{why}");
                assert_eq!(after, before.unwrap_or_default(), "it is as it was");
            }
            (written, expected) => panic!("{written:?}, not {expected:?}"),
        }
    }

    #[test]
    fn what_the_file_says_stays() {
        check(None, Ok("\n"));
        check(
            Some("data_dir = \"x\"\n[c2s]\nlisten = []\n"),
            Ok("data_dir = \"x\"\n[c2s]\nlisten = []\n"),
        );
        check(Some("[database]\nmax_connections = 5\n"), Err("[database]"));
        check(Some("domain = \"a\"\n"), Err(""));
    }
}
