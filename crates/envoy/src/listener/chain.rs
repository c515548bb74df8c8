//! Filter chains.

use envoy_protos::envoy::config::listener::v3 as proto;
use model::{Host, Listener, Settings, Traffic, VirtualHost};

use super::{ConnectionManager, tcp_proxy, tls};
use crate::{Reference, ResourceType, XdsMode, secret};

/// The only chain of a plaintext listener.
pub(crate) fn plain_chain(manager: &ConnectionManager<'_>) -> proto::FilterChain {
    proto::FilterChain { filters: vec![manager.filter()], ..Default::default() }
}

/// The chains of a TLS listener, one for each host.
pub(crate) struct Chains<'a> {
    /// The listener.
    pub(crate) listener: &'a Listener,
    /// What is the same for all.
    pub(crate) settings: &'a Settings,
    /// How secrets and route configurations are fetched.
    pub(crate) mode: XdsMode,
}

impl Chains<'_> {
    /// The chain of one host, with the resources that it names.
    pub(crate) fn chain(
        &self,
        host: &VirtualHost,
        route_configuration: &str,
    ) -> (proto::FilterChain, Vec<Reference>) {
        let mut references: Vec<_> = host.tls.iter().map(|tls| secret::reference(&tls.certificate)).collect();
        let filter = match &host.traffic {
            Traffic::Http(_) => {
                references.push(Reference::sent(ResourceType::RouteConfiguration, route_configuration));
                self.manager(&host.host, route_configuration).filter()
            }
            Traffic::Tcp(proxy) => {
                references.extend(tcp_proxy::references(proxy));
                tcp_proxy::tcp_proxy(proxy, self.listener)
            }
        };
        (self.assemble(host, filter), references)
    }

    fn manager<'a>(&'a self, host: &'a Host, route_configuration: &'a str) -> ConnectionManager<'a> {
        let Self { listener, settings, mode } = *self;
        ConnectionManager { listener, settings, mode, route_configuration, host: Some(host) }
    }

    fn assemble(&self, host: &VirtualHost, filter: proto::Filter) -> proto::FilterChain {
        proto::FilterChain {
            name: host.host.to_string(),
            filter_chain_match: Some(chain_match(&host.host)),
            filters: vec![filter],
            transport_socket: host.tls.as_ref().map(|each| tls::socket(each, &host.traffic, self.mode)),
            ..Default::default()
        }
    }
}

/// The connections of a host. Envoy has no name for "any": the catch-all takes whatever is TLS.
fn chain_match(host: &Host) -> proto::FilterChainMatch {
    if host.is_any() {
        return proto::FilterChainMatch { transport_protocol: "tls".to_owned(), ..Default::default() };
    }
    proto::FilterChainMatch { server_names: vec![host.to_string()], ..Default::default() }
}
