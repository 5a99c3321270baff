//! profanity, a client for the terminal: two people type, and read what it shows them.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::stage::{JULIET_PASSWORD, ROMEO_PASSWORD, Security, Stage};
use crate::terminal::Terminal;

#[test]
fn by_starttls() -> Result<()> {
    check(Security::StartTls)
}

#[test]
fn by_direct_tls() -> Result<()> {
    check(Security::DirectTls)
}

fn check(security: Security) -> Result<()> {
    let stage = Stage::set(security)?;
    story(&stage).map_err(|error| stage.explain(error))
}

fn story(stage: &Stage) -> Result<()> {
    let mut romeo = Seat::take(stage, "romeo")?;
    let mut juliet = Seat::take(stage, "juliet")?;

    step("a wrong password is refused", || romeo.is_refused("not that one"))?;
    step("log in by SCRAM", || {
        juliet.log_in(JULIET_PASSWORD)?;
        romeo.log_in(ROMEO_PASSWORD)
    })?;
    step("add a contact", || {
        romeo.type_line("/roster add juliet@localhost Juliet")?;
        romeo.expect("Roster item added: juliet@localhost (Juliet)")?;
        romeo.type_line("/sub request juliet@localhost")?;
        juliet.expect("Received authorization request from romeo@localhost")
    })?;
    step("accept a contact", || accept_contact(&mut juliet, &mut romeo))?;
    step("presence comes and goes", || {
        let away = juliet.count("is away")?;
        romeo.type_line(r#"/status set away "at the balcony""#)?;
        juliet.expect_more("is away", away)?;
        juliet.expect("at the balcony")?;
        leave(&mut romeo, &mut juliet)?;
        come_back(&mut romeo, &mut juliet)
    })?;
    step("chat both ways", || {
        romeo.type_line("/msg juliet@localhost Shall I speak at this? 🌹 <&>")?;
        juliet.expect("<< chat message: romeo@localhost")?;
        juliet.type_line("/win 2")?;
        juliet.expect(": Shall I speak at this? 🌹 <&>")?;
        juliet.type_line("Ay me!")?;
        romeo.expect(": Ay me!")
    })?;
    step("an offline message arrives with its stamp", || {
        offline(&mut romeo, &mut juliet)
    })?;
    step("change the password", || change_password(&mut juliet))?;
    step("log out", || {
        juliet.leave()?;
        romeo.leave()
    })
}

fn step(name: &'static str, act: impl FnOnce() -> Result<()>) -> Result<()> {
    act().context(name)?;
    println!("ok: {name}");
    Ok(())
}

fn accept_contact(juliet: &mut Seat, romeo: &mut Seat) -> Result<()> {
    juliet.type_line("/sub allow romeo@localhost")?;
    romeo.expect("Subscription received from juliet@localhost")?;
    romeo.expect("++ Juliet (")?;
    juliet.type_line("/sub request romeo@localhost")?;
    romeo.expect("Received authorization request from juliet@localhost")?;
    romeo.type_line("/sub allow juliet@localhost")?;
    juliet.expect("Subscription received from romeo@localhost")?;
    juliet.expect("++ romeo@localhost (")?;
    romeo.expect_received(&[r#"subscription="both""#])?;
    romeo.type_line("/roster")?;
    romeo.expect("juliet@localhost (Juliet) - both")
}

fn leave(romeo: &mut Seat, juliet: &mut Seat) -> Result<()> {
    juliet.type_line("/win 1")?;
    juliet.expect("Profanity. Type /help")?;
    let left = juliet.count("-- romeo@localhost")?;
    romeo.type_line("/disconnect")?;
    romeo.expect("[offline]")?;
    juliet.expect_more("-- romeo@localhost", left)
}

fn come_back(romeo: &mut Seat, juliet: &mut Seat) -> Result<()> {
    let came = juliet.count("++ romeo@localhost")?;
    let seen = romeo.count("++ Juliet")?;
    romeo.log_in(ROMEO_PASSWORD)?;
    juliet.expect_more("++ romeo@localhost", came)?;
    romeo.expect_more("++ Juliet", seen)
}

fn offline(romeo: &mut Seat, juliet: &mut Seat) -> Result<()> {
    // Disconnecting closes his windows but the first.
    leave(romeo, juliet)?;
    juliet.type_line("/msg romeo@localhost Good night, good night!")?;
    juliet.expect("me: Good night, good night!")?;
    romeo.log_in(ROMEO_PASSWORD)?;
    romeo.expect("<< chat message: Juliet")?;
    romeo.type_line("/win 2")?;
    romeo.expect(": Good night, good night!")?;
    romeo.expect_received(&[
        "<message",
        "Good night, good night!",
        r#"xmlns="urn:xmpp:delay""#,
        "stamp=",
    ])
}

fn change_password(juliet: &mut Seat) -> Result<()> {
    let new_password = format!("new {JULIET_PASSWORD}");
    juliet.type_line("/win 1")?;
    juliet.type_line("/changepassword")?;
    juliet.answer("Enter password:", &new_password)?;
    juliet.answer("Confirm password:", &new_password)?;
    juliet.expect("Password successfully changed.")?;
    juliet.type_line("/disconnect")?;
    juliet.expect("[offline]")?;
    juliet.is_refused(JULIET_PASSWORD)?;
    juliet.log_in(&new_password)
}

/// One person at a terminal with profanity in it, and with profanity's files.
struct Seat {
    terminal: Terminal,
    /// What they type to connect.
    connect: String,
    security: Security,
    files: TempDir,
}

impl Seat {
    fn take(stage: &Stage, name: &str) -> Result<Self> {
        let files = tempfile::Builder::new().prefix("profanity.").tempdir()?;
        let configuration = files.path().join("profanity");
        fs::create_dir(&configuration)?;
        fs::write(configuration.join("profrc"), "[ui]\nsplash=false\n")?;
        // OpenSSL takes what it trusts from SSL_CERT_FILE.
        let certificate = stage.certificate()?;
        let environment = [
            ("XDG_CONFIG_HOME", files.path()),
            ("XDG_DATA_HOME", files.path()),
            ("SSL_CERT_FILE", certificate.as_path()),
        ];
        let terminal = Terminal::open(files.path(), "profanity --log DEBUG", &environment)?;
        let tls = match stage.security {
            Security::StartTls => "force",
            // Profanity's old word for it.
            Security::DirectTls => "legacy",
        };
        let address = stage.address();
        let server = format!("server {} port {} tls {tls}", address.ip(), address.port());
        let connect = format!("/connect {name}@localhost {server}");
        let mut seat = Self {
            terminal,
            connect,
            security: stage.security,
            files,
        };
        seat.expect("Debug mode enabled")?;
        seat.type_line("/roster hide")?;
        Ok(seat)
    }

    /// Logs in and insists on TLS of the asked kind and on SCRAM.
    fn log_in(&mut self, password: &str) -> Result<()> {
        let before = self.count("logged in successfully")?;
        self.type_line(&self.connect.clone())?;
        self.answer("Enter password:", password)?;
        self.expect_more("logged in successfully", before)?;
        self.expect("[TLS]")?;
        let log = self.log();
        let started_tls = log.contains("SENT: <starttls");
        ensure!(
            started_tls == (self.security == Security::StartTls),
            "connected by the other kind of TLS"
        );
        let auth = log
            .lines()
            .rfind(|line| line.contains("SENT: <auth"))
            .context("no authentication was logged")?;
        ensure!(auth.contains("SCRAM-"), "authenticated otherwise than by SCRAM: {auth}");
        Ok(())
    }

    /// Tries a password that is wrong: it says that the login failed, and not that the connection did.
    fn is_refused(&mut self, password: &str) -> Result<()> {
        let before = self.count("Login failed.")?;
        self.type_line(&self.connect.clone())?;
        self.answer("Enter password:", password)?;
        self.expect_more("Login failed.", before)?;
        self.expect_received(&["<failure", "<not-authorized"])
    }

    /// Ends profanity, and waits until it has written its files.
    fn leave(mut self) -> Result<()> {
        self.type_line("/quit")?;
        self.terminal.wait_for_end()
    }

    fn answer(&mut self, question: &str, answer: &str) -> Result<()> {
        self.expect(question)?;
        self.type_line(answer)
    }

    /// Waits until one stanza was received that holds all of this, by profanity's log.
    fn expect_received(&mut self, texts: &[&str]) -> Result<()> {
        let log = self.log_file();
        self.terminal.wait_until(&format!("a stanza with {texts:?}"), |_| {
            let log = fs::read_to_string(&log).unwrap_or_default();
            log.lines()
                .any(|line| line.contains("RECV: ") && texts.iter().all(|text| line.contains(text)))
        })
    }

    fn log_file(&self) -> PathBuf {
        self.files.path().join("profanity/logs/profanity.log")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn type_line(&mut self, line: &str) -> Result<()> {
        self.terminal.type_line(line)
    }

    fn expect(&mut self, text: &str) -> Result<()> {
        self.terminal.expect(text)
    }

    fn count(&mut self, text: &str) -> Result<usize> {
        self.terminal.count(text)
    }

    fn expect_more(&mut self, text: &str, before: usize) -> Result<()> {
        self.terminal.expect_more(text, before)
    }
}
