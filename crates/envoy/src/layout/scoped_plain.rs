//! A plaintext listener whose hosts have scopes of their own.

use std::sync::Arc;

use model::{Host, Listener, Settings, Traffic, VirtualHost};

use super::assembly::Assembly;
use super::by_listener::Shape;
use super::outbox::Outbox;
use super::scope::{self, Class};
use super::{Before, Form, Output, naming, route_table};
use crate::listener::{ConnectionManager, Routes, ScopeKey, plain_chain, shell};
use crate::route::Style;
use crate::virtual_host::Asked;
use crate::{References, Resource, ResourceType, XdsMode, asked, route};

/// A listener whose hosts are told apart by `:authority`: exact hosts have a scope each, wildcards and the
/// catch-all share a table.
pub(super) struct ScopedPlain {
    listener: Listener,
    mode: XdsMode,
    name: Arc<str>,
    style: Style,
    /// What is there whatever is served.
    fixed: Outbox,
    scopes: Outbox,
    table: Assembly,
}

impl ScopedPlain {
    pub(super) fn new(listener: &Listener, settings: &Settings, mode: XdsMode) -> Self {
        let name: Arc<str> = listener.id.as_str().into();
        let mut fixed = Outbox::default();
        fixed.put(resource(listener, settings, mode));
        fixed.put(scope::sharing(class(listener), &Host::any(), &name));
        let (listener, style) = (listener.clone(), Style::of(&listener.id, settings));
        let redirects = naming::redirect_table(&listener.id);
        fixed.put(scope::redirect_table(redirects, style, Asked::of_all(settings)));
        let table = route_table::table(&name, &route_table::of_style(style, scope::every_table()));
        Self { listener, mode, name, style, fixed, scopes: Outbox::default(), table }
    }
}

impl Shape for ScopedPlain {
    fn set(&mut self, host: &Host, value: Option<&VirtualHost>) {
        let Self { listener, style, scopes, table, .. } = self;
        let class = class(listener);
        match value.map(|each| (each, &each.traffic)) {
            Some((value, Traffic::Http(routes))) if is_shared(host) => {
                let part = scope::in_shared_table(class, value, routes, *style);
                table.put(host, &part, route::references(routes));
            }
            Some((value, Traffic::Http(routes))) if scope::only_redirects(value, routes) => {
                scopes.put(scope::sharing(class, host, &naming::redirect_table(&listener.id)));
            }
            Some((value, Traffic::Http(routes))) => {
                scopes.put(scope::of_host(class, value, routes, *style));
            }
            // Without TLS there is no name by which a connection could be told from others.
            Some((_, Traffic::Tcp(_) | Traffic::Udp(_))) | None if is_shared(host) => table.remove(host),
            Some((_, Traffic::Tcp(_) | Traffic::Udp(_))) | None => {
                scopes.remove(ResourceType::ScopedRouteConfiguration, class.name(host));
            }
        }
    }

    fn set_settings(&mut self, settings: &Arc<Settings>) {
        self.fixed.put(resource(&self.listener, settings, self.mode));
    }

    fn flush(&mut self) -> Vec<Output> {
        self.fixed.flush().into_iter().chain(self.scopes.flush()).chain(self.table.flush()).collect()
    }

    /// The shared scope is its hosts'; the listener and the table of redirects are nobody's.
    fn members(&self, resource_type: ResourceType, name: &str) -> Vec<Host> {
        let class = class(&self.listener);
        let shared = class.name(&Host::any());
        match resource_type {
            ResourceType::RouteConfiguration if *name == *self.name => self.table.hosts().cloned().collect(),
            ResourceType::ScopedRouteConfiguration if *name == *shared => {
                self.table.hosts().cloned().collect()
            }
            ResourceType::ScopedRouteConfiguration => {
                let scope = self.scopes.published(resource_type, name);
                scope.and_then(|scope| class.host(scope)).into_iter().collect()
            }
            ResourceType::Secret
            | ResourceType::ClusterLoadAssignment
            | ResourceType::Cluster
            | ResourceType::RouteConfiguration
            | ResourceType::Listener
            | ResourceType::Runtime => vec![],
        }
    }

    fn take_replaced(&mut self) -> Vec<(Host, Before)> {
        let (shared, own) = (self.table.take_replaced(), self.scopes.take_replaced());
        let mut replaced = Vec::with_capacity(shared.len() + own.len());
        let of_shared = |(host, fragment)| (host, Before::from(Form { fragment, ..Form::default() }));
        replaced.extend(shared.into_iter().map(of_shared));
        replaced.extend(own.into_iter().filter_map(|((kind, name), resource)| {
            // What is new is published, what is gone was there before.
            let host = class(&self.listener)
                .host(resource.as_ref().or_else(|| self.scopes.published(kind, &name))?)?;
            Some((host, Before::from(Form { resource, ..Form::default() })))
        }));
        replaced
    }

    fn restore(&mut self, host: &Host, before: Form) {
        match before.resource {
            _ if is_shared(host) => self.table.restore(host, before.fragment),
            Some(scope) => self.scopes.put(scope),
            None => {
                let name = class(&self.listener).name(host);
                self.scopes.remove(ResourceType::ScopedRouteConfiguration, name);
            }
        }
    }

    fn withdraw(&mut self) -> Vec<Output> {
        let Self { fixed, scopes, table, .. } = self;
        fixed.withdraw().into_iter().chain(scopes.withdraw()).chain(table.withdraw()).collect()
    }
}

/// The scopes of a listener.
fn class(listener: &Listener) -> Class<'_> {
    Class::Http(naming::plain_word(&listener.id))
}

/// Whether a host is found by a look at all others: Envoy finds scopes by the whole key only.
pub(super) fn is_shared(host: &Host) -> bool {
    host.is_any() || host.wildcard_parent().is_some()
}

/// It names nothing that hosts change.
fn resource(listener: &Listener, settings: &Settings, mode: XdsMode) -> Resource {
    let routes = Routes::Scope(ScopeKey::Authority(class(listener).word()));
    let manager = ConnectionManager { listener, settings, mode, routes, host: None, forward: None };
    let mut message = shell(listener, settings);
    message.filter_chains = vec![plain_chain(&manager)];
    Resource::new(listener.id.as_str().into(), &message, References::new(asked::references(settings)))
}
