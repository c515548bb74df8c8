//! The parts of objects that translation uses.

mod delegation;
mod http_proxy;
mod ingress;
mod jwks;
mod secret;
mod service;
mod slice;

pub use delegation::DelegationFact;
pub use http_proxy::HttpProxyFact;
pub use ingress::IngressFact;
pub use jwks::InvalidJwks;
pub use secret::{SecretFact, SecretType};
pub use service::{PortProtocol, ServiceFact, ServicePort};
pub use slice::{SliceEndpoint, SliceFact};

use api::meta::ObjectMeta;

/// When an object was made, in seconds since 1970: the oldest wins a conflict. An object without a time
/// (from a file) counts as the youngest.
pub type Age = i64;

/// The annotations that mean something to us; sorted.
pub type Annotations = Box<[(&'static str, Box<str>)]>;

/// Where an object may say which class it belongs to, the first that is there counts.
const CLASS_ANNOTATIONS: [&str; 2] = ["projectcontour.io/ingress.class", "kubernetes.io/ingress.class"];

/// When an object was made.
fn age(metadata: &ObjectMeta) -> Age {
    metadata.creation_timestamp.as_ref().map_or(Age::MAX, |time| time.0.as_second())
}

/// The class of an object: annotations come before the field.
fn class(metadata: &ObjectMeta, field: Option<&str>) -> Option<Box<str>> {
    let annotations = metadata.annotations.as_ref();
    CLASS_ANNOTATIONS
        .iter()
        .find_map(|key| annotations?.get(*key).map(String::as_str))
        .or(field)
        .map(Into::into)
}

/// The annotations of `known` that are there.
fn annotations(metadata: &ObjectMeta, known: &[&'static str]) -> Annotations {
    let Some(all) = metadata.annotations.as_ref() else { return Annotations::default() };
    known.iter().filter_map(|key| Some((*key, all.get(*key)?.as_str().into()))).collect()
}
