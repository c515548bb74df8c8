//! A TLS listener: one filter chain and one table for each host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use envoy_protos::envoy::config::listener::v3 as proto;
use envoy_protos::envoy::config::route::v3::RouteConfiguration;
use model::{Host, Listener, Route, Settings, Traffic, VirtualHost};

use super::assembly::Assembly;
use super::outbox::{Id, Outbox};
use super::{Before, Output, route_table};
use crate::listener::{Chains, shell};
use crate::virtual_host::{misdirected, virtual_host};
use crate::{References, Resource, ResourceType, XdsMode, route};

/// The number of `Listener.filter_chains`.
const FILTER_CHAINS: u8 = 3;

/// A listener whose hosts are told apart by SNI.
pub(super) struct Tls {
    listener: Listener,
    settings: Arc<Settings>,
    mode: XdsMode,
    chains: Assembly,
    tables: Outbox,
}

impl Tls {
    pub(super) fn new(listener: &Listener, settings: Arc<Settings>, mode: XdsMode) -> Self {
        let chains = chains(listener);
        Self { listener: listener.clone(), settings, mode, chains, tables: Outbox::default() }
    }

    pub(super) fn set(&mut self, host: &Host, value: Option<&VirtualHost>) {
        let table = table_name(host);
        match value.filter(|each| can_be_served(each)) {
            Some(value) => {
                self.set_chain(host, value, &table);
                self.set_table(value, table);
            }
            None => {
                self.chains.remove(host);
                self.tables.remove(ResourceType::RouteConfiguration, table);
            }
        }
    }

    fn set_chain(&mut self, host: &Host, value: &VirtualHost, table: &str) {
        let Self { listener, settings, mode, .. } = &*self;
        let (chain, references) = Chains { listener, settings, mode: *mode }.chain(value, table);
        self.chains.put(host, &chain, references);
    }

    fn set_table(&mut self, value: &VirtualHost, name: Arc<str>) {
        match &value.traffic {
            Traffic::Http(routes) => self.tables.put(table(name, &value.host, routes)),
            Traffic::Tcp(_) => self.tables.remove(ResourceType::RouteConfiguration, name),
        }
    }

    /// Envoy refuses a listener without filter chains: this one is there while it has any.
    pub(super) fn flush(&mut self) -> Vec<Output> {
        self.tables.flush().into_iter().chain(self.chains.flush_unless_empty()).collect()
    }

    /// A host changes in its chain, its table or both; what it was is always both.
    pub(super) fn take_replaced(&mut self) -> Vec<(Host, Before)> {
        let mut chains = self.chains.take_replaced();
        let mut tables = by_host(self.tables.take_replaced());
        let only_tables = tables.keys().filter(|host| !chains.contains_key(*host)).cloned().collect();
        let mut same_chains = self.chains.fragments(&only_tables);
        let hosts: BTreeSet<_> = chains.keys().chain(tables.keys()).cloned().collect();
        let before = |host: Host| {
            let fragment = chains.remove(&host).unwrap_or_else(|| same_chains.remove(&host));
            let resource = tables.remove(&host).unwrap_or_else(|| self.table_of(&host));
            (host, Before { fragment, resource })
        };
        hosts.into_iter().map(before).collect()
    }

    fn table_of(&self, host: &Host) -> Option<Resource> {
        self.tables.published(ResourceType::RouteConfiguration, table_name(host)).cloned()
    }

    pub(super) fn restore(&mut self, host: &Host, before: Before) {
        self.chains.restore(host, before.fragment);
        match before.resource {
            Some(table) => self.tables.put(table),
            None => self.tables.remove(ResourceType::RouteConfiguration, table_name(host)),
        }
    }

    /// All hosts have a part in the listener, and each has its table.
    pub(super) fn members(&self, resource_type: ResourceType, listener: &str, name: &str) -> Vec<Host> {
        match resource_type {
            ResourceType::Listener if name == listener => self.chains.hosts().cloned().collect(),
            ResourceType::RouteConfiguration => {
                let host = name.strip_prefix(TABLE_PREFIX);
                self.chains.hosts().filter(|each| Some(each.as_str()) == host).cloned().collect()
            }
            ResourceType::Secret
            | ResourceType::ClusterLoadAssignment
            | ResourceType::Cluster
            | ResourceType::Listener
            | ResourceType::Runtime => vec![],
        }
    }
}

/// Requests are never routed from a TLS listener where TLS does not end.
fn can_be_served(host: &VirtualHost) -> bool {
    host.tls.is_some() || matches!(host.traffic, Traffic::Tcp(_))
}

const TABLE_PREFIX: &str = "https/";

fn table_name(host: &Host) -> Arc<str> {
    format!("{TABLE_PREFIX}{host}").into()
}

/// Tables by their hosts; nothing but tables is in the box.
fn by_host(tables: BTreeMap<Id, Option<Resource>>) -> BTreeMap<Host, Option<Resource>> {
    let host = |name: &str| Some(Host::new(name.strip_prefix(TABLE_PREFIX)?));
    tables.into_iter().filter_map(|((_, name), table)| Some((host(&name)?, table))).collect()
}

fn chains(listener: &Listener) -> Assembly {
    let shell = shell(listener);
    let head =
        proto::Listener { name: shell.name.clone(), address: shell.address.clone(), ..Default::default() };
    let tail = proto::Listener { name: String::new(), address: None, ..shell };
    Assembly::new(listener.id.as_str(), &head, FILTER_CHAINS, &tail)
}

/// The table of one host: its routes, and 421 for every other host. The catch-all host has no other.
fn table(name: Arc<str>, host: &Host, routes: &[Route]) -> Resource {
    let mismatch = (!host.is_any()).then(misdirected);
    let table = RouteConfiguration {
        name: name.to_string(),
        virtual_hosts: [virtual_host(host, routes)].into_iter().chain(mismatch).collect(),
        ..route_table::common()
    };
    Resource::new(name, &table, References::new(route::references(routes)))
}
