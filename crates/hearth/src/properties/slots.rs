//! Fields of the parts' settings that are no plain number, text or list.

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

use auth::CertificateAccount;
use cluster::discovery::Method;
use features::{OfflinePolicy, VcardAudience};
use ops::{SecondFactorRule, Value};
use router::ConflictPolicy;
use transport::{Network, TlsVersion};

use crate::setting::{Slot, lists};

/// Openfire's count: how often a newcomer is refused before the old session is closed; −1 is always.
impl Slot for ConflictPolicy {
    fn get(&self) -> Value {
        Value::Int(match self {
            Self::Kick => 0,
            Self::Refuse => -1,
            Self::KickAfter(refusals) => i64::from(*refusals),
        })
    }

    fn set(&mut self, value: &Value) -> Option<()> {
        *self = match value.as_int()? {
            -1 => Self::Refuse,
            0 => Self::Kick,
            refusals => Self::KickAfter(u32::try_from(refusals).ok()?),
        };
        Some(())
    }
}

/// A choice, in the words in which it is written.
macro_rules! words {
    ($choice:ty { $($word:literal => $variant:ident),+ $(,)? }) => {
        impl Slot for $choice {
            fn get(&self) -> Value {
                Value::Text(match self { $(Self::$variant => $word,)+ }.to_owned())
            }

            fn set(&mut self, value: &Value) -> Option<()> {
                *self = match value.as_text()? {
                    $($word => Self::$variant,)+
                    _ => return None,
                };
                Some(())
            }
        }
    };
}

words!(TlsVersion { "1.2" => Tls12, "1.3" => Tls13 });

// Openfire's five policies.
words!(OfflinePolicy {
    "store-or-bounce" => StoreOrBounce,
    "always" => Always,
    "store-or-drop" => StoreOrDrop,
    "bounce" => Bounce,
    "drop" => Drop,
});

words!(VcardAudience { "contacts" => Contacts, "everybody" => Everybody });

words!(SecondFactorRule { "optional" => Optional, "required" => Required });

words!(Method {
    "database" => Database,
    "multicast" => Multicast,
    "static" => Static,
    "dns" => Dns,
});

lists!(Network, IpAddr);

/// What is written and read as one text.
macro_rules! texts {
    ($($text:ty),*) => { $(
        impl Slot for $text {
            fn get(&self) -> Value {
                Value::Text(self.to_string())
            }

            fn set(&mut self, value: &Value) -> Option<()> {
                *self = value.as_text()?.parse().ok()?;
                Some(())
            }
        }
    )* };
}

texts!(Ipv4Addr, SocketAddrV4);

/// `<fingerprint>=<account>`, as [`CertificateAccount`] reads it.
impl Slot for Vec<CertificateAccount> {
    fn get(&self) -> Value {
        let hex = |mapped: &CertificateAccount| {
            mapped
                .fingerprint
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        };
        Value::List(
            self.iter()
                .map(|mapped| format!("{}={}", hex(mapped), mapped.account))
                .collect(),
        )
    }

    fn set(&mut self, value: &Value) -> Option<()> {
        *self = value
            .as_list()?
            .iter()
            .map(|text| text.parse().ok())
            .collect::<Option<_>>()?;
        Some(())
    }
}
