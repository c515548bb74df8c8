//! Ingresses.

use api::networking::{Ingress, IngressSpec};

use super::{Age, Annotations, age, annotations, class};

/// The annotations of an Ingress that mean something.
const KNOWN: [&str; 11] = [
    "ingress.kubernetes.io/force-ssl-redirect",
    "kubernetes.io/ingress.allow-http",
    "projectcontour.io/num-retries",
    "projectcontour.io/per-try-timeout",
    "projectcontour.io/request-timeout",
    "projectcontour.io/response-timeout",
    "projectcontour.io/retry-on",
    "projectcontour.io/tls-cert-namespace",
    "projectcontour.io/tls-maximum-protocol-version",
    "projectcontour.io/tls-minimum-protocol-version",
    "projectcontour.io/websocket-routes",
];

/// What is used of an Ingress.
#[derive(Debug, Clone, PartialEq)]
pub struct IngressFact {
    /// The `metadata.generation` that reports are about.
    pub generation: i64,
    /// When it was made.
    pub age: Age,
    /// The class that it says it belongs to.
    pub class: Option<Box<str>>,
    /// The annotations that mean something; sorted.
    pub annotations: Annotations,
    /// What the user wants.
    pub spec: Box<IngressSpec>,
}

impl From<&Ingress> for IngressFact {
    fn from(object: &Ingress) -> Self {
        let spec = object.spec.clone().unwrap_or_default();
        Self {
            generation: object.metadata.generation.unwrap_or_default(),
            age: age(&object.metadata),
            class: class(&object.metadata, spec.ingress_class_name.as_deref()),
            annotations: annotations(&object.metadata, &KNOWN),
            spec: Box::new(spec),
        }
    }
}

impl IngressFact {
    /// The value of an annotation.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.iter().find(|(known, _)| *known == key).map(|(_, value)| &**value)
    }
}
