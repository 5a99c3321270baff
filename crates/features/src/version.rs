//! XEP-0092: Software Version.

use std::sync::Arc;

use protocol::{Element, ns};
use router::{Answer, Feature, Hooks, Request, To, Xep};

use crate::{LiveSettings, refuse};

/// Tells which software this is, and its version where the operator does not mind.
pub(crate) struct Version {
    settings: LiveSettings,
}

impl Version {
    pub(crate) fn new(settings: &LiveSettings) -> Arc<Self> {
        Arc::new(Self {
            settings: settings.clone(),
        })
    }
}

impl Feature for Version {
    fn name(&self) -> &'static str {
        "version"
    }

    fn xeps(&self) -> &'static [Xep] {
        &[Xep {
            number: 92,
            version: "1.1",
        }]
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.answer(To::Host, "query", ns::VERSION, &self, tell);
    }
}

async fn tell(feature: Arc<Version>, request: Request) -> Answer {
    if request.is_set() {
        return Err(refuse::wrong_type());
    }
    let version = if feature.settings.load().version.is_shown {
        env!("CARGO_PKG_VERSION")
    } else {
        ""
    };
    let named = |name: &str, text: &str| Element::new(name, ns::VERSION).text(text);
    Ok(Some(
        Element::new("query", ns::VERSION)
            .child(named("name", "Hearth"))
            .child(named("version", version)),
    ))
}
