//! RouteConfigurations.

use std::sync::Arc;

use envoy_protos::envoy::config::route::v3::RouteConfiguration;
use envoy_protos::google::protobuf::BoolValue;
use model::ListenerId;

use super::Output;
use super::assembly::Assembly;
use crate::route::Style;
use crate::virtual_host::{Asked, misdirected};
use crate::{Reference, References, Resource, filters};

/// The number of `RouteConfiguration.virtual_hosts`.
const VIRTUAL_HOSTS: u8 = 2;

/// A table of many hosts, put together from encoded virtual hosts; `every` is what each table has.
pub(super) fn table(name: &str, every: &RouteConfiguration) -> Assembly {
    Assembly::new(name, &head(name), VIRTUAL_HOSTS, every)
}

/// Gives such a table another name, and withdraws it under the one that it had.
pub(super) fn rename(table: &mut Assembly, name: &str, every: &RouteConfiguration) -> Option<Output> {
    table.rename(name, &head(name), every)
}

/// What stands in the place of a table that is not in force any more: 421 for connections of chains from before, once the
/// listener is there as it is now. `every` is what each table has.
pub(super) fn barred(
    name: Arc<str>,
    every: RouteConfiguration,
    listener: &ListenerId,
    whom: Asked,
) -> Resource {
    let table =
        RouteConfiguration { name: name.to_string(), virtual_hosts: vec![misdirected(whom)], ..every };
    let after = References::new(vec![Reference::listener(listener.as_str().into())]);
    Resource::new(name, &table, after)
}

fn head(name: &str) -> RouteConfiguration {
    RouteConfiguration { name: name.to_owned(), ..Default::default() }
}

/// What all tables have: hosts match with any port.
pub(super) fn every_table() -> RouteConfiguration {
    RouteConfiguration {
        // A cluster that is late costs 503 on its routes; a rejected table costs every host its change.
        validate_clusters: Some(BoolValue { value: false }),
        ignore_port_in_host_matching: true,
        ..Default::default()
    }
}

/// A table of a listener of this style.
pub(super) fn of_style(style: Style, table: RouteConfiguration) -> RouteConfiguration {
    if style.is_of_gateway() { of_gateway(table) } else { table }
}

/// A table of a Gateway: all of them say the same to filters.
pub(super) fn of_gateway(mut table: RouteConfiguration) -> RouteConfiguration {
    table.typed_per_filter_config.extend(filters::messages_of_gateway());
    table
}
