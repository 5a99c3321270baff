//! A certificate of our own making, for the first start: made once and kept, so that clients which pinned it stay.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256};

use super::certificates::ascii;
use super::pair::{CertificateError, PairFiles};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Ten years: nobody's trust depends on the date of a certificate that vouches for itself.
const LIFETIME: Duration = Duration::from_secs(3650 * 24 * 60 * 60);

/// The certificate for `domain` kept in `folder`; made if it is not there, not readable or out of date.
pub fn ensure_self_signed(folder: &Path, domain: &str) -> Result<PairFiles, CertificateError> {
    let name = ascii(domain);
    let stem = file_stem(&name);
    let files = PairFiles::new(folder.join(format!("{stem}.crt")), folder.join(format!("{stem}.key")));
    let now = SystemTime::now();
    let good = files
        .read()
        .is_ok_and(|pair| pair.check_dates(now).is_ok() && pair.info().covers(&name));
    if !good {
        make(folder, &name, &files)?;
    }
    Ok(files)
}

fn make(folder: &Path, name: &str, files: &PairFiles) -> Result<(), CertificateError> {
    let failed = |error: rcgen::Error| CertificateError::Making(name.to_owned(), error.to_string());
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
    let certificate = parameters(name).map_err(failed)?.self_signed(&key).map_err(failed)?;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| CertificateError::Write(folder.to_owned(), error))?;
    write(&files.key, &key.serialize_pem(), 0o600)?;
    write(&files.chain, &certificate.pem(), 0o644)
}

fn parameters(name: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(vec![name.to_owned()])?;
    let now = SystemTime::now();
    // A day back, for clients whose clock is behind.
    parameters.not_before = (now - DAY).into();
    parameters.not_after = (now + LIFETIME).into();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    Ok(parameters)
}

/// Writes beside the file and renames, so that nobody ever reads half of it.
fn write(file: &Path, text: &str, mode: u32) -> Result<(), CertificateError> {
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
