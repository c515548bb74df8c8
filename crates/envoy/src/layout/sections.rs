//! A TLS listener of a Gateway: a filter chain and a table for each of the Gateway's listeners, its sections.
//!
//! A section is known by its host. Its connections are those that ask for this host and no narrower section, and on them
//! any host of the section may be asked for. Hosts of other sections are answered with 421, as clients should have come
//! by another connection; what only this section could serve and does not is its own 404. Hosts whose connections are
//! carried as they are have a chain without a table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use envoy_protos::envoy::config::route::v3::RouteConfiguration;
use model::{Host, Kind, Listener, Route, Settings, Traffic, VirtualHost};

use super::assembly::{Assembly, Fragment};
use super::by_listener::Shape;
use super::outbox::Outbox;
use super::scope::{self, Guard};
use super::tls::{can_be_served, chains};
use super::{Before, Form, Output, naming, route_table};
use crate::listener::{Chains, Routes};
use crate::route::Style;
use crate::virtual_host::{Asked, certified, misdirected, virtual_host};
use crate::{Reference, ResourceType, XdsMode, filters, route};

/// A listener whose hosts are told apart by SNI first, and by `:authority` then.
pub(super) struct Sections {
    listener: Listener,
    settings: Arc<Settings>,
    mode: XdsMode,
    style: Style,
    chains: Assembly,
    tables: BTreeMap<Host, Table>,
    roles: BTreeMap<Host, Role>,
    /// The hosts that have a chain.
    open: BTreeSet<Host>,
    /// What these chains look at, of those of hosts that may have them look at anything.
    guards: BTreeMap<Host, Guard>,
    /// What stands under the other names that tables of such hosts may have, for connections of chains from before.
    bars: Outbox,
    /// The withdrawals of tables that have other names now.
    renamed: Vec<Output>,
    /// Whether there is a chain that closes all connections.
    is_closing: bool,
    /// The sections whose tables changed since the last flush.
    stale: BTreeSet<Host>,
    /// What hosts were before they were touched since the last flush.
    touched: BTreeMap<Host, Option<Part>>,
    replaced: BTreeMap<Host, Option<Part>>,
}

/// The table of a section.
struct Table {
    assembly: Assembly,
    /// How many hosts it has, without those that it only answers 421 for.
    hosts: usize,
}

/// How a host is served.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Role {
    /// Its connections are carried as they are.
    Carried,
    /// By the routes of this section, which may be its own.
    Routed(Host),
}

/// What a host is here.
#[derive(Clone, PartialEq)]
pub(super) struct Part {
    role: Role,
    /// What its chain looks at, if it may look at anything.
    guard: Option<Guard>,
    /// If it has one.
    chain: Option<Fragment>,
    /// Its part of the table.
    routes: Option<Fragment>,
}

impl Sections {
    pub(super) fn new(listener: &Listener, settings: Arc<Settings>, mode: XdsMode) -> Self {
        Self {
            chains: chains(listener, &settings),
            style: Style::of(&listener.id, &settings),
            listener: listener.clone(),
            settings,
            mode,
            tables: BTreeMap::new(),
            roles: BTreeMap::new(),
            open: BTreeSet::new(),
            guards: BTreeMap::new(),
            bars: Outbox::default(),
            renamed: Vec::new(),
            is_closing: false,
            stale: BTreeSet::new(),
            touched: BTreeMap::new(),
            replaced: BTreeMap::new(),
        }
    }

    fn encoder(&self) -> Chains<'_> {
        Chains { listener: &self.listener, settings: &self.settings, mode: self.mode }
    }

    /// Makes a host what it should be; it is nothing before.
    fn serve(&mut self, host: &Host, value: &VirtualHost) {
        self.take_guard(host, guard(value));
        match &value.traffic {
            Traffic::Tcp(_) | Traffic::Udp(_) => {
                self.put_chain(host, value);
                self.take_role(host, Role::Carried);
            }
            Traffic::Http(routes) => {
                // What only its own chain looks at.
                let of_another = value.section.as_ref().filter(|_| Guard::of(value) == Guard::Nothing);
                let section = of_another.unwrap_or(host);
                self.put_routes(section, value, routes);
                if section == host {
                    self.put_chain(host, value);
                }
                self.take_role(host, Role::Routed(section.clone()));
            }
        }
    }

    fn put_chain(&mut self, host: &Host, value: &VirtualHost) {
        let table = naming::section_table(&self.listener.id, host, self.guard(host));
        let reference = Reference::sent(ResourceType::RouteConfiguration, table.clone());
        let (chain, references) = self.encoder().chain(value, Routes::Table(&table), reference);
        self.chains.put(host, &chain, references);
    }

    fn put_routes(&mut self, section: &Host, value: &VirtualHost, routes: &[Route]) {
        let mut part = certified(virtual_host(value, routes, self.style.table()), value);
        if value.is_authorized() {
            filters::ask_own_service(&mut part);
        }
        let table = self.table(section);
        table.assembly.put(&value.host, &part, route::references(routes));
    }

    /// The table of a section, made when there is none. Whoever asks changes it.
    fn table(&mut self, section: &Host) -> &mut Table {
        self.stale.insert(section.clone());
        if !self.tables.contains_key(section) {
            let (name, every) = self.frame(section, self.guard(section));
            let mut assembly = route_table::table(&name, &every);
            for narrower in self.open.iter().filter(|host| section.is_wider_than(host)) {
                assembly.put(narrower, &scope::misdirecting_host(narrower, self.whom()), vec![]);
            }
            self.tables.insert(section.clone(), Table { assembly, hosts: 0 });
        }
        self.tables.get_mut(section).expect("it was made")
    }

    /// The name of the table of a section whose chain looks at this, and what is in it beside the hosts.
    fn frame(&self, section: &Host, guard: Guard) -> (Arc<str>, RouteConfiguration) {
        let others = (!section.is_any()).then(|| misdirected(self.whom())).into_iter().collect();
        let every = RouteConfiguration { virtual_hosts: others, ..route_table::every_table() };
        let mut every = route_table::of_gateway(every);
        every.typed_per_filter_config.extend(guard.asks().then(filters::silence_of_section));
        (naming::section_table(&self.listener.id, section, guard), every)
    }

    /// Who is asked about requests of which nothing is known.
    fn whom(&self) -> Asked {
        Asked::of_all(&self.settings)
    }

    /// What the chain of a host looks at.
    fn guard(&self, host: &Host) -> Guard {
        self.guards.get(host).copied().unwrap_or(Guard::Nothing)
    }

    /// Notes what the chain of a host looks at; `None` where it can look at nothing. Connections of a chain that the host
    /// had before find its table no more: Envoy would keep for them what was there, whatever comes.
    fn take_guard(&mut self, host: &Host, guard: Option<Guard>) {
        let before = match guard {
            Some(guard) => self.guards.insert(host.clone(), guard),
            None => self.guards.remove(host),
        };
        if before == guard {
            return;
        }
        for other in Guard::ALL {
            let (name, every) = self.frame(host, other);
            match guard.is_none_or(|guard| guard == other) {
                true => self.bars.remove(ResourceType::RouteConfiguration, name),
                false => {
                    self.bars.put(route_table::barred(name, every, &self.listener.id, self.whom()));
                }
            }
        }
        if before.unwrap_or(Guard::Nothing) != self.guard(host) {
            let (name, every) = self.frame(host, self.guard(host));
            if let Some(table) = self.tables.get_mut(host) {
                self.renamed.extend(route_table::rename(&mut table.assembly, &name, &every));
                self.stale.insert(host.clone());
            }
        }
    }

    /// Notes how a host is served, in the tables of wider sections, too.
    fn take_role(&mut self, host: &Host, role: Role) {
        match &role {
            Role::Routed(section) if section != host => self.table(section).hosts += 1,
            Role::Routed(section) => {
                self.table(section).hosts += 1;
                self.open(host);
            }
            Role::Carried => self.open(host),
        }
        self.roles.insert(host.clone(), role);
    }

    /// Takes what a host is away, and gives how it was served.
    fn leave(&mut self, host: &Host) {
        match self.roles.remove(host) {
            None => return,
            Some(Role::Carried) => {}
            Some(Role::Routed(section)) => {
                let table = self.table(&section);
                table.assembly.remove(host);
                table.hosts -= 1;
                if section != *host {
                    return;
                }
            }
        }
        self.chains.remove(host);
        self.open.remove(host);
        for section in host.wider().filter(|wider| self.tables.contains_key(wider)).collect::<Vec<_>>() {
            self.table(&section).assembly.remove(host);
        }
    }

    fn open(&mut self, host: &Host) {
        let bar = scope::misdirecting_host(host, Asked::of_all(&self.settings));
        for section in host.wider().filter(|wider| self.tables.contains_key(wider)).collect::<Vec<_>>() {
            self.table(&section).assembly.put(host, &bar, vec![]);
        }
        self.open.insert(host.clone());
    }

    /// What a host is, as it was flushed last.
    fn part(&self, host: &Host) -> Option<Part> {
        let role = self.roles.get(host)?.clone();
        let one = BTreeSet::from([host.clone()]);
        let chain = self.chains.fragments(&one).remove(host);
        let routes = match &role {
            Role::Carried => None,
            Role::Routed(section) => self.tables.get(section)?.assembly.fragments(&one).remove(host),
        };
        Some(Part { role, guard: self.guards.get(host).copied(), chain, routes })
    }

    /// Remembers what a host is before it changes.
    fn touch(&mut self, host: &Host) {
        if !self.touched.contains_key(host) {
            let part = self.part(host);
            self.touched.insert(host.clone(), part);
        }
    }

    /// The tables that changed; that of a section without a chain is not there.
    fn flush_tables(&mut self) -> Vec<Output> {
        let mut outputs = std::mem::take(&mut self.renamed);
        outputs.extend(self.bars.flush());
        for section in std::mem::take(&mut self.stale) {
            let is_there = self.roles.get(&section) == Some(&Role::Routed(section.clone()));
            let Some(table) = self.tables.get_mut(&section) else { continue };
            outputs.extend(if is_there { table.assembly.flush() } else { table.assembly.withdraw() });
            if table.hosts == 0 {
                self.tables.remove(&section);
            }
        }
        // A table takes the place of what kept its name, and that the place of a table.
        Output::newest(outputs)
    }

    /// Envoy refuses a listener without filter chains: one closes all connections while there is no other.
    fn flush_chains(&mut self) -> Option<Output> {
        if std::mem::replace(&mut self.is_closing, self.open.is_empty()) != self.open.is_empty() {
            match self.open.is_empty() {
                true => self.chains.put(&closing_place(), &self.encoder().closing(), vec![]),
                false => self.chains.remove(&closing_place()),
            }
        }
        self.chains.flush()
    }

    fn note_replaced(&mut self) {
        for (host, before) in std::mem::take(&mut self.touched) {
            if self.part(&host) != before {
                self.replaced.entry(host).or_insert(before);
            }
        }
    }
}

impl Shape for Sections {
    fn set(&mut self, host: &Host, value: Option<&VirtualHost>) {
        self.touch(host);
        self.leave(host);
        match value.filter(|each| can_be_served(each)) {
            Some(value) => self.serve(host, value),
            None => self.take_guard(host, None),
        }
    }

    fn set_settings(&mut self, settings: &Arc<Settings>) {
        self.settings = settings.clone();
    }

    fn flush(&mut self) -> Vec<Output> {
        let tables = self.flush_tables();
        let outputs = tables.into_iter().chain(self.flush_chains()).collect();
        // The same, told by resources.
        self.chains.take_replaced();
        self.bars.take_replaced();
        self.tables.values_mut().for_each(|table| drop(table.assembly.take_replaced()));
        self.note_replaced();
        outputs
    }

    fn members(&self, resource_type: ResourceType, name: &str) -> Vec<Host> {
        match resource_type {
            ResourceType::Listener if name == self.listener.id.as_str() => {
                self.open.iter().cloned().collect()
            }
            ResourceType::RouteConfiguration => {
                let section = naming::section(&self.listener.id, name);
                let table = section.as_ref().and_then(|section| self.tables.get(section));
                let role = section.map(Role::Routed);
                let hosts = table.into_iter().flat_map(|table| table.assembly.hosts());
                hosts.filter(|host| self.roles.get(host) == role.as_ref()).cloned().collect()
            }
            ResourceType::Listener
            | ResourceType::Secret
            | ResourceType::ClusterLoadAssignment
            | ResourceType::Cluster
            | ResourceType::ScopedRouteConfiguration
            | ResourceType::Runtime => vec![],
        }
    }

    fn take_replaced(&mut self) -> Vec<(Host, Before)> {
        let form = |section| Before::from(Form { section, ..Form::default() });
        std::mem::take(&mut self.replaced).into_iter().map(|(host, part)| (host, form(part))).collect()
    }

    fn restore(&mut self, host: &Host, before: Form) {
        self.touch(host);
        self.leave(host);
        let Some(Part { role, guard, chain, routes }) = before.section else {
            return self.take_guard(host, None);
        };
        self.take_guard(host, guard);
        if let Some(chain) = chain {
            self.chains.restore(host, Some(chain));
        }
        if let Role::Routed(section) = &role {
            self.table(section).assembly.restore(host, routes);
        }
        self.take_role(host, role);
    }

    fn withdraw(&mut self) -> Vec<Output> {
        let renamed = std::mem::take(&mut self.renamed).into_iter().chain(self.bars.withdraw());
        let tables = self.tables.values_mut().filter_map(|table| table.assembly.withdraw());
        renamed.chain(tables).chain(self.chains.withdraw()).collect()
    }
}

/// What the chain of a host looks at, where that may be anything: HTTPProxies alone say it, of requests.
fn guard(value: &VirtualHost) -> Option<Guard> {
    let Traffic::Http(routes) = &value.traffic else { return None };
    let is_said = || routes.iter().any(|route| route.origin.kind == Kind::HttpProxy);
    Some(Guard::of(value)).filter(|guard| *guard != Guard::Nothing || value.section.is_none() && is_said())
}

/// Where the chain that closes all connections stands among those of hosts, none of which is called so.
fn closing_place() -> Host {
    Host::new(crate::listener::CLOSING_CHAIN)
}
