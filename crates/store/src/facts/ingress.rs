//! Ingresses.

use api::networking::{Ingress, IngressSpec};
use model::Kind;

use super::{Age, Annotations, Strays, age, annotations, class, strays};

/// The annotations of an Ingress that mean something, besides those that name its class; those of Contour before 1.0
/// (`contour.heptio.com`) among them.
pub(super) const KNOWN: [&str; 17] = [
    "contour.heptio.com/num-retries",
    "contour.heptio.com/per-try-timeout",
    "contour.heptio.com/request-timeout",
    "contour.heptio.com/retry-on",
    "contour.heptio.com/tls-minimum-protocol-version",
    "contour.heptio.com/websocket-routes",
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
    /// Annotations that look as if they meant something.
    pub strays: Strays,
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
            strays: strays(&object.metadata, Kind::Ingress),
            spec: Box::new(spec),
        }
    }
}

impl IngressFact {
    /// Whether it asks for TLS for clients that name no server, or any.
    pub(crate) fn has_tls_for_all(&self) -> bool {
        self.spec.tls.iter().flatten().flat_map(|tls| tls.hosts.iter().flatten()).any(|host| host == "*")
    }

    /// An annotation: its key as `metadata.annotations` has it, and its value.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<(&'static str, &str)> {
        self.annotations.iter().find(|(known, _)| *known == key).map(|(key, value)| (*key, &**value))
    }
}
