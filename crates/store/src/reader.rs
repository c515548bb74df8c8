//! Reading the world, and remembering what was read.

use std::cell::RefCell;

use model::{Host, Kind, ObjectId};

use crate::claims::Claimed;
use crate::facts::{
    BackendTlsPolicyFact, BackendTrafficPolicyFact, ConfigMapFact, ContourDeploymentFact, DelegationFact,
    ExtensionServiceFact, GatewayClassFact, GatewayFact, GrpcRouteFact, HttpProxyFact, HttpRouteFact,
    IngressFact, IngressRouteFact, ListenerSetFact, NamespaceFact, ReferenceGrantFact, SecretFact,
    ServiceFact, SliceFact, TcpRouteFact, TlsRouteFact, UdpRouteFact,
};
use crate::store::Map;
use crate::{Age, Name, NameRef, Offer, Read, Source, Store};

/// A root that claims a host. The order is that in which claims count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claimant<'s> {
    /// When it was made.
    pub age: Age,
    /// Its name.
    pub name: &'s Name,
    /// What it is.
    pub kind: Kind,
    /// The class that it says it belongs to.
    pub class: Option<&'s str>,
}

/// A view of the world that records what is read of it, misses too.
#[derive(Debug)]
pub struct Reader<'s> {
    store: &'s Store,
    reads: RefCell<Vec<Source>>,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(store: &'s Store) -> Self {
        Self { store, reads: RefCell::default() }
    }

    /// What has been read; hand it to [`Store::record`].
    #[must_use]
    pub fn into_reads(self) -> Vec<Source> {
        self.reads.into_inner()
    }

    /// A Service, with its name.
    pub fn service(&self, namespace: &str, name: &str) -> Option<(&'s Name, &'s ServiceFact)> {
        self.object(&self.store.services, Kind::Service, NameRef { namespace, name })
    }

    /// A Secret.
    pub fn secret(&self, namespace: &str, name: &str) -> Option<&'s SecretFact> {
        self.object(&self.store.secrets, Kind::Secret, NameRef { namespace, name }).map(|(_, fact)| fact)
    }

    /// An HTTPProxy.
    pub fn http_proxy(&self, namespace: &str, name: &str) -> Option<&'s HttpProxyFact> {
        let name = NameRef { namespace, name };
        self.object(&self.store.http_proxies.facts, Kind::HttpProxy, name).map(|(_, fact)| fact)
    }

    /// An ExtensionService.
    pub fn extension_service(&self, namespace: &str, name: &str) -> Option<&'s ExtensionServiceFact> {
        let name = NameRef { namespace, name };
        self.object(&self.store.extension_services, Kind::ExtensionService, name).map(|(_, fact)| fact)
    }

    /// An Ingress.
    pub fn ingress(&self, namespace: &str, name: &str) -> Option<&'s IngressFact> {
        self.object(&self.store.ingresses, Kind::Ingress, NameRef { namespace, name }).map(|(_, fact)| fact)
    }

    /// The EndpointSlices of a Service, by name.
    pub fn slices(&self, namespace: &str, service: &str) -> impl Iterator<Item = &'s SliceFact> {
        let service = NameRef { namespace, name: service };
        self.record(Read::Slices(service));
        self.store.slices.get(&service).into_iter().flatten().map(|(_, slice)| slice)
    }

    /// An IngressRoute.
    pub fn ingress_route(&self, namespace: &str, name: &str) -> Option<&'s IngressRouteFact> {
        let name = NameRef { namespace, name };
        self.object(&self.store.ingress_routes.facts, Kind::IngressRoute, name).map(|(_, fact)| fact)
    }

    /// The roots of a host, HTTPProxies and IngressRoutes, whatever their class: oldest first, then by namespace and
    /// name, an HTTPProxy before an IngressRoute.
    pub fn roots_of_host(&self, host: &Host) -> impl Iterator<Item = Claimant<'s>> + use<'s> {
        self.record(Read::RootsOfHost(host.as_str()));
        let mut proxies = self.store.http_proxies.of_host(Kind::HttpProxy, host).peekable();
        let mut routes = self.store.ingress_routes.of_host(Kind::IngressRoute, host).peekable();
        std::iter::from_fn(move || match (proxies.peek(), routes.peek()) {
            (Some(proxy), Some(route)) if route < proxy => routes.next(),
            (Some(_), _) => proxies.next(),
            (None, _) => routes.next(),
        })
    }

    /// The Ingresses that ask for TLS for all hosts (`*`), whatever their class, by namespace and name.
    pub fn tls_for_all(&self) -> impl Iterator<Item = &'s Name> {
        self.record(Read::TlsForAll);
        self.store.tls_for_all.iter()
    }

    /// Whether the namespace of a Secret lets another use it. Its own always may.
    pub fn delegates(&self, owner: &str, secret: &str, user: &str) -> bool {
        if owner == user {
            return true;
        }
        self.record(Read::Delegations(owner));
        let all = [&self.store.delegations, &self.store.heptio_delegations];
        let delegations = all.into_iter().filter_map(|all| all.get(owner));
        delegations.flatten().any(|(_, delegation)| delegation.permits(secret, user))
    }

    /// A TLSCertificateDelegation of either API.
    pub fn delegation(&self, id: &ObjectId) -> Option<&'s DelegationFact> {
        self.record(Read::object(id));
        let delegations = match id.kind {
            Kind::HeptioCertificateDelegation => &self.store.heptio_delegations,
            _ => &self.store.delegations,
        };
        let named = delegations.get(&id.namespace)?;
        let place = named.binary_search_by(|(name, _)| name.cmp(&id.name)).ok()?;
        Some(&named[place].1)
    }

    /// The labels of a Namespace.
    pub fn namespace(&self, name: &str) -> Option<&'s NamespaceFact> {
        let name = NameRef { namespace: "", name };
        self.object(&self.store.gateway_api.namespaces, Kind::Namespace, name).map(|(_, fact)| fact)
    }

    /// A ConfigMap.
    pub fn config_map(&self, namespace: &str, name: &str) -> Option<&'s ConfigMapFact> {
        let name = NameRef { namespace, name };
        self.object(&self.store.gateway_api.config_maps, Kind::ConfigMap, name).map(|(_, fact)| fact)
    }

    /// A ContourDeployment.
    pub fn contour_deployment(&self, namespace: &str, name: &str) -> Option<&'s ContourDeploymentFact> {
        let name = NameRef { namespace, name };
        let known = &self.store.gateway_api.contour_deployments;
        self.object(known, Kind::ContourDeployment, name).map(|(_, fact)| fact)
    }

    /// A GatewayClass.
    pub fn gateway_class(&self, name: &str) -> Option<&'s GatewayClassFact> {
        let name = NameRef { namespace: "", name };
        self.object(&self.store.gateway_api.classes, Kind::GatewayClass, name).map(|(_, fact)| fact)
    }

    /// A Gateway.
    pub fn gateway(&self, namespace: &str, name: &str) -> Option<&'s GatewayFact> {
        let name = NameRef { namespace, name };
        self.object(&self.store.gateway_api.gateways, Kind::Gateway, name).map(|(_, fact)| fact)
    }

    /// The Gateways that name a class, by namespace and name.
    pub fn gateways_of(&self, class: &str) -> impl Iterator<Item = (&'s Name, &'s GatewayFact)> + use<'s> {
        self.record(Read::Gateways(class));
        let api = &self.store.gateway_api;
        let names = api.gateways_of.get(class).into_iter().flatten();
        names.filter_map(|name| api.gateways.get(name).map(|fact| (name, fact)))
    }

    /// A ListenerSet.
    pub fn listener_set(&self, namespace: &str, name: &str) -> Option<&'s ListenerSetFact> {
        let name = NameRef { namespace, name };
        self.object(&self.store.gateway_api.listener_sets, Kind::ListenerSet, name).map(|(_, fact)| fact)
    }

    /// The ListenerSets that name a Gateway, by namespace and name.
    pub fn listener_sets_of(&self, gateway: &Name) -> impl Iterator<Item = (&'s Name, &'s ListenerSetFact)> {
        self.record(Read::ListenerSets(gateway.into()));
        let api = &self.store.gateway_api;
        let names = api.sets.get(gateway).into_iter().flatten();
        names.filter_map(|name| api.listener_sets.get(name).map(|fact| (name, fact)))
    }

    /// An HTTPRoute.
    pub fn http_route(&self, namespace: &str, name: &str) -> Option<&'s HttpRouteFact> {
        let name = NameRef { namespace, name };
        self.object(&self.store.gateway_api.http_routes, Kind::HttpRoute, name).map(|(_, fact)| fact)
    }

    /// A GRPCRoute.
    pub fn grpc_route(&self, namespace: &str, name: &str) -> Option<&'s GrpcRouteFact> {
        let name = NameRef { namespace, name };
        self.object(&self.store.gateway_api.grpc_routes, Kind::GrpcRoute, name).map(|(_, fact)| fact)
    }

    /// A TLSRoute.
    pub fn tls_route(&self, namespace: &str, name: &str) -> Option<&'s TlsRouteFact> {
        let name = NameRef { namespace, name };
        self.object(&self.store.gateway_api.tls_routes, Kind::TlsRoute, name).map(|(_, fact)| fact)
    }

    /// A TCPRoute.
    pub fn tcp_route(&self, namespace: &str, name: &str) -> Option<&'s TcpRouteFact> {
        let name = NameRef { namespace, name };
        self.object(&self.store.gateway_api.tcp_routes, Kind::TcpRoute, name).map(|(_, fact)| fact)
    }

    /// A UDPRoute.
    pub fn udp_route(&self, namespace: &str, name: &str) -> Option<&'s UdpRouteFact> {
        let name = NameRef { namespace, name };
        self.object(&self.store.gateway_api.udp_routes, Kind::UdpRoute, name).map(|(_, fact)| fact)
    }

    /// What a Gateway or a ListenerSet of ours offers to routes; `None` for one that is not ours, or not there.
    pub fn offer(&self, parent: &ObjectId) -> Option<&'s Offer> {
        self.record(Read::Offer(parent));
        self.store.gateway_api.offers.get(parent).map(|offer| &**offer)
    }

    /// The ReferenceGrants of a namespace, by name.
    pub fn grants(&self, namespace: &str) -> impl Iterator<Item = &'s ReferenceGrantFact> {
        self.record(Read::Grants(namespace));
        self.store.gateway_api.grants.get(namespace).into_iter().flatten().map(|(_, grant)| grant)
    }

    /// The policies that name a Service, by kind, namespace and name.
    pub fn policies(&self, service: &Name) -> impl Iterator<Item = &'s ObjectId> {
        self.record(Read::Policies(service.into()));
        self.store.gateway_api.policies.get(service).into_iter().flatten()
    }

    /// A BackendTLSPolicy.
    pub fn tls_policy(&self, namespace: &str, name: &str) -> Option<&'s BackendTlsPolicyFact> {
        let name = NameRef { namespace, name };
        self.object(&self.store.gateway_api.tls_policies, Kind::BackendTlsPolicy, name).map(|(_, fact)| fact)
    }

    /// An XBackendTrafficPolicy.
    pub fn traffic_policy(&self, namespace: &str, name: &str) -> Option<&'s BackendTrafficPolicyFact> {
        let name = NameRef { namespace, name };
        let policies = &self.store.gateway_api.traffic_policies;
        self.object(policies, Kind::XBackendTrafficPolicy, name).map(|(_, fact)| fact)
    }

    /// What routes claim. Nothing is recorded.
    pub(crate) const fn claimed(&self) -> &'s Claimed {
        &self.store.claimed
    }

    fn object<F>(&self, facts: &'s Map<Name, F>, kind: Kind, name: NameRef<'_>) -> Option<(&'s Name, &'s F)> {
        self.record(Read::Object(kind, name));
        facts.get_key_value(&name)
    }

    fn record(&self, read: Read<'_>) {
        self.reads.borrow_mut().push(read.into());
    }
}
