//! Changes to the headers of requests and responses.

use std::sync::Arc;

/// A header value in Envoy's format language: a literal `%` is doubled, `%NAME%` is substituted.
pub type HeaderValue = Arc<str>;

/// Changes to headers, applied in this order: remove, then set, then add.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct HeaderEdits {
    /// Headers that get this value, whatever they had; sorted by name, each name once, lower case.
    pub set: Vec<(Arc<str>, HeaderValue)>,
    /// Headers that get this value beside those that they have; sorted by name, lower case.
    pub add: Vec<(Arc<str>, HeaderValue)>,
    /// Headers that are taken away; sorted, each once, lower case.
    pub remove: Vec<Arc<str>>,
}

impl HeaderEdits {
    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.add.is_empty() && self.remove.is_empty()
    }
}

/// What the operator does to the headers of every service, unless its users say otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct DefaultHeaders {
    /// Of requests.
    pub request: HeaderTexts,
    /// The host that services are asked for, perhaps with a port.
    pub host: Option<Arc<str>>,
    /// Of responses.
    pub response: HeaderTexts,
    /// Whether it is done for the services of Ingresses, too.
    pub for_ingresses: bool,
}

/// Changes to headers whose values are as users write them: what they hold depends on the service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct HeaderTexts {
    /// Headers that get this value; sorted by name, each name once, lower case.
    pub set: Vec<(Arc<str>, Arc<str>)>,
    /// Headers that are taken away; sorted, each once, lower case.
    pub remove: Vec<Arc<str>>,
}
