//! From what the engine publishes to what the xDS server delivers.

use engine::Publication;
use envoy::{Needs, OwnName, Reference, Resource, ResourceType};
use model::FleetOwner;
use xds::{Overdue, Update};

/// An update of the fleet's configuration.
pub(crate) fn update(publication: Publication) -> Update {
    let set = publication.set.into_iter();
    let removed = publication.removed.into_iter();
    Update {
        set: set.map(|each| (kind(each.resource_type), resource(each))).collect(),
        removed: removed.map(|(resource_type, name)| (kind(resource_type), name)).collect(),
    }
}

/// A fleet in the words of `xds`.
pub fn hub_fleet(id: &model::FleetId) -> xds::FleetId {
    match id.owner() {
        None => xds::FleetId::default_fleet(),
        Some(FleetOwner::Gateway(gateway)) => xds::FleetId::gateway(&gateway.namespace, &gateway.name),
        Some(FleetOwner::Class(name)) => xds::FleetId::class(name),
    }
}

/// A fleet in the words of `model`.
pub(crate) fn engine_fleet(id: &xds::FleetId) -> model::FleetId {
    match (id.of_gateway(), id.of_class()) {
        (Some((namespace, name)), _) => model::FleetId::gateway(namespace, name),
        (None, Some(name)) => model::FleetId::class(name),
        (None, None) => model::FleetId::ingress(),
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

fn resource(resource: Resource) -> xds::Resource {
    let Resource { resource_type: _, name, body, own_name, refs, warming, is_shared } = resource;
    let named = match own_name {
        OwnName::InBody => xds::Resource::new(name, body),
        OwnName::BeforeBody => xds::Resource::named(name, body),
    };
    xds::Resource {
        refs: refs.iter().map(reference).collect(),
        warming: self::warming(warming),
        // One tenant's cluster that never warms must not hold up the routes of all others.
        overdue: if is_shared { Overdue::SendAnyway } else { Overdue::KeepPrevious },
        ..named
    }
}

fn warming(warming: envoy::Warming) -> xds::Warming {
    match warming {
        envoy::Warming::Quick => xds::Warming::Quick,
        envoy::Warming::Within(limit) => xds::Warming::Within(limit),
        envoy::Warming::Open => xds::Warming::Open,
    }
}

fn reference(reference: &Reference) -> xds::Reference {
    let needs = match reference.needs {
        Needs::Sent => xds::Needs::Sent,
        Needs::Acked => xds::Needs::Acked,
        Needs::InForce => xds::Needs::InForce,
    };
    xds::Reference { resource_type: kind(reference.resource_type), name: reference.name.clone(), needs }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(own_name: OwnName) -> xds::Resource {
        let given = Resource {
            resource_type: ResourceType::Secret,
            name: "a.example".into(),
            body: "rest".to_owned().into(),
            own_name,
            refs: envoy::References::default(),
            warming: envoy::Warming::Quick,
            is_shared: false,
        };
        resource(given)
    }

    #[test]
    fn a_body_that_lacks_the_name_is_delivered_behind_it() {
        let versions = [OwnName::InBody, OwnName::BeforeBody].map(|own_name| converted(own_name).version);
        let expected = [xds::Resource::new("a.example", "rest"), xds::Resource::named("a.example", "rest")];
        assert_eq!(versions, expected.each_ref().map(|each| each.version));
        assert_eq!(converted(OwnName::BeforeBody).own_name, xds::OwnName::BeforeBody);
        assert_eq!(converted(OwnName::InBody).own_name, xds::OwnName::InBody);
    }
}
