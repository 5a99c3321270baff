//! XEP-0202: Entity Time.

use std::sync::Arc;

use jiff::Timestamp;
use protocol::{Element, ns, xep::datetime};
use router::{Answer, Feature, Hooks, Request, To, Xep};

use crate::refuse;

/// Tells what time it is here. A server is at home in UTC.
pub(crate) struct Time;

impl Feature for Time {
    fn name(&self) -> &'static str {
        "time"
    }

    fn xeps(&self) -> &'static [Xep] {
        &[Xep {
            number: 202,
            version: "2.0",
        }]
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.answer(To::Host, "time", ns::TIME, &self, tell);
    }
}

async fn tell(_time: Arc<Time>, request: Request) -> Answer {
    if request.is_set() {
        return Err(refuse::wrong_type());
    }
    let named = |name: &str, text: &str| Element::new(name, ns::TIME).text(text);
    Ok(Some(
        Element::new("time", ns::TIME)
            .child(named("tzo", "+00:00"))
            .child(named("utc", &datetime::format(Timestamp::now()))),
    ))
}
