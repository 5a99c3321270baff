//! What set-up needs of the process that runs: what is configured, what can be looked at, and a new start.

use std::{path::PathBuf, pin::Pin};

/// The process, as set-up sees it.
pub trait Install: Send + Sync {
    /// What is configured, and what holds it fast.
    fn configured(&self) -> Configured;

    /// Looks at how a domain would do: names, ports, certificate.
    fn look_at_domain<'a>(&'a self, domain: &'a str) -> Looking<'a>;

    /// Tries a database, within a time.
    fn try_database<'a>(&'a self, url: &'a str) -> Looking<'a>;

    /// Writes into the configuration file what another database needs, where nothing there is overwritten by it.
    fn write(&self, database: &str, domain: &str) -> Written;

    /// Ends all that runs and starts anew, with the same token for set-up.
    fn restart(&self, token: &str);
}

/// Something is being looked at.
pub type Looking<'a> = Pin<Box<dyn Future<Output = Vec<Finding>> + Send + 'a>>;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `good`, `warn` or `bad`.
    pub mood: &'static str,
    /// What was looked at.
    pub subject: String,
    /// How it is.
    pub message: String,
    /// What to do.
    pub advice: Option<String>,
}

/// What is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configured {
    /// The database, without its password.
    pub database: String,
    /// What holds the database fast: a file and line, a variable, a flag.
    pub database_by: Option<String>,
    /// What holds the domains fast.
    pub domains_by: Option<String>,
}

/// What became of the configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It is written.
    Done(PathBuf),
    /// It is as it was: why, and the lines that are missing in it.
    Not {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
        /// What to add at its beginning.
        lines: String,
    },
}
