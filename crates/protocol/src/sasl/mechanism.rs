//! The mechanisms this house speaks.

use std::fmt;
use std::str::FromStr;

use super::ChannelBinding;
use super::scram::Hash;

/// A SASL mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// RFC 5802 and RFC 7677.
    Scram {
        /// Its hash function.
        hash: Hash,
        /// The `-PLUS` form, with channel binding.
        plus: bool,
    },
    /// RFC 4422 appendix A: the TLS layer knows who it is.
    External,
    /// RFC 4616.
    Plain,
    /// RFC 4505.
    Anonymous,
    /// `HT-SHA-256-…` with the channel binding of its last part, or `NONE`.
    HashedToken(Option<ChannelBinding>),
}

/// Not a mechanism that we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the mechanism is not known here")]
pub struct UnknownMechanism;

impl Mechanism {
    /// Every mechanism, the one we would choose first.
    pub const ALL: [Self; 10] = [
        Self::External,
        Self::Scram {
            hash: Hash::Sha256,
            plus: true,
        },
        Self::Scram {
            hash: Hash::Sha1,
            plus: true,
        },
        Self::Scram {
            hash: Hash::Sha256,
            plus: false,
        },
        Self::Scram {
            hash: Hash::Sha1,
            plus: false,
        },
        Self::Plain,
        Self::Anonymous,
        Self::HashedToken(Some(ChannelBinding::TlsExporter)),
        Self::HashedToken(Some(ChannelBinding::TlsServerEndPoint)),
        Self::HashedToken(None),
    ];

    /// The registered name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scram {
                hash: Hash::Sha256,
                plus: true,
            } => "SCRAM-SHA-256-PLUS",
            Self::Scram {
                hash: Hash::Sha256,
                plus: false,
            } => "SCRAM-SHA-256",
            Self::Scram {
                hash: Hash::Sha1,
                plus: true,
            } => "SCRAM-SHA-1-PLUS",
            Self::Scram {
                hash: Hash::Sha1,
                plus: false,
            } => "SCRAM-SHA-1",
            Self::External => "EXTERNAL",
            Self::Plain => "PLAIN",
            Self::Anonymous => "ANONYMOUS",
            Self::HashedToken(Some(ChannelBinding::TlsExporter)) => "HT-SHA-256-EXPR",
            Self::HashedToken(Some(ChannelBinding::TlsServerEndPoint)) => "HT-SHA-256-ENDP",
            Self::HashedToken(None) => "HT-SHA-256-NONE",
        }
    }
}

impl FromStr for Mechanism {
    type Err = UnknownMechanism;

    fn from_str(name: &str) -> Result<Self, UnknownMechanism> {
        Self::ALL
            .into_iter()
            .find(|mechanism| mechanism.as_str() == name)
            .ok_or(UnknownMechanism)
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_mechanism_and_no_other_name_does() {
        for mechanism in Mechanism::ALL {
            assert_eq!(mechanism.as_str().parse(), Ok(mechanism));
        }
        for name in ["", "plain", "PLAIN ", "SCRAM-SHA-512", "HT-SHA-256-UNIQ", "DIGEST-MD5"] {
            assert_eq!(name.parse::<Mechanism>(), Err(UnknownMechanism), "{name}");
        }
    }
}
