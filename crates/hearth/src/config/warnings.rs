//! Files that hold secrets and that anybody on this machine can read.

use std::{os::unix::fs::PermissionsExt, path::Path};

use super::{Configuration, mask_url};

/// What deserves a loud word although the server can start.
pub(crate) fn warnings(configuration: &Configuration) -> Vec<String> {
    let config = &configuration.config;
    let has_password = mask_url(&config.database.url) != config.database.url;
    let secrets = [
        (has_password, "the database password"),
        (config.cluster.secret.is_some(), "the cluster's secret"),
        (config.secret.key.is_some(), "the key for secrets"),
    ];
    let file = configuration.file.as_deref();
    let in_file = secrets.into_iter().filter(|(is_there, _)| *is_there);
    let in_file = in_file.filter_map(|(_, what)| Some((file?, what)));
    let key = config.tls.key.as_deref().map(|path| (path, "the private key"));
    let in_data_dir = config.data_dir.join("secret.key");
    let secret_key = config.secret.file.as_deref().unwrap_or(&in_data_dir);
    in_file
        .chain(key)
        .chain([(secret_key, "the key for secrets")])
        .filter(|(path, _)| is_world_readable(path))
        .map(warning)
        .collect()
}

fn warning((path, what): (&Path, &str)) -> String {
    let path = path.display();
    format!("{path} holds {what} and every user of this machine can read it: chmod o= {path}")
}

fn is_world_readable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}
