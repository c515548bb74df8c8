//! How objects are called, and how those of a Gateway are found again.

use std::fmt;

use model::{FleetOwner, GatewayName};
use xxhash_rust::xxh3::xxh3_64;

/// The label by which everything that is made here is found.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Its value.
pub const MANAGER: &str = "isobath-gateway-provisioner";

/// Names of Services, and values of labels, have at most so many characters.
const LONGEST: usize = 63;
const PREFIX: &str = "isobath-";
const CLASS_PREFIX: &str = "isobath-gatewayclass-";
const CONTROLLER_PREFIX: &str = "isobathcontroller-";
/// A dash and the digits of a hash.
const HASH: usize = 17;

/// An object in a namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// Its namespace.
    pub namespace: String,
    /// Its name there.
    pub name: String,
}

impl ObjectName {
    /// The one of this name.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl From<ObjectName> for GatewayName {
    fn from(gateway: ObjectName) -> Self {
        Self { namespace: gateway.namespace.into(), name: gateway.name.into() }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The name of all objects of a Gateway's Envoys, `isobath-NAME`, or of those that the Gateways of a class share,
/// `isobath-gatewayclass-NAME`. Where that is no name of a Service, too long or with dots, it is cut and ends in a hash.
#[must_use]
pub fn object_name(owner: &FleetOwner) -> String {
    match owner {
        FleetOwner::Gateway(gateway) => prefixed(PREFIX, &gateway.name),
        FleetOwner::Class(class) => prefixed(CLASS_PREFIX, class),
    }
}

/// The name of all objects of a Gateway's own controller: `isobathcontroller-NAME`, cut in the same way.
pub(crate) fn controller_name(gateway: &str) -> String {
    prefixed(CONTROLLER_PREFIX, gateway)
}

/// The name of the binding by which it may do more beside its Gateway than elsewhere. No Gateway's name has a colon.
pub(crate) fn own_rights_name(gateway: &str) -> String {
    format!("{}:own", controller_name(gateway))
}

/// The name of the bindings by which it may do something in other namespaces, and in the cluster.
pub(crate) fn distant_rights_name(namespace: &str, gateway: &str) -> String {
    format!("isobathcontroller:{namespace}:{gateway}")
}

/// What the names of the Secrets of a Gateway's own controller end in: `-NAME`, cut in the same way.
#[must_use]
pub fn certificates_suffix(gateway: &str) -> String {
    prefixed("-", gateway)
}

/// The Secrets of a Gateway's own controller: that of the controller, that of its Envoys, and the announced ones.
#[must_use]
pub fn certificates_names(gateway: &str) -> [String; 3] {
    let suffix = certificates_suffix(gateway);
    ["isobathcert", "envoycert", "nextcerts"].map(|name| format!("{name}{suffix}"))
}

/// The names of everything that is made for an owner where that has its objects.
pub(crate) fn names_beside(owner: &FleetOwner) -> Vec<String> {
    let mut names = vec![object_name(owner)];
    if let FleetOwner::Gateway(GatewayName { name, .. }) = owner {
        names.extend([controller_name(name), own_rights_name(name)]);
        names.extend(certificates_names(name));
    }
    names
}

fn prefixed(prefix: &str, whole: &str) -> String {
    let name = format!("{prefix}{whole}");
    if name.len() <= LONGEST && !name.contains('.') { name } else { hashed(&name.replace('.', "-"), whole) }
}

/// The name of a Gateway or of a class as the value of a label.
pub(crate) fn label_value(name: &str) -> String {
    if name.len() <= LONGEST { name.to_owned() } else { hashed(name, name) }
}

/// The beginning of a text, and a hash of what it stands for. Names of objects are ASCII.
fn hashed(text: &str, whole: &str) -> String {
    let room = text.len().min(LONGEST - HASH);
    let beginning = text.get(..room).unwrap_or_default().trim_end_matches(['-', '.']);
    format!("{beginning}-{:016x}", xxh3_64(whole.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object_name(gateway: &str) -> String {
        super::object_name(&FleetOwner::gateway("shop", gateway))
    }

    #[test]
    fn names_that_fit_stay_readable() {
        assert_eq!(object_name("shop"), "isobath-shop");
        assert_eq!(super::object_name(&FleetOwner::Class("edge".into())), "isobath-gatewayclass-edge");
        assert_eq!(controller_name("shop"), "isobathcontroller-shop");
        assert_eq!(certificates_suffix("shop"), "-shop");
        assert_eq!(label_value("shop.example"), "shop.example");
        assert_eq!(label_value(&"a".repeat(63)), "a".repeat(63));
    }

    #[test]
    fn other_names_are_cut_and_stay_apart() {
        let long = |last: &str| "a".repeat(60) + "." + last;
        for (one, other) in [("a.b", "a-b"), (&*long("x"), &*long("y"))] {
            assert_ne!(object_name(one), object_name(other));
        }
        assert_eq!(object_name("a.b"), format!("isobath-a-b-{:016x}", xxh3_64(b"a.b")));
        for name in [long("x"), "b.".repeat(100) + "c"] {
            let names = [object_name(&name), controller_name(&name), certificates_suffix(&name)];
            for made in names.iter().chain([&label_value(&name)]) {
                assert!(made.len() <= 63 && !made.contains("--"), "{made}");
            }
            assert!(names.iter().all(|name| !name.contains('.')));
        }
    }
}
