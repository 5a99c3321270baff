//! `hearth certificate`

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use ops::{HostCertificate, ImportWish, Installed, KeyWish, Mood, PEM_BYTES_MAX, Password, RequestWish};
use serde_json::json;

use super::{
    Failure, Output, Reach,
    acme::{self, AcmeCommand},
    output::time,
};
use crate::control::{Answer, Request};

#[derive(Debug, Subcommand)]
pub(crate) enum CertificateCommand {
    /// List what each host is served with, and what is to be done about it.
    List,
    /// Put a certificate from an authority in force, at once and under running connections.
    Import {
        /// The chain, PEM: the server's certificate first, after each the one that signed it.
        #[arg(long, value_name = "FILE")]
        chain: PathBuf,
        /// Its key, PEM; without it: that of the signing request that waits, or the one in use.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// The host that it is for; without it: every host that it names.
        #[arg(long)]
        host: Option<String>,
        /// At all servers of the cluster, also those that join later, not at this one alone.
        #[arg(long)]
        everywhere: bool,
    },
    /// Make a signing request for an authority, and print it; its key stays in the data directory.
    Csr(Csr),
    /// Certificates from an authority that come, and are renewed, by themselves (ACME).
    #[command(subcommand)]
    Acme(AcmeCommand),
    /// Forget certificates of all servers, and accounts at authorities, that nobody can read any more: the key for
    /// secrets is lost. What servers have in their files stays.
    ForgetUnreadable,
    /// Make a certificate that vouches for itself, and put it in force in the place of the present one.
    SelfSigned {
        /// The host that it is for.
        host: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Csr {
    /// The host that the certificate will be for.
    host: String,
    /// Another name that it should have, as *.example.org; may be given several times.
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// Kind of the key that is made for it.
    #[arg(long, value_enum, default_value = "ecdsa-p256")]
    key: KeyName,
    /// Organization.
    #[arg(long, default_value = "")]
    organization: String,
    /// Unit of the organization.
    #[arg(long, default_value = "")]
    unit: String,
    /// City.
    #[arg(long, default_value = "")]
    city: String,
    /// State or province.
    #[arg(long, default_value = "")]
    state: String,
    /// Country, in two capital letters.
    #[arg(long, default_value = "")]
    country: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KeyName {
    EcdsaP256,
    EcdsaP384,
    #[value(name = "rsa-3072")]
    Rsa3072,
}

pub(crate) async fn run(command: CertificateCommand, reach: &mut Reach, output: Output) -> Result<(), Failure> {
    let request = match command {
        CertificateCommand::List => Request::CertificateList,
        CertificateCommand::Import {
            chain,
            key,
            host,
            everywhere,
        } => Request::CertificateImport {
            wish: ImportWish {
                host,
                chain: read(&chain)?,
                key: key.map(|key| read(&key)).transpose()?.map(Password::new),
            },
            everywhere,
        },
        CertificateCommand::Acme(command) => return acme::run(command, reach, output).await,
        CertificateCommand::Csr(csr) => Request::CertificateAsk { wish: csr.wish() },
        CertificateCommand::ForgetUnreadable => Request::CertificateForgetUnreadable,
        CertificateCommand::SelfSigned { host } => Request::CertificateSelfSigned { host },
    };
    match reach.ask(request).await? {
        Answer::Certificates(hosts) => {
            output.table(&hosts, ["HOST", "STATE", "UNTIL", "KEY", "ISSUER", "SHA-256"], row);
            Ok(())
        }
        Answer::Document(pem) => {
            output.one(&json!({ "request": pem }), |_| pem.trim_end().to_owned());
            Ok(())
        }
        Answer::Installed(installed) => tell(&installed, output),
        Answer::Forgotten(count) => {
            output.one(&json!({ "forgotten": count }), |_| format!("forgotten: {count}"));
            Ok(())
        }
        other => Err(other.into()),
    }
}

impl Csr {
    fn wish(self) -> RequestWish {
        RequestWish {
            host: self.host,
            names: self.names,
            key: match self.key {
                KeyName::EcdsaP256 => KeyWish::EcdsaP256,
                KeyName::EcdsaP384 => KeyWish::EcdsaP384,
                KeyName::Rsa3072 => KeyWish::Rsa3072,
            },
            organization: self.organization,
            unit: self.unit,
            city: self.city,
            state: self.state,
            country: self.country,
        }
    }
}

/// The text of a file that is no longer than a chain can be.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let failed = |why: String| Failure::Act(format!("{} cannot be read: {why}", path.display()));
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let mut text = String::new();
    let most = PEM_BYTES_MAX as u64 + 1;
    file.take(most)
        .read_to_string(&mut text)
        .map_err(|error| failed(error.to_string()))?;
    Ok(text)
}

fn tell(installed: &Installed, output: Output) -> Result<(), Failure> {
    output.one(installed, |installed| {
        format!("in force for {}: {}", installed.hosts.join(", "), installed.fingerprint)
    });
    if installed.failed.is_empty() {
        return Ok(());
    }
    let why = installed
        .failed
        .iter()
        .map(|(node, why)| format!("not at server {node}: {why}"));
    Err(Failure::Act(why.collect::<Vec<_>>().join("\n")))
}

fn row(host: &HostCertificate) -> [String; 6] {
    let advice = host.advice(Timestamp::now().as_microsecond());
    let worst = advice.first().map(|(mood, text)| match mood {
        Mood::Good => text.clone(),
        Mood::Warn => format!("warning: {text}"),
        Mood::Bad => format!("BAD: {text}"),
    });
    let leaf = host.chain.first();
    let of = |take: &dyn Fn(&ops::CertificateFacts) -> String| leaf.map_or_else(|| "-".to_owned(), take);
    [
        host.host.clone(),
        worst.unwrap_or_default(),
        of(&|leaf| time(leaf.not_after)),
        of(&|leaf| leaf.key.clone()),
        of(&|leaf| leaf.issuer.clone()),
        of(&|leaf| leaf.fingerprint.clone()),
    ]
}
