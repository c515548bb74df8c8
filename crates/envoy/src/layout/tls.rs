//! A TLS listener: one filter chain and one table for each host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use envoy_protos::envoy::config::listener::v3 as proto;
use model::{Host, Listener, SecretKey, Settings, Traffic, VirtualHost};

use super::assembly::Assembly;
use super::by_listener::Shape;
use super::fallback::Fallback;
use super::outbox::Outbox;
use super::tables::Tables;
use super::{Form, Output};
use crate::listener::{Chains, FALLBACK_CHAIN, shell};
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
    fallback: Fallback,
    /// The certificate of the fallback chain as it stands among the others.
    fallback_chain: Option<SecretKey>,
    /// Whether a catch-all host takes what is nobody's: there is no fallback chain then.
    catch_all: bool,
}

impl Tls {
    pub(super) fn new(listener: &Listener, settings: Arc<Settings>, mode: XdsMode, kind: Tables) -> Self {
        Self {
            chains: chains(listener, &settings),
            tables: Outbox::default(),
            fallback: Fallback::new(kind, &listener.id, &settings),
            fallback_chain: None,
            catch_all: false,
            listener: listener.clone(),
            settings,
            mode,
            kind,
        }
    }

    fn set_chain(&mut self, host: &Host, value: &VirtualHost) {
        let Self { listener, settings, mode, kind, .. } = &*self;
        let name = kind.name(value);
        let chains = Chains { listener, settings, mode: *mode };
        let (chain, references) = chains.chain(value, kind.routes(&name), kind.reference(name.clone()));
        self.chains.put(host, &chain, references);
    }

    fn set_table(&mut self, host: &Host, value: &VirtualHost) {
        match &value.traffic {
            Traffic::Http(routes) => self.put_table(host, self.kind.table(value, routes)),
            Traffic::Tcp(_) => {
                self.remove_table(host);
                // Envoy keeps the routes of a table that is removed for the connections that it still has.
                if let Some(bar) = self.kind.barred(host, &self.listener.id).filter(|_| restricts(value)) {
                    self.tables.put(bar);
                }
            }
        }
    }

    /// Puts the table of a host, and takes care of the name that it does not have.
    fn put_table(&mut self, host: &Host, table: Resource) {
        let [usual, of_tokens] = self.kind.names(host);
        let (other, bar) = match table.name == usual {
            true => (of_tokens, None),
            false => (usual, self.kind.barred(host, &self.listener.id)),
        };
        match bar {
            Some(bar) => self.tables.put(bar),
            None => self.tables.remove(self.kind.resource_type(), other),
        }
        self.tables.put(table);
    }

    /// Puts the fallback chain among the others, or takes it away.
    fn put_fallback_chain(&mut self) {
        let certificate = self.fallback.certificate().filter(|_| !self.catch_all).cloned();
        if certificate == self.fallback_chain {
            return;
        }
        match &certificate {
            Some(certificate) => {
                let Self { listener, settings, mode, .. } = &*self;
                let chains = Chains { listener, settings, mode: *mode };
                let (chain, references) = self.fallback.chain(&chains, certificate);
                self.chains.put(&fallback_place(), &chain, references);
            }
            None => self.chains.remove(&fallback_place()),
        }
        self.fallback_chain = certificate;
    }

    fn remove_table(&mut self, host: &Host) {
        self.kind
            .names(host)
            .into_iter()
            .for_each(|name| self.tables.remove(self.kind.resource_type(), name));
    }

    fn table_of(&self, host: &Host) -> Option<Resource> {
        let [usual, of_tokens] = self.kind.names(host);
        let published = |name| self.tables.published(self.kind.resource_type(), name);
        published(of_tokens).or_else(|| published(usual)).cloned()
    }

    /// Tables that changed, by their hosts; nothing but tables is in the box. Where there are two, that of tokens is
    /// the table, and comes later in the order of names.
    fn replaced_tables(&mut self) -> BTreeMap<Host, Option<Resource>> {
        let mut tables = BTreeMap::new();
        for ((_, name), table) in self.tables.take_replaced() {
            let Some(host) = self.kind.host(&name) else { continue };
            if table.is_some() || !tables.contains_key(&host) {
                tables.insert(host, table);
            }
        }
        tables
    }
}

impl Shape for Tls {
    fn set(&mut self, host: &Host, value: Option<&VirtualHost>) {
        let value = value.filter(|each| can_be_served(each));
        match value {
            Some(value) => {
                self.set_chain(host, value);
                self.set_table(host, value);
            }
            None => {
                self.chains.remove(host);
                self.remove_table(host);
            }
        }
        self.fallback.set(host, value);
        if host.is_any() {
            self.catch_all = value.is_some();
        }
    }

    /// Envoy refuses a listener without filter chains: this one is there while it has any.
    fn flush(&mut self) -> Vec<Output> {
        self.put_fallback_chain();
        let tables = self.tables.flush().into_iter().chain(self.fallback.flush());
        tables.chain(self.chains.flush_unless_empty()).collect()
    }

    /// All hosts have a part in the listener, and each has its table.
    fn members(&self, resource_type: ResourceType, name: &str) -> Vec<Host> {
        if resource_type == ResourceType::Listener && name == self.listener.id.as_str() {
            let fallback = fallback_place();
            return self.chains.hosts().filter(|host| **host != fallback).cloned().collect();
        }
        if let Some(hosts) = self.fallback.members(resource_type, name) {
            return hosts;
        }
        let host = (resource_type == self.kind.resource_type()).then(|| self.kind.host(name)).flatten();
        self.chains.hosts().filter(|each| Some(*each) == host.as_ref()).cloned().collect()
    }

    /// A new chain waits for its scope, which may wait for a cluster.
    fn shared(&self) -> Vec<(ResourceType, Arc<str>)> {
        let listener = match self.kind {
            Tables::Routes => None,
            Tables::Scopes => Some((ResourceType::Listener, self.listener.id.as_str().into())),
        };
        listener.into_iter().chain([Fallback::shared()]).collect()
    }

    /// A host changes in its chain, its table or elsewhere; what it was is always all of it.
    fn take_replaced(&mut self) -> Vec<(Host, Form)> {
        let mut chains = self.chains.take_replaced();
        chains.remove(&fallback_place());
        let mut tables = self.replaced_tables();
        let mut fallback = self.fallback.take_replaced();
        let hosts: BTreeSet<_> = chains.keys().chain(tables.keys()).chain(fallback.keys()).cloned().collect();
        let same = hosts.iter().filter(|host| !chains.contains_key(*host)).cloned().collect();
        let mut same_chains = self.chains.fragments(&same);
        let before = |host: Host| {
            let fragment = chains.remove(&host).unwrap_or_else(|| same_chains.remove(&host));
            let resource = tables.remove(&host).unwrap_or_else(|| self.table_of(&host));
            let fallback = fallback.remove(&host).unwrap_or_else(|| self.fallback.part(&host));
            (host, Form { fragment, resource, fallback, place: None })
        };
        hosts.into_iter().map(before).collect()
    }

    fn restore(&mut self, host: &Host, before: Form) {
        if host.is_any() {
            self.catch_all = before.fragment.is_some();
        }
        self.chains.restore(host, before.fragment);
        match before.resource {
            Some(table) => self.put_table(host, table),
            None => self.remove_table(host),
        }
        self.fallback.restore(host, before.fallback);
    }
}

/// Whether connections that were made before must not be served as they were.
fn restricts(value: &VirtualHost) -> bool {
    let asks = value.tls.as_ref().is_some_and(|tls| tls.clients.certificates().is_some());
    asks || !value.policies.is_empty()
}

/// Where the fallback chain stands among those of hosts, none of which is called so.
fn fallback_place() -> Host {
    Host::new(FALLBACK_CHAIN)
}

/// Requests are never routed from a TLS listener where TLS does not end.
pub(super) fn can_be_served(host: &VirtualHost) -> bool {
    host.tls.is_some() || matches!(host.traffic, Traffic::Tcp(_))
}

fn chains(listener: &Listener, settings: &Settings) -> Assembly {
    let shell = shell(listener, settings);
    let head =
        proto::Listener { name: shell.name.clone(), address: shell.address.clone(), ..Default::default() };
    let tail = proto::Listener { name: String::new(), address: None, ..shell };
    Assembly::new(listener.id.as_str(), &head, FILTER_CHAINS, &tail)
}
