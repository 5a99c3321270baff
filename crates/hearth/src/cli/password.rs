//! A password from the terminal, from standard input or from a file; never from an argument, where
//! every user of the machine could read it.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, IsTerminal, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use ops::Password;

use super::Failure;

/// Where the password comes from. Without any of these it is asked for on the terminal.
#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
pub(crate) struct PasswordSource {
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Read the password from the first line of this file.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// Far above any password.
const BYTES_MAX: u64 = 4096;

impl PasswordSource {
    pub(crate) fn read(&self, address: &str) -> Result<Password, Failure> {
        let password = match (&self.password_file, self.password_stdin) {
            (Some(path), _) => from_file(path)?,
            (None, true) => first_line(io::stdin().lock()).map_err(unreadable)?,
            (None, false) => from_terminal(address)?,
        };
        match password.is_empty() {
            true => Err(Failure::Usage("the password is empty".to_owned())),
            false => Ok(Password::new(password)),
        }
    }
}

fn from_file(path: &Path) -> Result<String, Failure> {
    let unreadable = |error: io::Error| Failure::Usage(format!("{} cannot be read: {error}", path.display()));
    first_line(BufReader::new(File::open(path).map_err(unreadable)?)).map_err(unreadable)
}

fn first_line(from: impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    from.take(BYTES_MAX).read_line(&mut line)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

fn unreadable<E: fmt::Display>(error: E) -> Failure {
    Failure::Usage(format!("the password cannot be read: {error}"))
}

fn from_terminal(address: &str) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        let hint = "there is no terminal to ask for the password: give --password-stdin or --password-file";
        return Err(Failure::Usage(hint.to_owned()));
    }
    let terminal = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .map_err(unreadable)?;
    let password = asked(&terminal, &format!("Password for {address}: ")).map_err(unreadable)?;
    match asked(&terminal, "Once more: ").map_err(unreadable)? == password {
        true => Ok(password),
        false => Err(Failure::Usage("the two are not the same".to_owned())),
    }
}

fn asked(mut terminal: &File, question: &str) -> io::Result<String> {
    write!(terminal, "{question}")?;
    let _quiet = Quiet::on(terminal)?;
    let line = first_line(BufReader::new(terminal));
    writeln!(terminal)?;
    line
}

/// The terminal shows nothing of what is typed, until this is dropped.
struct Quiet<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Quiet<'a> {
    fn on(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut quiet = before.clone();
        quiet.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(terminal, SetArg::TCSAFLUSH, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, SetArg::TCSAFLUSH, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn a_password_is_the_first_line_without_its_end() {
        for (bytes, expected) in [
            ("secret\n", "secret"),
            ("secret", "secret"),
            ("secret\r\nmore\n", "secret"),
            (" with spaces \n", " with spaces "),
            ("", ""),
        ] {
            assert_eq!(
                first_line(bytes.as_bytes()).ok().as_deref(),
                Some(expected),
                "{bytes:?}"
            );
        }
    }
}
