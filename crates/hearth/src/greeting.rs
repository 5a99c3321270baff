//! What a person at the terminal is told once the server runs.

use std::{
    env,
    fmt::Write as _,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    certificates::Origins,
    config::{Configuration, mask_url},
    listeners::Addresses,
};

/// What there is to tell.
pub(crate) struct Greeting<'a> {
    pub(crate) configuration: &'a Configuration,
    pub(crate) domains: &'a [String],
    pub(crate) addresses: &'a Addresses,
    pub(crate) has_accounts: bool,
    /// What the first administrator is asked for; none where there is one.
    pub(crate) setup_token: Option<&'a str>,
}

impl Greeting<'_> {
    /// Prints it. Nobody may be there to read it: that is no reason to stop.
    pub(crate) fn print(&self) {
        let _ = io::stdout().write_all(self.text().as_bytes());
    }

    fn text(&self) -> String {
        let domains = self.domains.join(", ");
        let mut text = format!("Hearth {} runs for {domains}.\n", env!("CARGO_PKG_VERSION"));
        for (what, value) in self.lines() {
            let _ = writeln!(text, "  {what:<13}{value}");
        }
        if let (Some(token), Some(console)) = (self.setup_token, self.console().first()) {
            let _ = write!(
                text,
                "\nSet this server up in a browser:\n  {console}/setup\n  token: {token}\n"
            );
        }
        if !self.has_accounts {
            let domain = self.domains.first().map_or("localhost", String::as_str);
            let command = self.command();
            let _ = write!(
                text,
                "\nMake the first account, in another terminal:\n  {command} account add alice@{domain}\n"
            );
        }
        text
    }

    /// Where the console is.
    fn console(&self) -> Vec<String> {
        let plain = self.addresses.admin.iter().filter(|address| address.ip().is_loopback());
        let plain = plain.map(|address| format!("http://{address}"));
        let encrypted = self.addresses.admin_tls.iter();
        plain
            .chain(encrypted.map(|address| format!("https://{address}")))
            .collect()
    }

    fn lines(&self) -> [(&'static str, String); 6] {
        let config = &self.configuration.config;
        let clients = [
            each(&self.addresses.c2s, "", " (STARTTLS)"),
            each(&self.addresses.c2s_tls, "", " (direct TLS)"),
        ];
        [
            ("clients", or_off(&clients.concat())),
            (
                "monitoring",
                or_off(&each(&self.addresses.admin, "http://", "/healthz, /readyz, /metrics")),
            ),
            ("console", or_off(&self.console())),
            ("data", config.data_dir.display().to_string()),
            ("database", mask_url(&config.database.url)),
            (
                "certificate",
                config
                    .tls
                    .certificate
                    .as_ref()
                    .map_or_else(|| self.kept_certificates(), |path| path.display().to_string()),
            ),
        ]
    }

    /// What there is to say of certificates that the configuration does not name.
    fn kept_certificates(&self) -> String {
        let origins = Origins::of(self.configuration);
        let (folder, place) = (origins.folder(), origins.folder.display());
        let mut domains = self.domains.iter();
        match domains.any(|domain| folder.put_in(domain).is_none()) {
            true => format!("self-signed, in {place}: clients will ask whether to trust it"),
            false => format!("in {place}, put in by an operator"),
        }
    }

    /// How this very program is called from here, with the options that lead to the same data.
    fn command(&self) -> String {
        let mut words = vec![program()];
        if let Some(file) = self
            .configuration
            .file
            .as_deref()
            .filter(|file| *file != Path::new(crate::config::DEFAULT_FILE))
        {
            words.push(format!("--config {}", file.display()));
        }
        for (name, text) in &self.configuration.flags {
            if ["data_dir", "database.url"].contains(name) {
                words.push(format!("--{} {}", name.replace(['.', '_'], "-"), quoted(text)));
            }
        }
        words.join(" ")
    }
}

fn each(addresses: &[std::net::SocketAddr], before: &str, after: &str) -> Vec<String> {
    addresses
        .iter()
        .map(|address| format!("{before}{address}{after}"))
        .collect()
}

fn or_off(addresses: &[String]) -> String {
    if addresses.is_empty() {
        "off".to_owned()
    } else {
        addresses.join(", ")
    }
}

/// The name alone where a shell finds it by that, else the path, short if possible.
fn program() -> String {
    let Ok(path) = env::current_exe() else {
        return "hearth".to_owned();
    };
    let is_in = |directory: PathBuf| path.file_name().is_some_and(|name| directory.join(name) == path);
    if env::var_os("PATH").is_some_and(|paths| env::split_paths(&paths).any(is_in)) {
        return "hearth".to_owned();
    }
    let here = env::current_dir().unwrap_or_default();
    match path.strip_prefix(&here) {
        Ok(relative) => quoted(&format!("./{}", relative.display())),
        Err(_) => quoted(&path.display().to_string()),
    }
}

/// For a shell.
fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:=@".contains(&byte);
    if text.bytes().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
