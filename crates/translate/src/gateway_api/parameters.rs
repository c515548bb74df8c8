//! The parameters of classes and of Gateways: why those that are named cannot be used.
//!
//! Nothing is taken from Gateways for it: what runs goes on as it was set up.

use api::contour_deployment::{ContourDeploymentSpec, InvalidParameters, ParametersRef, parameters_of_class};
use api::gateway_api::gateway::GatewaySpec;
use api::gateway_api::gateway_class::GatewayClassSpec;
use store::Reader;

use super::statement::Failure;

/// What is wrong with those of a class.
pub(super) fn failure_of_class(reader: &Reader<'_>, class: &GatewayClassSpec) -> Option<Failure> {
    of_class(reader, class).err().map(invalid)
}

/// Those of a class, if it names some.
///
/// # Errors
/// When they cannot be used.
pub(super) fn of_class<'s>(
    reader: &Reader<'s>,
    class: &GatewayClassSpec,
) -> Result<Option<&'s ContourDeploymentSpec>, InvalidParameters> {
    parameters_of_class(class, |named| find(reader, named))
}

/// What is wrong with those of a Gateway.
pub(super) fn failure_of_gateway(
    reader: &Reader<'_>,
    namespace: &str,
    gateway: &GatewaySpec,
) -> Option<Failure> {
    let judged = ParametersRef::of_gateway(namespace, gateway)
        .and_then(|named| named.map_or(Ok(()), |named| named.usable(find(reader, named)).map(drop)));
    judged.err().map(invalid)
}

fn find<'s>(reader: &Reader<'s>, named: ParametersRef<'_>) -> Option<&'s ContourDeploymentSpec> {
    reader.contour_deployment(named.namespace, named.name).map(|fact| &*fact.spec)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what is left of a result")]
fn invalid(why: InvalidParameters) -> Failure {
    Failure::new("InvalidParameters", why.to_string())
}
