//! Default Gateways (GEP-3793), which there are none of: routes name their Gateways. Who asks for them is told.

use api::Choice;
use api::gateway_api::forwarding::UseDefaultGateways;
use api::gateway_api::gateway::{GatewayDefaultScope, GatewaySpec};
use model::Problem;

use super::translation::SPEC;
use crate::fault::Fault;

/// A Gateway that wants to be one.
pub(super) fn of_gateway(spec: &GatewaySpec) -> Option<Problem> {
    let scope = spec.default_scope.as_ref()?;
    (scope.known() != Some(GatewayDefaultScope::None)).then(|| {
        let help = "name the Gateway in the parentRefs of the routes that are to come here";
        ignored("defaultScope", "no route is attached to a Gateway that it does not name", help)
    })
}

/// A route that asks for them.
pub(super) fn of_route(asked: Option<&Choice<UseDefaultGateways>>) -> Option<Problem> {
    (asked?.known() != Some(UseDefaultGateways::None)).then(|| {
        let help = "name each Gateway in parentRefs";
        ignored(
            "useDefaultGateways",
            "the route is attached to the Gateways that it names, and no others",
            help,
        )
    })
}

fn ignored(field: &str, why: &str, help: &str) -> Problem {
    let at = SPEC.field(field);
    let message = format!("{at} is ignored: {why}");
    Fault::new("SpecError", "IgnoredField", &at, message).with_help(help).warning()
}
