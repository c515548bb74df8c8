//! A TLS listener: one filter chain and one table for each host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use envoy_protos::envoy::config::listener::v3 as proto;
use model::{Host, Listener, Settings, Traffic, VirtualHost};

use super::assembly::Assembly;
use super::by_listener::Shape;
use super::outbox::Outbox;
use super::tables::Tables;
use super::{Form, Output};
use crate::listener::{Chains, shell};
use crate::{Resource, ResourceType, XdsMode};

/// The number of `Listener.filter_chains`.
const FILTER_CHAINS: u8 = 3;

/// A listener whose hosts are told apart by SNI.
pub(super) struct Tls {
    listener: Listener,
    settings: Arc<Settings>,
    mode: XdsMode,
    kind: Tables,
    chains: Assembly,
    tables: Outbox,
}

impl Tls {
    pub(super) fn new(listener: &Listener, settings: Arc<Settings>, mode: XdsMode, kind: Tables) -> Self {
        let chains = chains(listener);
        Self { listener: listener.clone(), settings, mode, kind, chains, tables: Outbox::default() }
    }

    fn set_chain(&mut self, host: &Host, value: &VirtualHost) {
        let Self { listener, settings, mode, kind, .. } = &*self;
        let name = kind.name(host);
        let chains = Chains { listener, settings, mode: *mode };
        let (chain, references) = chains.chain(value, kind.routes(&name), kind.reference(name.clone()));
        self.chains.put(host, &chain, references);
    }

    fn set_table(&mut self, host: &Host, value: &VirtualHost) {
        match &value.traffic {
            Traffic::Http(routes) => self.tables.put(self.kind.table(value, routes)),
            Traffic::Tcp(_) => self.remove_table(host),
        }
    }

    fn remove_table(&mut self, host: &Host) {
        self.tables.remove(self.kind.resource_type(), self.kind.name(host));
    }

    fn table_of(&self, host: &Host) -> Option<Resource> {
        self.tables.published(self.kind.resource_type(), self.kind.name(host)).cloned()
    }

    /// Tables that changed, by their hosts; nothing but tables is in the box.
    fn replaced_tables(&mut self) -> BTreeMap<Host, Option<Resource>> {
        let tables = self.tables.take_replaced().into_iter();
        tables.filter_map(|((_, name), table)| Some((self.kind.host(&name)?, table))).collect()
    }
}

impl Shape for Tls {
    fn set(&mut self, host: &Host, value: Option<&VirtualHost>) {
        match value.filter(|each| can_be_served(each)) {
            Some(value) => {
                self.set_chain(host, value);
                self.set_table(host, value);
            }
            None => {
                self.chains.remove(host);
                self.remove_table(host);
            }
        }
    }

    /// Envoy refuses a listener without filter chains: this one is there while it has any.
    fn flush(&mut self) -> Vec<Output> {
        self.tables.flush().into_iter().chain(self.chains.flush_unless_empty()).collect()
    }

    /// All hosts have a part in the listener, and each has its table.
    fn members(&self, resource_type: ResourceType, name: &str) -> Vec<Host> {
        if resource_type == ResourceType::Listener && name == self.listener.id.as_str() {
            return self.chains.hosts().cloned().collect();
        }
        let host = (resource_type == self.kind.resource_type()).then(|| self.kind.host(name)).flatten();
        self.chains.hosts().filter(|each| Some(*each) == host.as_ref()).cloned().collect()
    }

    /// A new chain waits for its scope, which may wait for a cluster.
    fn shared(&self) -> Vec<(ResourceType, Arc<str>)> {
        match self.kind {
            Tables::Routes => vec![],
            Tables::Scopes => vec![(ResourceType::Listener, self.listener.id.as_str().into())],
        }
    }

    /// A host changes in its chain, its table or both; what it was is always both.
    fn take_replaced(&mut self) -> Vec<(Host, Form)> {
        let mut chains = self.chains.take_replaced();
        let mut tables = self.replaced_tables();
        let only_tables = tables.keys().filter(|host| !chains.contains_key(*host)).cloned().collect();
        let mut same_chains = self.chains.fragments(&only_tables);
        let hosts: BTreeSet<_> = chains.keys().chain(tables.keys()).cloned().collect();
        let before = |host: Host| {
            let fragment = chains.remove(&host).unwrap_or_else(|| same_chains.remove(&host));
            let resource = tables.remove(&host).unwrap_or_else(|| self.table_of(&host));
            (host, Form { fragment, resource, place: None })
        };
        hosts.into_iter().map(before).collect()
    }

    fn restore(&mut self, host: &Host, before: Form) {
        self.chains.restore(host, before.fragment);
        match before.resource {
            Some(table) => self.tables.put(table),
            None => self.remove_table(host),
        }
    }
}

/// Requests are never routed from a TLS listener where TLS does not end.
pub(super) fn can_be_served(host: &VirtualHost) -> bool {
    host.tls.is_some() || matches!(host.traffic, Traffic::Tcp(_))
}

fn chains(listener: &Listener) -> Assembly {
    let shell = shell(listener);
    let head =
        proto::Listener { name: shell.name.clone(), address: shell.address.clone(), ..Default::default() };
    let tail = proto::Listener { name: String::new(), address: None, ..shell };
    Assembly::new(listener.id.as_str(), &head, FILTER_CHAINS, &tail)
}
