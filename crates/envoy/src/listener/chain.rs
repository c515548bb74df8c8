//! Filter chains.

use envoy_protos::envoy::config::listener::v3 as proto;
use model::{Host, Listener, Policies, SecretKey, Settings, Targets, TlsTermination, Traffic, VirtualHost};

use super::carrier::connection_filters;
use super::server_names::SHARED_CHAIN;
use super::{ConnectionManager, Routes, ScopeKey, tcp_proxy, tls};
use crate::duration::seconds;
use crate::filters::{ext_authz, jwt_authn};
use crate::{Reference, XdsMode, asked, secret};

/// The name of the chain that closes every connection. No host is called so.
pub(crate) const CLOSING_CHAIN: &str = "~closing";

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
    /// The chain of one host, with the resources that it names. `table` is where its routes are.
    pub(crate) fn chain(
        &self,
        host: &VirtualHost,
        routes: Routes<'_>,
        table: Reference,
    ) -> (proto::FilterChain, Vec<Reference>) {
        let mut references: Vec<_> = host.tls.iter().flat_map(secrets).map(secret::reference).collect();
        let filters = match &host.traffic {
            Traffic::Http(_) => {
                references.push(table);
                references.extend(asked::references(self.settings));
                references.extend(jwt_authn::references(&host.jwt_providers));
                references.extend(host.authorization.as_deref().map(ext_authz::reference));
                vec![self.manager(host, routes).filter()]
            }
            Traffic::Tcp(targets) | Traffic::Udp(targets) => {
                references.extend(tcp_proxy::references(targets));
                connection_filters(targets, &host.policies, self.listener, self.settings)
            }
        };
        (self.assemble(host, filters), references)
    }

    /// The chain of all hosts whose certificates are fetched when clients ask for them. `class` is that of
    /// their scopes.
    pub(crate) fn shared(&self, class: &str) -> proto::FilterChain {
        let Self { listener, settings, mode } = *self;
        let routes = Routes::Scope(ScopeKey::ServerName(class));
        let manager = ConnectionManager { listener, settings, mode, routes, host: None, forward: None };
        proto::FilterChain {
            name: SHARED_CHAIN.to_owned(),
            filters: vec![manager.filter()],
            transport_socket: Some(tls::on_demand_socket(settings, mode)),
            // A client whose certificate does not come would wait for ever.
            transport_socket_connect_timeout: Some(seconds(5)),
            ..Default::default()
        }
    }

    /// The chain of clients that name no host that is served, with the resources that it names. They may ask for any
    /// host of the table.
    pub(crate) fn fallback(
        &self,
        name: &str,
        certificate: &SecretKey,
        routes: Routes<'_>,
        table: Reference,
    ) -> (proto::FilterChain, Vec<Reference>) {
        let Self { listener, settings, mode } = *self;
        let manager = ConnectionManager { listener, settings, mode, routes, host: None, forward: None };
        let chain = proto::FilterChain {
            name: name.to_owned(),
            filter_chain_match: Some(any_tls()),
            filters: vec![manager.filter()],
            transport_socket: Some(tls::fallback_socket(certificate, settings, mode)),
            ..Default::default()
        };
        let own = vec![secret::reference(certificate), table];
        (chain, [own, asked::references(settings)].concat())
    }

    /// A chain that closes every connection. Envoy refuses a listener without any.
    pub(crate) fn closing(&self) -> proto::FilterChain {
        let filters =
            connection_filters(&Targets::default(), &Policies::default(), self.listener, self.settings);
        proto::FilterChain { name: CLOSING_CHAIN.to_owned(), filters, ..Default::default() }
    }

    fn manager<'a>(&'a self, host: &'a VirtualHost, routes: Routes<'a>) -> ConnectionManager<'a> {
        let Self { listener, settings, mode } = *self;
        let asked = host.tls.as_ref().and_then(|tls| tls.clients.certificates());
        let forward = asked.and_then(|asked| asked.forward.as_ref());
        ConnectionManager { listener, settings, mode, routes, host: Some(host), forward }
    }

    fn assemble(&self, host: &VirtualHost, filters: Vec<proto::Filter>) -> proto::FilterChain {
        proto::FilterChain {
            name: host.host.to_string(),
            filter_chain_match: Some(chain_match(&host.host)),
            filters,
            transport_socket: host
                .tls
                .as_ref()
                .map(|each| tls::socket(each, &host.traffic, self.settings, self.mode)),
            ..Default::default()
        }
    }
}

/// The Secrets that the chain of a host names.
fn secrets(tls: &TlsTermination) -> impl Iterator<Item = &SecretKey> {
    let bundle = tls.clients.certificates().and_then(|asked| asked.trust.bundle());
    tls.certificates.iter().chain(bundle)
}

/// The connections of a host. Envoy has no name for "any": the catch-all takes whatever is TLS.
fn chain_match(host: &Host) -> proto::FilterChainMatch {
    if host.is_any() {
        return any_tls();
    }
    proto::FilterChainMatch { server_names: vec![host.to_string()], ..Default::default() }
}

/// What no chain takes by its server name.
fn any_tls() -> proto::FilterChainMatch {
    proto::FilterChainMatch { transport_protocol: "tls".to_owned(), ..Default::default() }
}
