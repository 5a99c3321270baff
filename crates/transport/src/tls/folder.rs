//! The folder where certificates are kept that were made or put in here, one for each domain.
//!
//! | file | what |
//! |---|---|
//! | `<domain>.pem` | what was put in: key and chain in one file, so that nobody ever reads one without the other |
//! | `<domain>.shared` | the mark of the certificate of all servers that was put in last; what was put in since stays |
//! | `<domain>.previous.pem` | what it took the place of |
//! | `<domain>.crt`, `<domain>.key` | the self-signed one of the first start, so that clients which pinned it stay |
//! | `<domain>.csr`, `<domain>.csr.key` | a signing request that waits for its certificate, and its key |

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::certificates::ascii;
use super::details::CertificateDetails;
use super::making::{self, KeyKind, Made, Requester};
use super::pair::{CertificateError, Pair, PairFiles, parse_chain};

/// Certificates by domain, in one folder.
#[derive(Debug, Clone)]
pub struct CertificateFolder {
    path: PathBuf,
}

/// A signing request that waits for its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningRequest {
    /// The request, PEM.
    pub pem: String,
    /// When it was made.
    pub made_at: SystemTime,
}

/// How files are called in messages about what somebody sent.
const SENT_CHAIN: &str = "the chain";
const SENT_KEY: &str = "the key";

impl CertificateFolder {
    /// The folder; it is made when something is put into it.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The files for `domain`: what was put in, or a self-signed one, which is made if it is not there, not readable or
    /// out of date.
    pub fn ensure(&self, domain: &str) -> Result<PairFiles, CertificateError> {
        if let Some(files) = self.put_in(domain) {
            match files.read() {
                Ok(_) => return Ok(files),
                Err(error) => tracing::error!(target: "transport", %error, "a self-signed certificate takes its place"),
            }
        }
        let (name, files) = (ascii(domain), self.made(domain));
        let now = SystemTime::now();
        let good = files
            .read()
            .is_ok_and(|pair| pair.check_dates(now).is_ok() && pair.info().covers(&name));
        if !good {
            let Made { public, key } = making::self_signed(domain)?;
            self.write(&files.key, &key, 0o600)?;
            self.write(&files.chain, &public, 0o644)?;
        }
        Ok(files)
    }

    /// The files for `domain` that were put in; none where that never happened.
    #[must_use]
    pub fn put_in(&self, domain: &str) -> Option<PairFiles> {
        let file = self.file(domain, "pem");
        file.exists().then(|| PairFiles::new(&file, &file).of_host(domain))
    }

    /// Keeps a chain and its key for `domain`, in the place of what was put in before, which is kept beside it.
    pub fn put(&self, domain: &str, chain: &str, key: &str) -> Result<PairFiles, CertificateError> {
        let file = self.file(domain, "pem");
        let previous = self.file(domain, "previous.pem");
        let kept = match fs::copy(&file, &previous) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CertificateError::Write(previous, error)),
            _ => Ok(()),
        };
        kept?;
        let key = key_in(key).unwrap_or(key).trim();
        self.write(&file, &format!("{key}\n{}", certificates_in(chain)), 0o600)?;
        Ok(PairFiles::new(&file, &file).of_host(domain))
    }

    /// Keeps what all servers use for `domain`, and the mark by which it is known again, as [`CertificateFolder::put`] does.
    pub fn put_shared(&self, domain: &str, chain: &str, key: &str, mark: &str) -> Result<(), CertificateError> {
        let is_there = fs::read_to_string(self.file(domain, "pem"))
            .is_ok_and(|text| certificates_in(&text) == certificates_in(chain));
        if !is_there {
            self.put(domain, chain, key)?;
        }
        self.write(&self.file(domain, "shared"), mark, 0o600)
    }

    /// The mark of what all servers use that was kept last for `domain`.
    #[must_use]
    pub fn shared(&self, domain: &str) -> Option<String> {
        fs::read_to_string(self.file(domain, "shared")).ok()
    }

    /// Keeps a new self-signed certificate for `domain`, as [`CertificateFolder::put`] does.
    pub fn put_self_signed(&self, domain: &str) -> Result<PairFiles, CertificateError> {
        let Made { public, key } = making::self_signed(domain)?;
        self.put(domain, &public, &key)
    }

    /// Makes a request for a certificate for these domains, the first of which it is kept for. One that waits there
    /// already is given up.
    pub fn make_request(
        &self,
        domains: &[String],
        kind: KeyKind,
        who: &Requester,
    ) -> Result<SigningRequest, CertificateError> {
        let Some(domain) = domains.first() else {
            return Err(CertificateError::None);
        };
        let Made { public, key } = making::request(domains, kind, who)?;
        // A request without its key would be worth nothing; a key without its request harms nobody.
        self.write(&self.file(domain, "csr.key"), &key, 0o600)?;
        self.write(&self.file(domain, "csr"), &public, 0o644)?;
        Ok(SigningRequest {
            pem: public,
            made_at: SystemTime::now(),
        })
    }

    /// The request that waits for a certificate for `domain`.
    #[must_use]
    pub fn request(&self, domain: &str) -> Option<SigningRequest> {
        let file = self.file(domain, "csr");
        let pem = fs::read_to_string(&file).ok()?;
        let made_at = fs::metadata(&file).and_then(|metadata| metadata.modified()).ok()?;
        Some(SigningRequest { pem, made_at })
    }

    /// The keys a chain may belong to that comes without one: that of the request, and that in use.
    #[must_use]
    pub fn keys(&self, domain: &str) -> Vec<String> {
        let files = [
            self.file(domain, "csr.key"),
            self.file(domain, "pem"),
            self.made(domain).key,
        ];
        let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
        texts.filter_map(|text| key_in(&text).map(str::to_owned)).collect()
    }

    /// Gives up the request that waits for `domain`, where its key is this one.
    pub fn end_request(&self, domain: &str, key: &str) {
        let file = self.file(domain, "csr.key");
        if fs::read_to_string(&file).is_ok_and(|text| text.trim() == key.trim()) {
            // What stays behind is asked for again at most.
            let _ = fs::remove_file(self.file(domain, "csr"));
            let _ = fs::remove_file(file);
        }
    }

    fn made(&self, domain: &str) -> PairFiles {
        PairFiles::new(self.file(domain, "crt"), self.file(domain, "key")).of_host(domain)
    }

    fn file(&self, domain: &str, kind: &str) -> PathBuf {
        self.path.join(format!("{}.{kind}", file_stem(&ascii(domain))))
    }

    /// Writes beside the file and renames, so that nobody ever reads half of it.
    fn write(&self, file: &Path, text: &str, mode: u32) -> Result<(), CertificateError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)
            .map_err(|error| CertificateError::Write(self.path.clone(), error))?;
        let fresh = file.with_extension("new");
        let written = (|| {
            let mut out = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(mode)
                .open(&fresh)?;
            // The mode above is for a file that was not there.
            out.set_permissions(Permissions::from_mode(mode))?;
            out.write_all(text.as_bytes())?;
            out.sync_all()?;
            fs::rename(&fresh, file)
        })();
        written.map_err(|error| CertificateError::Write(file.to_owned(), error))
    }
}

/// A chain and a key that somebody sent, both PEM: found to belong together, or why not. Errors speak of "the chain" and
/// "the key".
pub fn parse_pair(chain: &str, key: &str) -> Result<Pair, CertificateError> {
    PairFiles::new(SENT_CHAIN, SENT_KEY).parse(chain.as_bytes(), key.as_bytes())
}

/// What stands in each certificate of a chain that somebody sent, PEM. Errors speak of "the chain".
pub fn read_chain(chain: &str) -> Result<Vec<CertificateDetails>, CertificateError> {
    let chain = parse_chain(Path::new(SENT_CHAIN), chain.as_bytes())?;
    let unreadable = |why| CertificateError::Unreadable(SENT_CHAIN.into(), why);
    chain
        .iter()
        .map(|certificate| CertificateDetails::of(certificate).map_err(unreadable))
        .collect()
}

/// The block with the key in a PEM text, which may hold other things too.
#[must_use]
pub fn key_in(text: &str) -> Option<&str> {
    const LABEL_END: &str = "PRIVATE KEY-----";
    let label = text.find(LABEL_END)?;
    let begin = text[..label].rfind("-----BEGIN")?;
    let end = label + LABEL_END.len();
    let end = end + text[end..].find(LABEL_END)? + LABEL_END.len();
    Some(&text[begin..end])
}

/// The blocks with certificates in a PEM text.
#[must_use]
pub fn certificates_in(mut text: &str) -> String {
    const END: &str = "-----END CERTIFICATE-----";
    let mut blocks = String::new();
    while let Some(begin) = text.find("-----BEGIN CERTIFICATE-----") {
        let Some(end) = text[begin..].find(END) else { break };
        let end = begin + end + END.len();
        blocks.push_str(&text[begin..end]);
        blocks.push('\n');
        text = &text[end..];
    }
    blocks
}

/// A domain as a file name: whatever a host name cannot hold becomes an underscore.
fn file_stem(name: &str) -> String {
    let stem: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    match stem.trim_matches('.') {
        "" => "nameless".to_owned(),
        stem => stem.to_owned(),
    }
}
