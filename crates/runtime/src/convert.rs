//! From what the engine publishes to what the xDS server delivers.

use std::sync::Arc;

use engine::Publication;
use envoy::{Needs, Reference, Resource, ResourceType};
use xds::{Overdue, OwnName, Update, Version};

/// An update of the fleet's configuration. Many hosts share `shared`.
pub(crate) fn update(publication: Publication, shared: &[(ResourceType, Arc<str>)]) -> Update {
    let set = publication.set.into_iter();
    let removed = publication.removed.into_iter();
    Update {
        set: set.map(|each| (kind(each.resource_type), resource(each, shared))).collect(),
        removed: removed.map(|(resource_type, name)| (kind(resource_type), name)).collect(),
    }
}

/// The type of a resource in the words of `xds`.
pub(crate) const fn kind(resource_type: ResourceType) -> xds::ResourceType {
    match resource_type {
        ResourceType::Secret => xds::ResourceType::Secret,
        ResourceType::ClusterLoadAssignment => xds::ResourceType::ClusterLoadAssignment,
        ResourceType::Cluster => xds::ResourceType::Cluster,
        ResourceType::RouteConfiguration => xds::ResourceType::RouteConfiguration,
        ResourceType::ScopedRouteConfiguration => xds::ResourceType::ScopedRouteConfiguration,
        ResourceType::Listener => xds::ResourceType::Listener,
        ResourceType::Runtime => xds::ResourceType::Runtime,
    }
}

/// The type of a resource in the words of `envoy`.
pub(crate) const fn layout_kind(resource_type: xds::ResourceType) -> ResourceType {
    match resource_type {
        xds::ResourceType::Secret => ResourceType::Secret,
        xds::ResourceType::ClusterLoadAssignment => ResourceType::ClusterLoadAssignment,
        xds::ResourceType::Cluster => ResourceType::Cluster,
        xds::ResourceType::RouteConfiguration => ResourceType::RouteConfiguration,
        xds::ResourceType::Listener => ResourceType::Listener,
        xds::ResourceType::Runtime => ResourceType::Runtime,
        xds::ResourceType::ScopedRouteConfiguration => ResourceType::ScopedRouteConfiguration,
    }
}

fn resource(resource: Resource, shared: &[(ResourceType, Arc<str>)]) -> xds::Resource {
    // One tenant's cluster that never warms must not hold up the routes of all others.
    let is_shared =
        shared.iter().any(|(kind, name)| (*kind, name) == (resource.resource_type, &resource.name));
    xds::Resource {
        version: Version::of(&resource.body),
        refs: resource.refs.iter().map(reference).collect(),
        name: resource.name,
        body: resource.body,
        own_name: OwnName::InBody,
        slow: resource.slow,
        overdue: if is_shared { Overdue::SendAnyway } else { Overdue::KeepPrevious },
    }
}

fn reference(reference: &Reference) -> xds::Reference {
    let needs = match reference.needs {
        Needs::Sent => xds::Needs::Sent,
        Needs::Acked => xds::Needs::Acked,
    };
    xds::Reference { resource_type: kind(reference.resource_type), name: reference.name.clone(), needs }
}
