//! What one root adds to the world.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{
    AncestorStatus, Authorization, Cluster, ClusterKey, CorsPolicy, GatewayApiStatus, Host, JwtProvider,
    ObjectId, Policies, Problem, Route, TlsTermination, Traffic, VirtualHostKey,
};
use store::{Age, Claims};

/// What one root adds to the world.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contribution {
    /// Its part in each host of each listener.
    pub fragments: BTreeMap<VirtualHostKey, Fragment>,
    /// Every cluster that its fragments name.
    pub clusters: BTreeMap<ClusterKey, Cluster>,
    /// The hosts of listeners that it claims for its kind, whatever comes of that.
    pub claims: Claims,
    /// What it has to say about objects: about itself if there is anything, and about every object that
    /// it reached.
    pub notes: BTreeMap<ObjectId, Note>,
}

impl Contribution {
    /// Adds a cluster and gives its key.
    pub fn add_cluster(&mut self, cluster: Cluster) -> ClusterKey {
        let key = cluster.key();
        self.clusters.entry(key.clone()).or_insert(cluster);
        key
    }

    /// Forgets the clusters that no fragment names: those of routes that came to nothing.
    pub(crate) fn keep_what_is_named(&mut self) {
        let mut named: Vec<&ClusterKey> = self.fragments.values().flat_map(clusters).collect();
        named.sort_unstable();
        self.clusters.retain(|key, _| named.binary_search(&key).is_ok());
    }

    /// Says something about an object.
    pub fn note(&mut self, object: &ObjectId, problem: Problem) {
        self.notes.entry(object.clone()).or_default().problems.push(problem);
    }

    /// Says that an object is part of this root, whether or not there is anything wrong with it.
    pub fn reach(&mut self, object: &ObjectId) {
        self.notes.entry(object.clone()).or_default();
    }
}

/// The clusters that a part of a host needs.
fn clusters(fragment: &Fragment) -> Vec<&ClusterKey> {
    let keys = fragment.jwt_providers.iter().filter_map(JwtProvider::key_server);
    let asked = fragment.authorization.iter().map(|authorization| &authorization.cluster);
    keys.chain(asked).chain(targets(&fragment.traffic)).collect()
}

/// The clusters that traffic goes to.
fn targets(traffic: &Traffic) -> Vec<&ClusterKey> {
    match traffic {
        Traffic::Tcp(targets) | Traffic::Udp(targets) => {
            targets.clusters.iter().map(|each| &each.cluster).collect()
        }
        Traffic::Http(routes) => {
            let mut keys = Vec::with_capacity(routes.len());
            keys.extend(routes.iter().flat_map(Route::clusters));
            keys
        }
    }
}

/// What a root has to say about an object. One without problems says that the object is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Note {
    /// What is wrong, in the order it was found.
    pub problems: Vec<Problem>,
    /// What its status says, of an object of the Gateway API.
    pub standing: Option<Box<Standing>>,
}

/// What a unit knows of the status of an object of the Gateway API.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Standing {
    /// All of it; of a Gateway and a ListenerSet, but how many routes are attached.
    Whole(GatewayApiStatus),
    /// That a route is attached to these listeners of it.
    Attached(Vec<Arc<str>>),
    /// What a policy comes to where a route has its backends.
    Reached(Vec<AncestorStatus>),
}

/// The part of one root in one host of one listener.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fragment {
    /// Its place among the parts of other roots.
    pub rank: Rank,
    /// The host of the Gateway's listener that it is part of, where that is another.
    pub section: Option<Host>,
    /// How TLS ends.
    pub tls: Option<TlsTermination>,
    /// Routes in any order, or connections. No routes: the root has nothing to serve here, but policies to keep up.
    pub traffic: Traffic,
    /// What requests to the host must meet.
    pub policies: Policies,
    /// Which scripts of other origins may send requests and read the answers.
    pub cors: Option<Arc<CorsPolicy>>,
    /// The issuers of tokens that its routes ask for.
    pub jwt_providers: Vec<JwtProvider>,
    /// Whether something that would restrict access to the host cannot be built: routes of other roots answer 500,
    /// too.
    pub closed: bool,
    /// The service that is asked about requests.
    pub authorization: Option<Arc<Authorization>>,
}

impl Fragment {
    /// Whether it decides anything about how the host is served.
    pub(crate) const fn serves(&self) -> bool {
        match &self.traffic {
            Traffic::Http(routes) => self.tls.is_some() || !routes.is_empty(),
            Traffic::Tcp(_) | Traffic::Udp(_) => true,
        }
    }
}

/// The place of a root among others of the same host; the smaller wins.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rank {
    /// The kind of root.
    pub origin: Origin,
    /// When it was made: the oldest wins.
    pub age: Age,
    /// The root itself: namespace, then name.
    pub root: ObjectId,
}

/// The kind of a root, in the order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// An HTTPProxy; overrides an Ingress on an equal match, as in Contour.
    HttpProxy,
    /// An IngressRoute; overrides an Ingress, too.
    IngressRoute,
    /// An Ingress.
    Ingress,
    /// A route of the Gateway API.
    Route,
    /// What a Gateway or a ListenerSet answers where there is no route.
    Gateway,
}
