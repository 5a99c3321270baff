//! `HEARTH_…` variables: `HEARTH_DATABASE__URL` is `database.url`.

use std::ffi::OsString;

use super::{
    Origin, Problem, Wrong,
    layers::{Given, Raw},
};

/// Names the configuration file, as `--config` does.
pub(crate) const CONFIG_VARIABLE: &str = "HEARTH_CONFIG";

const PREFIX: &str = "HEARTH_";

pub(super) fn read(variables: &[(OsString, OsString)]) -> (Vec<Given>, Vec<Problem>) {
    let (mut given, mut problems) = (Vec::new(), Vec::new());
    for (variable, value) in variables {
        let Some(variable) = variable.to_str().filter(|variable| is_ours(variable)) else {
            continue;
        };
        let origin = Origin::Environment(variable.to_owned());
        match value.to_str() {
            Some(text) => given.push(Given {
                name: key_of(variable),
                value: Raw::Text(text.to_owned()),
                origin,
            }),
            None => problems.push(Problem {
                origin,
                wrong: Wrong::Unreadable("the value is not UTF-8".into()),
            }),
        }
    }
    (given, problems)
}

/// COMPAT(Kubernetes, Docker): both set variables such as `HEARTH_PORT` and `HEARTH_SERVICE_HOST` in
/// containers beside a service named "hearth". They are not meant for us.
fn is_ours(variable: &str) -> bool {
    let Some(name) = variable.strip_prefix(PREFIX) else {
        return false;
    };
    let is_foreign =
        name == "PORT" || name == "NAME" || ["PORT_", "SERVICE_", "ENV_"].iter().any(|s| name.starts_with(s));
    !is_foreign && variable != CONFIG_VARIABLE
}

fn key_of(variable: &str) -> String {
    variable
        .trim_start_matches(PREFIX)
        .replace("__", ".")
        .to_ascii_lowercase()
}
