//! HTTPProxies.

use api::{HttpProxy, HttpProxySpec};

use super::{Age, age, class};

/// What is used of an HTTPProxy.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpProxyFact {
    /// The `metadata.generation` that reports are about.
    pub generation: i64,
    /// When it was made.
    pub age: Age,
    /// The class that it says it belongs to.
    pub class: Option<Box<str>>,
    /// What the user wants. Boxed: it is large and moves often.
    pub spec: Box<HttpProxySpec>,
}

impl From<&HttpProxy> for HttpProxyFact {
    fn from(object: &HttpProxy) -> Self {
        Self {
            generation: object.metadata.generation.unwrap_or_default(),
            age: age(&object.metadata),
            class: class(&object.metadata, object.spec.ingress_class_name.as_deref()),
            // A clone has no spare capacity; what a decoder built has, three quarters of it.
            spec: Box::new(object.spec.clone()),
        }
    }
}

impl HttpProxyFact {
    /// The host of a root in lower case; `None` for a part that others include.
    #[must_use]
    pub fn root_host(&self) -> Option<String> {
        self.spec.virtualhost.as_ref().map(|host| host.fqdn.to_ascii_lowercase())
    }
}
