//! What the server says of itself: asked for by XEP-0030, summed up in XEP-0115.

use protocol::xep::{
    data_forms::Form,
    disco::{Identity, Info},
};
use router::Disco;

/// Names the software in entity capabilities.
pub(crate) const NODE: &str = "urn:hearth:server";

/// All that features announce of a host.
pub(crate) fn host_info(announced: &Disco, host: &str) -> Info {
    Info {
        node: None,
        identities: vec![identity("server", "im")],
        features: sorted(&announced.host_features),
        forms: announced
            .host_forms
            .iter()
            .filter_map(|form| Form::parse(&form(host)?))
            .collect(),
    }
}

/// What an entity is.
pub(crate) fn identity(category: &str, kind: &str) -> Identity {
    Identity {
        category: category.to_owned(),
        kind: kind.to_owned(),
        lang: None,
        name: None,
    }
}

/// The same for everybody and at all times, so that it can be compared.
pub(crate) fn sorted(features: &[&str]) -> Vec<String> {
    let mut features: Vec<_> = features.iter().map(|&var| var.to_owned()).collect();
    features.sort();
    features
}
