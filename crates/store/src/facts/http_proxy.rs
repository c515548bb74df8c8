//! HTTPProxies.

use api::{HttpProxy, HttpProxySpec};
use model::{Host, Kind};

use super::{Age, Strays, age, class, strays};

/// The annotations of an HTTPProxy that mean something, besides those that name its class.
pub(super) const KNOWN: [&str; 0] = [];

/// What is used of an HTTPProxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpProxyFact {
    /// The `metadata.generation` that reports are about.
    pub generation: i64,
    /// When it was made.
    pub age: Age,
    /// The class that it says it belongs to.
    pub class: Option<Box<str>>,
    /// The host of a root in lower case, valid or not; `None` for a part that others include.
    pub host: Option<Host>,
    /// Annotations that look as if they meant something.
    pub strays: Strays,
    /// What the user wants, packed as JSON: nearly all fields are absent, which costs nothing there. It is
    /// read when a root runs, which is seldom, and kept all the time.
    spec: Box<str>,
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
        }
    }
}

impl HttpProxyFact {
    /// Whether it names a host, and so is served without being included.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.host.is_some()
    }

    /// What the user wants. Unpacked at each call: keep it while you need it.
    #[must_use]
    pub fn spec(&self) -> HttpProxySpec {
        serde_json::from_str(&self.spec).expect("what was packed is read by the same types")
    }
}

/// Equal specs are equal texts: fields come in the order of the types, and maps are sorted.
fn pack(spec: &HttpProxySpec) -> Box<str> {
    serde_json::to_string(spec).expect("a spec has only fields that JSON has").into()
}
