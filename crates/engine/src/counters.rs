//! How much was done.

use std::ops::{AddAssign, Sub};

use store::Unit;

/// How many units were recomputed, and how much came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Changes that came in.
    pub changes: u64,
    /// The Gateways of a fleet with their ListenerSets.
    pub gateways: u64,
    /// Ingresses, root HTTPProxies, routes of the Gateway API and what these are attached to.
    pub roots: u64,
    /// Hosts of listeners.
    pub virtual_hosts: u64,
    /// Clusters.
    pub clusters: u64,
    /// Ports of Services whose addresses were read.
    pub endpoints: u64,
    /// Secrets.
    pub secrets: u64,
    /// Reports.
    pub reports: u64,
    /// Resources published, removals included.
    pub resources: u64,
    /// Bytes of the resources published.
    pub bytes: u64,
}

impl Counters {
    /// All units recomputed.
    #[must_use]
    pub const fn units(&self) -> u64 {
        self.gateways
            + self.roots
            + self.virtual_hosts
            + self.clusters
            + self.endpoints
            + self.secrets
            + self.reports
    }

    /// Counts one run of a unit.
    pub(crate) const fn count(&mut self, unit: &Unit) {
        let counter = match unit {
            Unit::Gateways(_) => &mut self.gateways,
            Unit::Root(_) => &mut self.roots,
            Unit::VirtualHost(_) => &mut self.virtual_hosts,
            Unit::Extension(..) | Unit::Cluster(..) => &mut self.clusters,
            Unit::Endpoints(..) => &mut self.endpoints,
            Unit::Secret(..) => &mut self.secrets,
            Unit::Report(_) => &mut self.reports,
        };
        *counter += 1;
    }
}

impl AddAssign for Counters {
    fn add_assign(&mut self, more: Self) {
        *self = self.with(more, u64::wrapping_add);
    }
}

/// What came since `earlier`.
impl Sub for Counters {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        self.with(earlier, u64::wrapping_sub)
    }
}

impl Counters {
    fn with(self, other: Self, each: fn(u64, u64) -> u64) -> Self {
        Self {
            changes: each(self.changes, other.changes),
            gateways: each(self.gateways, other.gateways),
            roots: each(self.roots, other.roots),
            virtual_hosts: each(self.virtual_hosts, other.virtual_hosts),
            clusters: each(self.clusters, other.clusters),
            endpoints: each(self.endpoints, other.endpoints),
            secrets: each(self.secrets, other.secrets),
            reports: each(self.reports, other.reports),
            resources: each(self.resources, other.resources),
            bytes: each(self.bytes, other.bytes),
        }
    }
}
