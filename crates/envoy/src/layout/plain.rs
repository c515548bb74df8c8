//! A plaintext listener: one table of all hosts.

use std::sync::Arc;

use model::{Host, Listener, Settings, Traffic, VirtualHost};

use super::assembly::Assembly;
use super::by_listener::Shape;
use super::outbox::Outbox;
use super::{Before, Form, Output, route_table};
use crate::listener::{ConnectionManager, Routes, plain_chain, shell};
use crate::route::Style;
use crate::virtual_host::virtual_host;
use crate::{Reference, References, Resource, ResourceType, XdsMode, asked, route};

/// A listener whose hosts are told apart by `:authority`.
pub(super) struct Plain {
    listener: Listener,
    mode: XdsMode,
    name: Arc<str>,
    style: Style,
    table: Assembly,
    outbox: Outbox,
}

impl Plain {
    /// The listener is open from the start, with no host: clients then get 404 and not a refused connection,
    /// which balancers take for a dead node (unlike Contour, reference 11, entry 39).
    pub(super) fn new(listener: &Listener, settings: &Settings, mode: XdsMode) -> Self {
        let mut outbox = Outbox::default();
        outbox.put(resource(listener, settings, mode));
        let name = listener.id.as_str();
        let style = Style::of(&listener.id, settings);
        let table = route_table::table(name, &route_table::of_style(style, route_table::every_table()));
        Self { listener: listener.clone(), mode, name: name.into(), style, table, outbox }
    }
}

impl Shape for Plain {
    fn set(&mut self, host: &Host, value: Option<&VirtualHost>) {
        match value.map(|each| (each, &each.traffic)) {
            Some((value, Traffic::Http(routes))) => {
                self.table.put(
                    host,
                    &virtual_host(value, routes, self.style.table()),
                    route::references(routes),
                );
            }
            // Without TLS there is no name by which a connection could be told from others.
            Some((_, Traffic::Tcp(_) | Traffic::Udp(_))) | None => self.table.remove(host),
        }
    }

    fn set_settings(&mut self, settings: &Arc<Settings>) {
        self.outbox.put(resource(&self.listener, settings, self.mode));
    }

    fn flush(&mut self) -> Vec<Output> {
        self.outbox.flush().into_iter().chain(self.table.flush()).collect()
    }

    /// The hosts of the table; the listener itself is nobody's.
    fn members(&self, resource_type: ResourceType, name: &str) -> Vec<Host> {
        let is_table = resource_type == ResourceType::RouteConfiguration && *name == *self.name;
        if is_table { self.table.hosts().cloned().collect() } else { vec![] }
    }

    fn take_replaced(&mut self) -> Vec<(Host, Before)> {
        let replaced = self.table.take_replaced().into_iter();
        replaced.map(|(host, fragment)| (host, Form { fragment, ..Form::default() }.into())).collect()
    }

    fn restore(&mut self, host: &Host, before: Form) {
        self.table.restore(host, before.fragment);
    }

    fn withdraw(&mut self) -> Vec<Output> {
        self.outbox.withdraw().into_iter().chain(self.table.withdraw()).collect()
    }
}

fn resource(listener: &Listener, settings: &Settings, mode: XdsMode) -> Resource {
    let name = listener.id.as_str();
    let manager = ConnectionManager {
        listener,
        settings,
        mode,
        routes: Routes::Table(name),
        host: None,
        forward: None,
    };
    let mut message = shell(listener, settings);
    message.filter_chains = vec![plain_chain(&manager)];
    let table = Reference::sent(ResourceType::RouteConfiguration, name);
    let references = [vec![table], asked::references(settings)].concat();
    Resource::new(name.into(), &message, References::new(references))
}
