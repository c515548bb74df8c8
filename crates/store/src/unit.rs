//! The pieces that are recomputed as a whole.

use model::{AssignmentKey, ClusterKey, ExtensionName, FleetId, ObjectId, SecretKey, VirtualHostKey};

/// A piece that is recomputed as a whole. What follows from roots is of one fleet.
///
/// The order is that in which dirty units run: a unit only makes later kinds dirty, but for routes that claim hosts: others
/// lose a listener by it, or get one back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// What the Gateways of a fleet offer to routes, with their ListenerSets, and the listeners of its Envoys.
    Gateways(FleetId),
    /// An ExtensionService that is asked about all hosts.
    Extension(FleetId, ExtensionName),
    /// What one Ingress, one root HTTPProxy with all that it includes, or one route of the Gateway API contributes; of a
    /// Gateway and a ListenerSet, what its listeners answer without routes; of an ExtensionService, what there is to say
    /// about it.
    Root(ObjectId),
    /// What all roots together make of one host of one listener.
    VirtualHost(VirtualHostKey),
    /// How one backend is reached.
    Cluster(FleetId, ClusterKey),
    /// The addresses of one port of a Service, or of several that share.
    Endpoints(FleetId, AssignmentKey),
    /// What Envoy is sent of one Secret.
    Secret(FleetId, SecretKey),
    /// What one user is told about one object.
    Report(ObjectId),
}
