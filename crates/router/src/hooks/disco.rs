//! What is announced of features.

use std::sync::Arc;

use protocol::Element;

type DiscoHook = Arc<dyn Fn(&str) -> Option<Element> + Send + Sync>;

/// What features tell of themselves to those who ask (XEP-0030) and on streams (RFC 6120 §4.3.2).
#[derive(Clone, Default)]
pub struct Disco {
    /// `var`s of the server's own features.
    pub host_features: Vec<&'static str>,
    /// `var`s of an account's features.
    pub account_features: Vec<&'static str>,
    /// Extension forms of the server, made for one host (XEP-0128).
    pub host_forms: Vec<DiscoHook>,
    /// Stream features after authentication, made for one host.
    pub stream_features: Vec<DiscoHook>,
}

impl Disco {
    /// Announces a feature of the server.
    pub fn host_feature(&mut self, var: &'static str) {
        announce(&mut self.host_features, var);
    }

    /// Announces a feature of every account.
    pub fn account_feature(&mut self, var: &'static str) {
        announce(&mut self.account_features, var);
    }

    /// Adds an extension form to the server's answer (XEP-0128).
    pub fn host_form(&mut self, form: impl Fn(&str) -> Option<Element> + Send + Sync + 'static) {
        self.host_forms.push(Arc::new(form));
    }

    /// Adds a stream feature after authentication.
    pub fn stream_feature(&mut self, feature: impl Fn(&str) -> Option<Element> + Send + Sync + 'static) {
        self.stream_features.push(Arc::new(feature));
    }
}

fn announce(list: &mut Vec<&'static str>, var: &'static str) {
    if !list.contains(&var) {
        list.push(var);
    }
}
