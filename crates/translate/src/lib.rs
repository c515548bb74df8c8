//! Facts in, model out: what each kind of object means.
//!
//! Every function here takes a recording [`store::Reader`] (or what other units made) and gives a value.
//! None can fail: what is wrong with an object becomes a [`model::Problem`] in a [`Note`], and a policy
//! that restricts access and cannot be built leaves a route that answers 500. No IO, no clock, no state.
//!
//! The three types to know: [`Contribution`] (what one root adds to the world), [`Fragment`] (its part in
//! one host of one listener), [`Note`] (what it has to say about an object).

mod annotation;
mod attached;
mod backend;
mod class;
mod contribution;
mod default_headers;
mod delegation;
mod duplicates;
mod endpoints;
mod extension_service;
mod external_name;
mod fault;
mod field_path;
mod gateway_api;
mod http_proxy;
mod ingress;
mod ingress_route;
mod merge;
mod report;
mod secret;
mod text;
mod tls;
mod way_out;

pub use contribution::{Contribution, Fragment, Note, Origin, Rank, Standing};
pub use endpoints::endpoints;
pub use extension_service::{Extension, asked_about_all};
pub use gateway_api::{GatewayPlan, gateways};
pub use http_proxy::{default_rate_limit, global_authorization};
pub use merge::{Merged, merge};
pub use report::report;
pub use secret::secret;

use model::{Kind, ObjectId, Settings};
use store::Reader;

/// What one root contributes: an Ingress, or a root HTTPProxy with everything that it includes. An ExtensionService
/// contributes what there is to say about it.
///
/// An object that is not there, is of another class, or is no root contributes nothing.
#[must_use]
pub fn root(reader: &Reader<'_>, settings: &Settings, id: &ObjectId) -> Contribution {
    let attached = |made| attached::attach(reader, settings, id, made);
    match id.kind {
        Kind::Ingress => attached(ingress::contribution(reader, settings, id)),
        Kind::HttpProxy => attached(http_proxy::contribution(reader, settings, id)),
        Kind::ExtensionService => extension_service::contribution(reader, settings, id),
        Kind::IngressRoute => attached(ingress_route::contribution(reader, settings, id)),
        Kind::Gateway
        | Kind::ListenerSet
        | Kind::HttpRoute
        | Kind::GrpcRoute
        | Kind::TlsRoute
        | Kind::TcpRoute
        | Kind::UdpRoute => gateway_api::contribution(reader, settings, id),
        Kind::Namespace
        | Kind::Service
        | Kind::EndpointSlice
        | Kind::Secret
        | Kind::ConfigMap
        | Kind::ContourDeployment
        | Kind::TlsCertificateDelegation
        | Kind::HeptioCertificateDelegation
        | Kind::GatewayClass
        | Kind::ReferenceGrant
        | Kind::BackendTlsPolicy
        | Kind::XBackendTrafficPolicy => Contribution::default(),
    }
}
