//! What a session delivers: an opaque, versioned body that knows the names it refers to.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rope::Rope;

use crate::wire;

/// The name of a resource, matched byte for byte (X-057).
pub type Name = Arc<str>;

/// The resource types that are served, in the order in which one change travels: whatever a type refers to
/// "before or with itself" stands above it, whatever follows it stands below (X-080).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceType {
    /// SDS: keys, certificates, trust bundles.
    Secret,
    /// RTDS: runtime layers.
    Runtime,
    /// CDS.
    Cluster,
    /// EDS.
    ClusterLoadAssignment,
    /// LDS.
    Listener,
    /// SRDS.
    ScopedRouteConfiguration,
    /// RDS.
    RouteConfiguration,
}

impl ResourceType {
    /// Every type, in the order of delivery.
    pub const ALL: [ResourceType; 7] = [
        ResourceType::Secret,
        ResourceType::Runtime,
        ResourceType::Cluster,
        ResourceType::ClusterLoadAssignment,
        ResourceType::Listener,
        ResourceType::ScopedRouteConfiguration,
        ResourceType::RouteConfiguration,
    ];

    /// The type URL on the wire.
    pub fn url(self) -> &'static str {
        match self {
            Self::Secret => "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
            Self::Runtime => "type.googleapis.com/envoy.service.runtime.v3.Runtime",
            Self::Cluster => "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            Self::ClusterLoadAssignment => {
                "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
            }
            Self::Listener => "type.googleapis.com/envoy.config.listener.v3.Listener",
            Self::ScopedRouteConfiguration => {
                "type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration"
            }
            Self::RouteConfiguration => "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        }
    }

    /// The type with this URL, if it is served.
    pub fn from_url(url: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.url() == url)
    }

    /// A first request without names asks for everything of this type (listeners, clusters, and scopes, which
    /// Envoy subscribes to in the same form). For every other type it asks for nothing (X-040, X-044).
    pub fn has_wildcard(self) -> bool {
        matches!(self, Self::Listener | Self::Cluster | Self::ScopedRouteConfiguration)
    }

    /// In state-of-the-world a response holds the full set, and what is left out is deleted (X-060, X-061).
    pub fn is_full_set(self) -> bool {
        self.has_wildcard()
    }

    /// Whether a subscriber is told that a name does not exist. Never for routes: Envoy then leaves the
    /// listener warming without time limit (`reference/reliability.md` §0, fact 6; X-054, X-055).
    pub fn answers_missing(self) -> bool {
        self != Self::RouteConfiguration
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The version of a resource: the hash of its bytes, so that replicas and restarts agree (X-023).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u128);

impl Version {
    /// The version of this body.
    pub fn of(body: &Rope) -> Self {
        Self(body.digest())
    }

    /// The version of a body behind these bytes.
    fn behind(head: &[u8], body: &Rope) -> Self {
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        hash.update(head);
        hash.update(&body.digest().to_le_bytes());
        Self(hash.digest128())
    }
}

/// What versions are written with: six bits each. An Envoy that comes back says the version of all that it has.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// How many of them.
const LENGTH: usize = 22;

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = |place: usize| char::from(DIGITS[(self.0 >> (6 * place)) as usize % DIGITS.len()]);
        (0..LENGTH).try_for_each(|place| f.write_char(digit(place)))
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The place of a digit among [`DIGITS`].
const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

/// A string that no version of ours prints as.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a version: 22 letters, digits, dashes or underscores expected")]
pub struct InvalidVersion;

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let add = |version: u128, byte| Some(version.checked_mul(64)? | u128::from(digit(byte)?));
        let version = text.bytes().rev().try_fold(0, add).filter(|_| text.len() == LENGTH);
        version.map(Self).ok_or(InvalidVersion)
    }
}

/// What must be true of the target before a resource that names it may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Needs {
    /// Some version of the target has been acknowledged (route → cluster).
    Acked,
    /// The present version of the target has been acknowledged: the resource takes away what the target serves in
    /// another way from now on (scope → listener).
    InForce,
    /// The target travels with the resource: before it where the target's type stands above in
    /// [`ResourceType`] (listener → secret), right after it, and again after each change of the reference,
    /// where it stands below (cluster → endpoints, listener → routes).
    Sent,
}

/// A name that a resource's body mentions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The type of the target.
    pub resource_type: ResourceType,
    /// The name of the target.
    pub name: Name,
    /// What the reference asks of the target.
    pub needs: Needs,
}

impl Reference {
    /// A reference whose target must have been acknowledged.
    pub fn acked(resource_type: ResourceType, name: impl Into<Name>) -> Self {
        Self { resource_type, name: name.into(), needs: Needs::Acked }
    }

    /// A reference whose target must have been acknowledged as it is now.
    pub fn in_force(resource_type: ResourceType, name: impl Into<Name>) -> Self {
        Self { resource_type, name: name.into(), needs: Needs::InForce }
    }

    /// A reference whose target travels along.
    pub fn sent(resource_type: ResourceType, name: impl Into<Name>) -> Self {
        Self { resource_type, name: name.into(), needs: Needs::Sent }
    }
}

/// What happens to a resource whose target was not acknowledged within the bound, as it should have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overdue {
    /// The Envoy keeps its previous version until the target comes (right for a table of one host).
    #[default]
    KeepPrevious,
    /// It is sent all the same (right for a table of many hosts: one tenant's cluster that never warms must
    /// not freeze the routes of all others).
    SendAnyway,
}

/// Where a message tells its own name, which Envoy compares with the one that it asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnName {
    /// In the body, if at all.
    #[default]
    InBody,
    /// In field 1, which is written from the resource's name before the body: the same body can then be delivered
    /// under several names.
    BeforeBody,
}

/// How long Envoy may take until a cluster serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Warming {
    /// Until it has what it names.
    #[default]
    Quick,
    /// So much longer at most: its endpoints are probed first.
    Within(Duration),
    /// Nobody knows: a name is resolved first.
    Open,
}

impl Warming {
    /// Whether it may be slow.
    pub const fn is_slow(self) -> bool {
        !matches!(self, Self::Quick)
    }

    /// How long after it has what it names it serves at the latest, where that is known.
    pub(crate) const fn limit(self) -> Option<Duration> {
        match self {
            Self::Quick => Some(Duration::ZERO),
            Self::Within(limit) => Some(limit),
            Self::Open => None,
        }
    }
}

/// One resource as the rest of the program hands it over: opaque bytes and what must be known about them.
#[derive(Clone)]
pub struct Resource {
    /// The name, as Envoy subscribes to it.
    pub name: Name,
    /// Hash of the serialized message.
    pub version: Version,
    /// The serialized message (`Any.value`), without its name where that is [`OwnName::BeforeBody`].
    pub body: Rope,
    /// Where the message tells its name.
    pub own_name: OwnName,
    /// The names that the body mentions; put in order when the resource is published.
    pub refs: Arc<[Reference]>,
    /// How long a cluster may warm. Those that may be slow are sent last and apart, because Envoy withholds the
    /// acknowledgements of all clusters while one of them warms.
    pub warming: Warming,
    /// What to do when a target is not acknowledged in time.
    pub overdue: Overdue,
}

impl Resource {
    /// A resource that refers to nothing; its version is the hash of the body.
    pub fn new(name: impl Into<Name>, body: impl Into<Rope>) -> Self {
        let body = body.into();
        Self {
            name: name.into(),
            version: Version::of(&body),
            body,
            own_name: OwnName::InBody,
            refs: Arc::new([]),
            warming: Warming::default(),
            overdue: Overdue::default(),
        }
    }

    /// A resource whose message is its name in field 1, and then `rest`: all other fields, serialized.
    pub fn named(name: impl Into<Name>, rest: impl Into<Rope>) -> Self {
        let mut resource = Self::new(name, rest);
        resource.own_name = OwnName::BeforeBody;
        resource.version = Version::behind(&wire::name_field(&resource.name), &resource.body);
        resource
    }

    /// Whether it can be delivered under this name.
    pub(crate) fn can_be(&self, name: &str) -> bool {
        self.own_name == OwnName::BeforeBody || *self.name == *name
    }

    /// The same under another name, with its body shared; `None` when the body tells the name.
    pub(crate) fn under(&self, name: &Name) -> Option<Self> {
        (self.own_name == OwnName::BeforeBody).then(|| Self {
            refs: Arc::clone(&self.refs),
            warming: self.warming,
            overdue: self.overdue,
            ..Self::named(Arc::clone(name), self.body.clone())
        })
    }

    /// The same with these references, sorted here; of two to one target the stricter stays.
    pub fn with_refs(mut self, refs: impl IntoIterator<Item = Reference>) -> Self {
        self.refs = refs.into_iter().collect();
        self.sorted()
    }

    /// The same with the references in order; nothing is done when they are.
    pub(crate) fn sorted(mut self) -> Self {
        let less = |a: &Reference, b: &Reference| (a.resource_type, &a.name) < (b.resource_type, &b.name);
        if self.refs.is_sorted_by(less) {
            return self;
        }
        let mut refs = self.refs.to_vec();
        refs.sort();
        refs.dedup_by(|later, first| later.resource_type == first.resource_type && later.name == first.name);
        self.refs = refs.into();
        self
    }

    /// The same, with so much time to warm.
    pub fn warming(mut self, warming: Warming) -> Self {
        self.warming = warming;
        self
    }

    /// The same with this rule for late targets.
    pub fn overdue(mut self, overdue: Overdue) -> Self {
        self.overdue = overdue;
        self
    }

    /// Whether the body mentions this name.
    pub fn refers_to(&self, resource_type: ResourceType, name: &str) -> bool {
        let place = self.refs.partition_point(|r| (r.resource_type, &*r.name) < (resource_type, name));
        self.refs.get(place).is_some_and(|r| r.resource_type == resource_type && *r.name == *name)
    }
}

/// Bodies may be keys: they are never printed.
impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{} ({} bytes)", self.name, self.version, self.body.len())
    }
}

/// One change of a fleet's configuration, applied as a whole.
#[derive(Clone, Debug, Default)]
pub struct Update {
    /// Resources that are new or changed; an equal version is dropped.
    pub set: Vec<(ResourceType, Resource)>,
    /// Names that are gone; unknown ones are ignored. A name that is also in `set` is set.
    pub removed: Vec<(ResourceType, Name)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_prints_as_22_digits_and_reads_back() {
        assert_eq!(Version(0xab).to_string(), "rCAAAAAAAAAAAAAAAAAAAA");
        for version in [0, 0xab, 1 << 127, u128::MAX].map(Version) {
            assert_eq!(version.to_string().parse(), Ok(version));
        }
    }

    #[test]
    fn foreign_version_strings_are_not_versions() {
        for text in
            ["", "1", &"A".repeat(21), &"A".repeat(23), &"+".repeat(22), &"_".repeat(22), &"0".repeat(32)]
        {
            assert_eq!(text.parse::<Version>(), Err(InvalidVersion), "{text}");
        }
    }

    #[test]
    fn type_urls_read_back() {
        for kind in ResourceType::ALL {
            assert_eq!(ResourceType::from_url(kind.url()), Some(kind));
            assert_eq!(ResourceType::ALL[kind.index()], kind);
        }
        assert_eq!(ResourceType::from_url("type.googleapis.com/envoy.unknown"), None);
    }

    #[test]
    fn references_are_found_by_type_and_name() {
        let route = Resource::new("r", "").with_refs([
            Reference::acked(ResourceType::Cluster, "b"),
            Reference::acked(ResourceType::Cluster, "a"),
        ]);
        assert!(route.refers_to(ResourceType::Cluster, "a"));
        assert!(route.refers_to(ResourceType::Cluster, "b"));
        assert!(!route.refers_to(ResourceType::Cluster, "c"));
        assert!(!route.refers_to(ResourceType::Secret, "a"));
    }

    #[test]
    fn version_of_a_named_resource_depends_on_name_and_body() {
        let version = |name: &str, rest: &'static str| Resource::named(name, rest).version;
        assert_eq!(version("ab", "rest"), version("ab", "rest"));
        assert_ne!(version("ab", "rest"), version("a", "rest"));
        assert_ne!(version("ab", "rest"), version("ab", "best"));
    }

    #[test]
    fn named_resource_shares_its_body_under_another_name() {
        let secret = Resource::named("a.example.com", "rest");
        let other = secret.under(&"A.example.com".into()).unwrap();
        let bytes = |resource: &Resource| resource.body.to_bytes().as_ptr();
        assert_eq!((&*other.name, bytes(&other)), ("A.example.com", bytes(&secret)));
        assert_eq!(other.version, Resource::named("A.example.com", "rest").version);
        assert!(Resource::new("a", "message").under(&"b".into()).is_none());
    }

    #[test]
    fn debug_output_never_shows_a_body() {
        let secret = Resource::new("default/tls", "-----BEGIN PRIVATE KEY-----");
        assert!(!format!("{secret:?}").contains("PRIVATE"));
    }
}
