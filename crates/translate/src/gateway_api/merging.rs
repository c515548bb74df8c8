//! Whether the Gateways of a class share their Envoys, and what a single Gateway then cannot say of them.

use api::contour_deployment::{Gateways, ParametersRef};
use api::gateway_api::gateway::{GatewayInfrastructure, GatewaySpec};
use model::{FleetId, FleetOwner, Problem};
use store::{GatewayClassFact, Name, Reader};

use super::addresses::not_asked_for;
use super::parameters::of_class;
use crate::fault::Fault;
use crate::field_path::FieldPath;

static SPEC: FieldPath<'_> = FieldPath::root("spec");

/// Whether the Gateways of a class share their Envoys. When parameters cannot be used any more, they go on as they did:
/// their Envoys are left, too.
pub(super) fn shares_envoys(reader: &Reader<'_>, class: &GatewayClassFact) -> bool {
    let gateways = of_class(reader, &class.spec).map_or(class.kept_gateways, Gateways::said_by);
    gateways == Gateways::Merged
}

/// A field, and whether a Gateway has it.
type Field = (&'static str, fn(&GatewaySpec) -> bool);

/// What a Gateway may say about Envoys of its own.
const OF_ONE: [Field; 4] = [
    ("addresses", |spec| !spec.addresses.is_empty()),
    ("infrastructure.labels", |spec| has(spec, |infrastructure| !infrastructure.labels.is_empty())),
    ("infrastructure.annotations", |spec| has(spec, |infrastructure| !infrastructure.annotations.is_empty())),
    ("infrastructure.parametersRef", |spec| {
        has(spec, |infrastructure| infrastructure.parameters_ref.is_some())
    }),
];

fn has(spec: &GatewaySpec, what: fn(&GatewayInfrastructure) -> bool) -> bool {
    spec.infrastructure.as_deref().is_some_and(what)
}

/// What a Gateway says about Envoys and has no effect.
pub(super) fn without_effect(
    reader: &Reader<'_>,
    fleet: &FleetId,
    name: &Name,
    spec: &GatewaySpec,
) -> Vec<Problem> {
    match fleet.owner() {
        Some(FleetOwner::Class(class)) => of_member(class, spec),
        Some(FleetOwner::Gateway(_)) | None => {
            of_gateway(reader, name, spec).into_iter().chain(not_asked_for(spec)).collect()
        }
    }
}

fn of_member(class: &str, spec: &GatewaySpec) -> Vec<Problem> {
    let fields = OF_ONE.iter().filter(|(_, is_set)| is_set(spec));
    let problem = |(field, _): &Field| {
        let at = SPEC.field(field);
        let message = format!("{at} is ignored: the Gateways of GatewayClass {class} share their Envoys");
        let help =
            "say it in the ContourDeployment of the class, or choose a class that gives each Gateway its own";
        Fault::new("SpecError", "IgnoredField", &at, message).with_help(help).warning()
    };
    fields.map(problem).collect()
}

/// Only a class can say that its Gateways share Envoys.
fn of_gateway(reader: &Reader<'_>, name: &Name, spec: &GatewaySpec) -> Option<Problem> {
    let named = ParametersRef::of_gateway(&name.namespace, spec).ok().flatten()?;
    let parameters = &reader.contour_deployment(named.namespace, named.name)?.spec;
    parameters.envoy.as_ref()?.gateways.as_ref()?.known()?;
    let at = SPEC.field("infrastructure.parametersRef");
    let ParametersRef { namespace, name, .. } = named;
    let message = format!(
        "{at}: spec.envoy.gateways of ContourDeployment {namespace}/{name} is ignored: it says something of all \
         Gateways of a class"
    );
    let help = "say it in the ContourDeployment that the GatewayClass names";
    Some(Fault::new("SpecError", "IgnoredField", &at, message).with_help(help).warning())
}
