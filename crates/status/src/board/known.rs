//! What is known of Envoys and of addresses.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::gateway_api::gateway::GatewayStatusAddress;
use api::http_proxy::status::LoadBalancerIngress;
use model::FleetId;

use crate::share::Share;
use crate::wanted::Context;
use crate::{Release, Statement};

/// What is the same for all objects, or for all of a fleet.
#[derive(Debug)]
pub(super) struct Known {
    /// What we write about.
    pub(super) share: Share,
    /// The newest publication that all connected Envoys of each fleet have acknowledged.
    pub(super) acknowledged: BTreeMap<FleetId, u64>,
    /// Where clients reach the hosts, as far as that is known.
    pub(super) addresses: Option<Arc<[LoadBalancerIngress]>>,
    /// Where clients reach each Gateway, as far as that is known.
    pub(super) gateways: BTreeMap<FleetId, Vec<GatewayStatusAddress>>,
    /// Whether the cluster has the experimental channel of the Gateway API, as far as that is known.
    pub(super) experimental: Option<bool>,
    /// Which release its definitions are of, as far as that was told.
    pub(super) release: Option<Release>,
}

impl Known {
    pub(super) fn new(share: Share) -> Self {
        Self {
            share,
            acknowledged: BTreeMap::new(),
            addresses: None,
            gateways: BTreeMap::new(),
            experimental: None,
            release: None,
        }
    }

    /// Whether some of a fleet's Envoys have not acknowledged a publication.
    pub(super) fn lacks(&self, fleet: &FleetId, publication: u64) -> bool {
        self.acknowledged.get(fleet).is_none_or(|done| *done < publication)
    }

    /// What a status depends on that is to say this.
    pub(super) fn context<'a>(&'a self, said: &'a Statement) -> Context<'a> {
        Context {
            target: &said.target,
            acknowledged: self.acknowledged.get(&said.fleet).copied(),
            addresses: self.addresses.as_ref(),
            gateway: self.gateways.get(&said.fleet).map(Vec::as_slice),
            share: &self.share,
            experimental: self.experimental == Some(true),
            release: self.release.as_ref().unwrap_or(&Release::Unknown),
        }
    }
}
