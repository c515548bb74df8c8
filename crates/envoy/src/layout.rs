//! Which resources virtual hosts are spread over.

mod assembly;
mod by_listener;
mod carrier;
mod classic;
mod fallback;
mod naming;
mod on_demand;
mod outbox;
mod plain;
mod route_table;
mod scope;
mod scoped;
mod scoped_plain;
mod secrets;
mod sections;
mod tables;
mod tls;

use std::fmt;
use std::sync::Arc;

use model::{Listener, ListenerId, SecretContent, SecretKey, Settings, VirtualHost, VirtualHostKey};

use crate::{Resource, ResourceType, XdsMode};

use assembly::Fragment;
use by_listener::{ByListener, Make};
use on_demand::Place;
pub use scope::scope_name;

/// Which resources virtual hosts are spread over; chosen at start, for good.
///
/// Only fragments are kept, as bytes. Resources depend on the last value of each key alone, never on the
/// order in which values came.
pub trait Layout: Send {
    /// Puts a virtual host in place of the last one of its key; `None` takes it away.
    ///
    /// Encodes at once. A key of a listener that is not among the layout's is ignored.
    fn set(&mut self, key: &VirtualHostKey, value: Option<&VirtualHost>);

    /// Takes settings that differ in what is known of the services that are asked about all hosts. Listeners follow with
    /// the next flush, and chains of hosts when these are set again.
    fn set_settings(&mut self, settings: &Settings);

    /// Makes these its listeners: they open with the next flush, with hosts or without. What one needs that is not among
    /// them any more goes with it.
    ///
    /// Gives those that are new or differ: they are without hosts.
    fn set_listeners(&mut self, listeners: &[Listener]) -> Vec<ListenerId>;

    /// Puts what a Secret holds in place of what it held; `None` when nobody needs it any more.
    fn set_secret(&mut self, key: &SecretKey, content: Option<&SecretContent>);

    /// The resources whose bytes differ from those of the last flush, in the order of type and name.
    ///
    /// The first flush gives all that must be there even when nothing is served.
    fn flush(&mut self) -> Vec<Output>;

    /// The virtual hosts that a resource is made from, sorted; empty for one that is nobody's.
    fn members(&self, resource_type: ResourceType, name: &str) -> Vec<VirtualHostKey>;

    /// The virtual hosts whose bytes changed with a flush since this was asked last, in any order, each with all
    /// that it was before the first of those flushes: for taking a change back that Envoy rejects.
    fn take_replaced(&mut self) -> Vec<(VirtualHostKey, Before)>;

    /// Makes a virtual host again what it was; published with the next flush, like any other change.
    fn restore(&mut self, key: &VirtualHostKey, before: Before);
}

/// The layout that the settings choose, with the listeners of an ingress and without hosts.
#[must_use]
pub fn layout(settings: &Settings, mode: XdsMode) -> Box<dyn Layout> {
    layout_with(settings, &settings.listeners(), mode)
}

/// The same with these listeners.
#[must_use]
pub fn layout_with(settings: &Settings, listeners: &[Listener], mode: XdsMode) -> Box<dyn Layout> {
    let shape: Make = match settings.layout {
        model::Layout::Table => classic::shape,
        model::Layout::Scoped => scoped::shape,
        model::Layout::OnDemand => scoped::shape_on_demand,
    };
    Box::new(ByListener::new(settings, listeners, mode, shape))
}

/// All that a virtual host was in the resources of a layout. Kept as bytes.
///
/// Boxed, and no box for nothing: at the first configuration that is what every host was.
#[derive(Clone, Default, PartialEq)]
pub struct Before(Option<Box<Form>>);

/// What a virtual host is in the resources of a layout.
#[derive(Clone, Default, PartialEq)]
struct Form {
    /// Its part of a resource that many hosts share.
    fragment: Option<Fragment>,
    /// The resource that is its own.
    resource: Option<Resource>,
    /// Where it is, in a layout that has several places.
    place: Option<Place>,
    /// What it is to clients that do not name it.
    fallback: Option<fallback::Part>,
    /// What it is on a TLS listener of a Gateway.
    section: Option<sections::Part>,
}

impl Before {
    fn into_form(self) -> Form {
        self.0.map(|form| *form).unwrap_or_default()
    }
}

impl From<Form> for Before {
    fn from(form: Form) -> Self {
        let was_there = form != Form::default();
        Self(was_there.then(|| Box::new(form)))
    }
}

impl fmt::Debug for Before {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Before(..)")
    }
}

/// One change to the resources of a layout.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// It is new, or its bytes changed.
    Set(Resource),
    /// It is no more.
    Remove(ResourceType, Arc<str>),
}

impl Output {
    /// The resource's kind and name.
    #[must_use]
    pub fn id(&self) -> (ResourceType, &Arc<str>) {
        match self {
            Self::Set(resource) => (resource.resource_type, &resource.name),
            Self::Remove(resource_type, name) => (*resource_type, name),
        }
    }

    /// What the resource is from now on; `None` when it is no more.
    #[must_use]
    pub fn resource(&self) -> Option<&Resource> {
        match self {
            Self::Set(resource) => Some(resource),
            Self::Remove(..) => None,
        }
    }

    /// In the order of type and name, of several for one resource the last alone.
    ///
    /// To sort a list once costs less than to look each up in a table: at the first configuration they are many.
    #[must_use]
    pub fn newest(mut outputs: Vec<Self>) -> Vec<Self> {
        outputs.sort_by(|a, b| a.id().cmp(&b.id()));
        outputs.dedup_by(|later, kept| {
            let is_same = later.id() == kept.id();
            if is_same {
                std::mem::swap(later, kept);
            }
            is_same
        });
        outputs
    }
}
