//! The parameters of classes and of Gateways: why those that are named cannot be used.
//!
//! Nothing is taken from Gateways for it: what runs goes on as it was set up.

use api::contour_deployment::{InvalidParameters, ParametersRef};
use api::gateway_api::gateway::GatewaySpec;
use api::gateway_api::gateway_class::GatewayClassSpec;
use store::Reader;

use super::statement::Failure;

/// What is wrong with those of a class.
pub(super) fn failure_of_class(reader: &Reader<'_>, class: &GatewayClassSpec) -> Option<Failure> {
    failure(reader, ParametersRef::of_class(class))
}

/// What is wrong with those of a Gateway.
pub(super) fn failure_of_gateway(
    reader: &Reader<'_>,
    namespace: &str,
    gateway: &GatewaySpec,
) -> Option<Failure> {
    failure(reader, ParametersRef::of_gateway(namespace, gateway))
}

fn failure(
    reader: &Reader<'_>,
    named: Result<Option<ParametersRef<'_>>, InvalidParameters>,
) -> Option<Failure> {
    let usable = |named: ParametersRef<'_>| {
        let found = reader.contour_deployment(named.namespace, named.name);
        named.usable(found.map(|fact| &*fact.spec)).map(drop)
    };
    let judged = named.and_then(|named| named.map_or(Ok(()), usable));
    judged.err().map(|why| Failure::new("InvalidParameters", why.to_string()))
}
