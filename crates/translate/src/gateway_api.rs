//! The Gateway API: Gateways and what they offer to routes, routes and where they are attached, policies, grants.
//!
//! A Gateway with its ListenerSets makes an [`store::Offer`] for each of them ([`gateway`]); routes read offers and
//! nothing else of Gateways ([`attach`]). What each object's status says is made where it is found out, as values.

mod addresses;
mod attach;
mod authorities;
mod backend;
mod backend_tls;
mod certificates;
mod conflicts;
mod cors;
mod default_gateways;
mod external_auth;
mod filters;
mod forwarding;
mod gateway;
mod grants;
mod grpc_route;
mod headers;
mod hosts;
mod http_route;
mod listeners;
mod members;
mod merging;
mod parameters;
mod report;
mod requests;
mod selector;
mod served;
mod session;
mod statement;
mod traffic;
mod translation;
mod unrouted;

pub use gateway::{GatewayPlan, gateways};
pub(crate) use report::report;
pub(crate) use statement::{ACCEPTED, MATCH_CONFLICT};

use model::{Kind, ObjectId, Settings};
use store::Reader;

use crate::Contribution;

/// What a route, a Gateway or a ListenerSet contributes.
pub(crate) fn contribution(reader: &Reader<'_>, settings: &Settings, id: &ObjectId) -> Contribution {
    match id.kind {
        Kind::HttpRoute => http_route::contribution(reader, settings, id),
        Kind::GrpcRoute => grpc_route::contribution(reader, settings, id),
        Kind::TlsRoute | Kind::TcpRoute | Kind::UdpRoute => forwarding::contribution(reader, settings, id),
        _ => unrouted::contribution(reader, id),
    }
}
