//! Addresses that a Gateway asks for.

use api::gateway_api::gateway::{AddressType, GatewaySpec, GatewaySpecAddress};
use model::Problem;

use super::statement::Failure;
use super::translation::SPEC;
use crate::fault::Fault;
use crate::text::quoted;

/// Why an address that is wanted cannot be had.
pub(super) fn unsupported(address: &GatewaySpecAddress) -> Option<Failure> {
    match address.r#type.known() {
        Some(AddressType::IpAddress | AddressType::Hostname) => None,
        Some(AddressType::NamedAddress) | None => {
            let message = format!("addresses of the type {} cannot be had", quoted(address.r#type.as_str()));
            Some(Failure::new("UnsupportedAddress", message))
        }
    }
}

/// Addresses for which no load balancer is asked: a Service asks for one IP address at most.
pub(super) fn not_asked_for(spec: &GatewaySpec) -> Vec<Problem> {
    let is_named =
        |address: &GatewaySpecAddress| address.value.as_deref().is_some_and(|value| !value.is_empty());
    let is_ip = |address: &GatewaySpecAddress| address.r#type.known() == Some(AddressType::IpAddress);
    let asked_for = spec.addresses.iter().position(|address| is_named(address) && is_ip(address));
    let others = spec.addresses.iter().enumerate().filter(|(index, address)| {
        Some(*index) != asked_for && is_named(address) && unsupported(address).is_none()
    });
    let problem = |(index, address): (usize, &GatewaySpecAddress)| {
        let at = SPEC.item("addresses", index);
        let value = address.value.as_deref().unwrap_or_default();
        let message = format!(
            "{at}: no load balancer is asked for {}, as a Service asks for one IPAddress only; until it has this one, too, the \
             Gateway is not Programmed",
            quoted(value)
        );
        let help = "name one IPAddress, and ask for others with annotations of the Service (spec.infrastructure.annotations)";
        Fault::new("SpecError", "IgnoredField", &at, message).with_help(help).warning()
    };
    others.map(problem).collect()
}
