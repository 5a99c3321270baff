//! The table of configuration keys. From it come the reading of the file, the environment and the
//! flags, their errors, `hearth config sample` and `hearth config show`.

use std::net::SocketAddr;

use cluster::discovery::Place;
use ops::{Check, Kind};
use protocol::Jid;

use super::{Config, Ports};
use crate::setting::Setting;

/// A configuration key.
pub(crate) struct Key {
    /// Name, meaning, range and place.
    pub(crate) setting: Setting<Config>,
    /// Another name under which one value may be given instead of a list.
    pub(crate) singular: Option<&'static str>,
    /// What the sample file shows where there is no default.
    pub(crate) example: Option<&'static str>,
    /// Hides the secret part of a value in everything that is printed.
    pub(crate) mask: fn(&str) -> String,
}

/// Every key, in the order of the sample file.
pub(crate) static KEYS: &[Key] = &[
    Key {
        singular: Some("domain"),
        ..key(
            "domains",
            "The XMPP domains served here: the part after the @ in the users' addresses. One may be given as \
             domain = \"…\". They are entered in the database at the first start and managed there afterwards.",
            Kind::List(DOMAINS),
            |config| &mut config.domains,
        )
    },
    key(
        "data_dir",
        "Where the server keeps its files: the embedded database, certificates it made, the control socket.",
        Kind::Text(FILE),
        |config| &mut config.data_dir,
    ),
    Key {
        example: Some("\"chat1\""),
        ..key(
            "node_name",
            "The name of this server among its peers. Default: the host name.",
            Kind::Text(NAME),
            |config| &mut config.node_name,
        )
    },
    Key {
        // No digits: a key that stands in a sample is known to everybody.
        example: Some("\"\""),
        mask: |key| {
            if key.is_empty() {
                String::new()
            } else {
                "****".to_owned()
            }
        },
        ..key(
            "secret_key",
            "The key that secrets in the database are encrypted with, as openssl rand -hex 32 makes one; the same on every \
             server that shares the database. Default: the file secret_key_file.",
            Kind::Text(SECRET_KEY),
            |config| &mut config.secret.key,
        )
    },
    Key {
        example: Some("\"/etc/hearth/secret.key\""),
        ..key(
            "secret_key_file",
            "The file with that key. Default: secret.key in the data directory, made when it is first needed.",
            Kind::Text(FILE_OR_NONE),
            |config| &mut config.secret.file,
        )
    },
    Key {
        example: Some("\"sqlite:data/hearth.db\""),
        mask: mask_url,
        ..key(
            "database.url",
            "The database: sqlite:<file>, postgres://<user>:<password>@<host>/<database> or mysql://…. \
             Default: SQLite, in the file hearth.db of the data directory.",
            Kind::Text(DATABASE),
            |config| &mut config.database.url,
        )
    },
    key(
        "database.max_connections",
        "Connections to PostgreSQL or MySQL at most; SQLite has a fixed number.",
        Kind::Int { min: 2, max: 1000 },
        |config| &mut config.database.max_connections,
    ),
    Key {
        example: Some("\"/etc/hearth/chain.pem\""),
        ..key(
            "tls.certificate",
            "The certificate chain (PEM) for all domains. Default: a self-signed one, made and kept in the data \
             directory. Read again when the file changes.",
            Kind::Text(FILE_OR_NONE),
            |config| &mut config.tls.certificate,
        )
    },
    Key {
        example: Some("\"/etc/hearth/key.pem\""),
        ..key(
            "tls.key",
            "The private key (PEM) of that certificate.",
            Kind::Text(FILE_OR_NONE),
            |config| &mut config.tls.key,
        )
    },
    Key {
        example: Some("[\"/etc/hearth/ca.pem\"]"),
        ..key(
            "tls.trust",
            "Authorities (PEM) trusted besides the system's own, for client certificates among others.",
            Kind::List(FILE),
            |config| &mut config.tls.trust,
        )
    },
    key(
        "c2s.listen",
        "Where clients connect with STARTTLS. An empty list: nowhere.",
        LISTEN,
        |config| &mut config.c2s.listen,
    ),
    key(
        "c2s.tls_listen",
        "Where clients connect with direct TLS. An empty list: nowhere.",
        LISTEN,
        |config| &mut config.c2s.tls_listen,
    ),
    key(
        "admin.listen",
        "Where /healthz, /readyz and /metrics answer, and the console without TLS, which only this machine gets. They tell \
         nothing of users, but are nobody else's business: keep them off public addresses.",
        LISTEN,
        |config| &mut config.admin.listen,
    ),
    key(
        "admin.tls_listen",
        "Where the console answers with TLS, by the server's certificate. An empty list: nowhere.",
        LISTEN,
        |config| &mut config.admin.tls_listen,
    ),
    key(
        "acme.listen",
        "Where certificate authorities look whether a host is ours (RFC 8555, http-01) before they sign its certificate, as \
         [\"0.0.0.0:80\", \"[::]:80\"]: they ask at port 80, so that must lead here. Nothing else is answered there. An \
         empty list: nowhere.",
        LISTEN,
        |config| &mut config.acme.listen,
    ),
    key(
        "cluster.ports",
        "Where the servers of a cluster reach this one, while clustering is on: a port, or a range of which the first \
         free one is taken.",
        Kind::Text(PORTS),
        |config| &mut config.cluster.ports,
    ),
    key(
        "cluster.interfaces",
        "This machine's addresses at which that port is open: addresses with stars (10.0.*) or names of interfaces \
         (eth0). An empty list: all of them.",
        Kind::List(INTERFACES),
        |config| &mut config.cluster.interfaces,
    ),
    Key {
        example: Some("\"chat1.example.org:5701\""),
        ..key(
            "cluster.advertise",
            "Where the other servers reach this one, when that is not an address of this machine, as behind NAT or in a \
             container. Default: this machine's address on the way to the database.",
            Kind::Text(HOST_AND_PORT),
            |config| &mut config.cluster.advertise,
        )
    },
    Key {
        example: Some("\"a phrase that all servers of the cluster have\""),
        mask: |secret| {
            if secret.is_empty() {
                String::new()
            } else {
                "****".to_owned()
            }
        },
        ..key(
            "cluster.secret",
            "Seals the keys of the cluster in the database, so that who can read that does not get into the cluster. \
             The same on every server.",
            Kind::Text(SECRET),
            |config| &mut config.cluster.secret,
        )
    },
    key(
        "log.format",
        "How log lines look on standard error.",
        Kind::Choice(&["human", "json"]),
        |config| &mut config.log.format,
    ),
    key(
        "log.level",
        "What is logged: error, warn, info, debug or trace; also per part, as in \"info,c2s=debug\".",
        Kind::Text(LEVEL),
        |config| &mut config.log.level,
    ),
];

const fn key(
    name: &'static str,
    doc: &'static str,
    kind: Kind,
    slot: fn(&mut Config) -> &mut dyn crate::setting::Slot,
) -> Key {
    Key {
        setting: Setting { name, doc, kind, slot },
        singular: None,
        example: None,
        mask: str::to_owned,
    }
}

const LISTEN: Kind = Kind::List(Check {
    allowed: "IP addresses with a port, as \"127.0.0.1:5222\" or \"[::]:5222\"",
    is_allowed: |text| text.parse::<SocketAddr>().is_ok(),
});
const DOMAINS: Check = Check {
    allowed: "domain names, as \"example.org\"",
    is_allowed: |text| Jid::from_parts(None, text, None).is_ok(),
};
const FILE: Check = Check {
    allowed: "file names",
    is_allowed: |text| !text.is_empty() && !text.contains('\0'),
};
const FILE_OR_NONE: Check = Check {
    allowed: "file names",
    is_allowed: |text| !text.contains('\0'),
};
const NAME: Check = Check {
    allowed: "names of 1 to 63 letters, digits, dots, hyphens and underscores",
    is_allowed: |text| (1..=63).contains(&text.len()) && text.bytes().all(is_name_byte),
};
const DATABASE: Check = Check {
    allowed: "sqlite:<file>, postgres://<user>:<password>@<host>/<database> and mysql://<user>:<password>@<host>/<database>",
    is_allowed: |text| {
        ["sqlite:", "postgres://", "postgresql://", "mysql://", "mariadb://"]
            .iter()
            .any(|start| text.starts_with(start))
    },
};
const PORTS: Check = Check {
    allowed: "ports and ranges of ports, as \"5701\" or \"5701-5800\"",
    is_allowed: |text| text.parse::<Ports>().is_ok(),
};
const INTERFACES: Check = Check {
    allowed: "addresses, as \"10.0.0.7\" or \"10.0.*\", and names of interfaces, as \"eth0\"",
    is_allowed: |text| {
        (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
    },
};
const HOST_AND_PORT: Check = Check {
    allowed: "host:port, as \"chat1.example.org:5701\"",
    is_allowed: |text| text.is_empty() || is_one_place(text),
};
const SECRET: Check = Check {
    allowed: "texts of 8 to 1000 bytes",
    is_allowed: |text| text.is_empty() || (8..=1000).contains(&text.len()),
};
const SECRET_KEY: Check = Check {
    allowed: "64 hexadecimal digits, as openssl rand -hex 32 prints them",
    is_allowed: |text| text.is_empty() || ops::SecretKey::parse(text).is_some(),
};
const LEVEL: Check = Check {
    allowed: "error, warn, info, debug and trace, also per part as in \"info,c2s=debug\"",
    is_allowed: |text| !text.is_empty() && text.parse::<tracing_subscriber::filter::Targets>().is_ok(),
};

fn is_one_place(text: &str) -> bool {
    let place = text.parse::<Place>();
    place.is_ok_and(|place| place.ports.start() == place.ports.end())
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-_".contains(&byte)
}

/// `postgres://hearth:****@db/hearth`.
pub(crate) fn mask_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let address_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // A password may hold unescaped delimiters: everything up to the last @ belongs to it.
    let Some(at) = rest.rfind('@') else {
        return mask_query(url, scheme.len() + 3 + address_end);
    };
    let user = rest[..at].split(':').next().unwrap_or_default();
    let masked = if rest[..at].contains(':') {
        format!("{user}:****")
    } else {
        user.to_owned()
    };
    let tail = &rest[at..];
    let tail_end = tail.find('?').unwrap_or(tail.len());
    mask_query(
        &format!("{scheme}://{masked}{tail}"),
        scheme.len() + 3 + masked.len() + tail_end,
    )
}

/// Parameters may hold a password too (`?password=`): none of them is shown.
fn mask_query(url: &str, from: usize) -> String {
    match url[from..].find('?') {
        Some(query) => format!("{}?****", &url[..from + query]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_database_urls_are_masked() {
        for (url, expected) in [
            ("sqlite:data/hearth.db", "sqlite:data/hearth.db"),
            ("postgres://db/hearth", "postgres://db/hearth"),
            ("postgres://hearth@db/hearth", "postgres://hearth@db/hearth"),
            ("postgres://hearth:secret@db/hearth", "postgres://hearth:****@db/hearth"),
            (
                "postgres://hearth:se@cr/et@db/hearth",
                "postgres://hearth:****@db/hearth",
            ),
            (
                "mysql://hearth:s3:cr@db:3306/x?ssl-mode=REQUIRED",
                "mysql://hearth:****@db:3306/x?****",
            ),
            ("postgres://db/hearth?password=secret", "postgres://db/hearth?****"),
        ] {
            assert_eq!(mask_url(url), expected, "{url}");
        }
    }

    #[test]
    fn every_key_has_a_name_of_its_own_and_a_default_of_its_kind() {
        let defaults = Config::default();
        let mut names = std::collections::HashSet::new();
        for key in KEYS {
            let name = key.setting.name;
            assert!(names.insert(name), "{name} is there twice");
            let default = key.setting.get(&defaults);
            assert!(
                key.setting.kind.accept(default.clone()).is_ok() || key.example.is_some(),
                "{name}: {default}"
            );
            assert!(key.setting.doc.ends_with('.'), "{name}: a doc is sentences");
        }
    }
}
