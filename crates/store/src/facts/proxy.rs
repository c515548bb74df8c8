//! HTTPProxies and IngressRoutes: objects that name a host, or are a part of others that do.

use std::fmt;
use std::marker::PhantomData;

use api::{HttpProxy, HttpProxySpec, IngressRoute, IngressRouteSpec};
use model::{Host, Kind};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Age, Strays, age, class, strays};

/// What is used of an HTTPProxy.
pub type HttpProxyFact = ProxyFact<HttpProxySpec>;

/// What is used of an IngressRoute.
pub type IngressRouteFact = ProxyFact<IngressRouteSpec>;

/// What is used of an HTTPProxy or an IngressRoute.
pub struct ProxyFact<S> {
    /// The `metadata.generation` that reports are about.
    pub generation: i64,
    /// When it was made.
    pub age: Age,
    /// The class that it says it belongs to.
    pub class: Option<Box<str>>,
    /// The host of a root in lower case, valid or not; `None` for a part of others.
    pub host: Option<Host>,
    /// Annotations that look as if they meant something.
    pub strays: Strays,
    /// What the user wants, packed as JSON: nearly all fields are absent, which costs nothing there. It is
    /// read when a root runs, which is seldom, and kept all the time.
    spec: Box<str>,
    of: PhantomData<fn() -> S>,
}

impl From<&HttpProxy> for HttpProxyFact {
    fn from(object: &HttpProxy) -> Self {
        let root = object.spec.virtualhost.as_ref();
        Self {
            generation: object.metadata.generation.unwrap_or_default(),
            age: age(&object.metadata),
            class: class(&object.metadata, object.spec.ingress_class_name.as_deref()),
            host: root.map(|root| Host::new(root.fqdn.to_ascii_lowercase())),
            strays: strays(&object.metadata, Kind::HttpProxy),
            spec: pack(&object.spec),
            of: PhantomData,
        }
    }
}

impl From<&IngressRoute> for IngressRouteFact {
    fn from(object: &IngressRoute) -> Self {
        let root = object.spec.virtualhost.as_ref();
        Self {
            generation: object.metadata.generation.unwrap_or_default(),
            age: age(&object.metadata),
            class: class(&object.metadata, None),
            host: root.map(|root| Host::new(root.fqdn.to_ascii_lowercase())),
            strays: strays(&object.metadata, Kind::IngressRoute),
            spec: pack(&object.spec),
            of: PhantomData,
        }
    }
}

impl<S> ProxyFact<S> {
    /// Whether it names a host, and so is served without being a part of another.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.host.is_some()
    }
}

impl<S: DeserializeOwned> ProxyFact<S> {
    /// What the user wants. Unpacked at each call: keep it while you need it.
    #[must_use]
    pub fn spec(&self) -> S {
        serde_json::from_str(&self.spec).expect("what was packed is read by the same types")
    }
}

impl<S> PartialEq for ProxyFact<S> {
    fn eq(&self, other: &Self) -> bool {
        let Self { generation, age, class, host, strays, spec, of: _ } = self;
        (*generation, *age, class, host, strays, spec)
            == (other.generation, other.age, &other.class, &other.host, &other.strays, &other.spec)
    }
}

impl<S> fmt::Debug for ProxyFact<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ProxyFact");
        shown.field("generation", &self.generation).field("age", &self.age).field("class", &self.class);
        shown.field("host", &self.host).field("spec", &self.spec).finish_non_exhaustive()
    }
}

/// Equal specs are equal texts: fields come in the order of the types, and maps are sorted.
fn pack(spec: &impl Serialize) -> Box<str> {
    let mut text = Vec::with_capacity(USUAL);
    serde_json::to_writer(&mut text, spec).expect("a spec has only fields that JSON has");
    // A copy of the right length: cheaper than to take back what is too much.
    str::from_utf8(&text).expect("JSON is text").into()
}

/// Most specs are shorter, in bytes.
const USUAL: usize = 1024;
