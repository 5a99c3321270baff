//! XEP-0157: Contact Addresses for XMPP Services. Who to turn to, in the server's disco#info.

use std::sync::Arc;

use protocol::{
    Element, ns,
    xep::data_forms::{Field, FieldKind, Form, FormKind},
};
use router::{Feature, Hooks, Xep};

use crate::{LiveSettings, settings::ContactSettings};

/// Tells the addresses that the operator chose.
pub(crate) struct ContactAddresses {
    settings: LiveSettings,
}

impl ContactAddresses {
    pub(crate) fn new(settings: &LiveSettings) -> Arc<Self> {
        Arc::new(Self {
            settings: settings.clone(),
        })
    }
}

impl Feature for ContactAddresses {
    fn name(&self) -> &'static str {
        "contact_addresses"
    }

    fn xeps(&self) -> &'static [Xep] {
        &[Xep {
            number: 157,
            version: "1.1.1",
        }]
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.disco().host_form(move |_| form(&self.settings.load().contacts));
    }
}

/// `None` where nobody is to be turned to.
fn form(contacts: &ContactSettings) -> Option<Element> {
    let fields = [
        ("abuse-addresses", &contacts.abuse),
        ("admin-addresses", &contacts.admin),
        ("feedback-addresses", &contacts.feedback),
        ("sales-addresses", &contacts.sales),
        ("security-addresses", &contacts.security),
        ("status-addresses", &contacts.status),
        ("support-addresses", &contacts.support),
    ];
    let mut known = fields
        .into_iter()
        .filter(|(_, addresses)| !addresses.is_empty())
        .peekable();
    known.peek()?;
    let form = known.fold(
        Form::of_type(FormKind::Result, ns::SERVER_INFO),
        |form, (var, addresses)| form.field(Field::new(var, FieldKind::ListMulti).values_from(addresses)),
    );
    Some(form.to_element())
}
