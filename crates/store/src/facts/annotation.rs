//! Annotations: which of them mean something, and on what (reference 5.2, 4.4).

use api::meta::ObjectMeta;
use model::Kind;

use super::{ingress, service};

/// The annotations that mean something to us; sorted.
pub type Annotations = Box<[(&'static str, Box<str>)]>;

/// The keys of annotations that look as if they were for us and mean nothing where they stand; sorted. Nearly
/// always none.
pub type Strays = Box<[Box<str>]>;

/// Where an object may say which class it belongs to, the first that is not empty counts.
pub(super) const CLASS: [&str; 3] =
    ["projectcontour.io/ingress.class", "contour.heptio.com/ingress.class", "kubernetes.io/ingress.class"];

/// Prefixes of annotations that nobody else reads.
const OURS: [&str; 2] = ["projectcontour.io/", "contour.heptio.com/"];

/// Prefixes of what others wrote for an Ingress controller: on an Ingress of ours they do nothing.
const OF_CONTROLLERS: [&str; 2] = ["ingress.kubernetes.io/", "nginx.ingress.kubernetes.io/"];

/// The kind of object that an annotation is for; `None` for one that nobody knows.
#[must_use]
pub fn annotated_kind(key: &str) -> Option<Kind> {
    [Kind::Ingress, Kind::Service, Kind::HttpProxy].into_iter().find(|kind| is_known(*kind, key))
}

fn is_known(kind: Kind, key: &str) -> bool {
    let (known, has_class): (&[&str], bool) = match kind {
        Kind::Ingress => (&ingress::KNOWN, true),
        Kind::HttpProxy | Kind::IngressRoute => (&[], true),
        Kind::Service => (&service::KNOWN, false),
        Kind::Namespace
        | Kind::EndpointSlice
        | Kind::Secret
        | Kind::ConfigMap
        | Kind::ContourDeployment
        | Kind::TlsCertificateDelegation
        | Kind::ExtensionService
        | Kind::HeptioCertificateDelegation
        | Kind::GatewayClass
        | Kind::Gateway
        | Kind::ListenerSet
        | Kind::HttpRoute
        | Kind::GrpcRoute
        | Kind::TlsRoute
        | Kind::TcpRoute
        | Kind::UdpRoute
        | Kind::ReferenceGrant
        | Kind::BackendTlsPolicy
        | Kind::XBackendTrafficPolicy => (&[], false),
    };
    known.contains(&key) || has_class && CLASS.contains(&key)
}

/// The class of an object: annotations come before the field, and an empty word says nothing.
pub(super) fn class(metadata: &ObjectMeta, field: Option<&str>) -> Option<Box<str>> {
    let annotations = metadata.annotations.as_ref();
    let annotated = CLASS.iter().filter_map(|key| annotations?.get(*key).map(String::as_str));
    annotated.chain(field).find(|class| !class.is_empty()).map(Into::into)
}

/// The annotations of `known` that are there.
pub(super) fn annotations(metadata: &ObjectMeta, known: &[&'static str]) -> Annotations {
    let Some(all) = metadata.annotations.as_ref() else { return Annotations::default() };
    known.iter().filter_map(|key| Some((*key, all.get(*key)?.as_str().into()))).collect()
}

/// The annotations that mean nothing on an object of this kind, although they look as if they did.
pub(super) fn strays(metadata: &ObjectMeta, kind: Kind) -> Strays {
    let keys = metadata.annotations.iter().flatten().map(|(key, _)| key.as_str());
    keys.filter(|key| is_stray(kind, key)).map(Into::into).collect()
}

fn is_stray(kind: Kind, key: &str) -> bool {
    if is_known(kind, key) {
        return false;
    }
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| key.starts_with(prefix));
    begins(&OURS) || annotated_kind(key).is_some() || kind == Kind::Ingress && begins(&OF_CONTROLLERS)
}
