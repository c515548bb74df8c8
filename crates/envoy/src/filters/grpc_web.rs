//! gRPC-Web: browsers' form of gRPC, turned into gRPC.

use envoy_protos::envoy::extensions::filters::http::grpc_web::v3::GrpcWeb;
use envoy_protos::google::protobuf::Any;

use crate::any::pack;
use crate::listener::ConnectionManager;

pub(super) fn config(_manager: &ConnectionManager<'_>) -> Option<Any> {
    Some(pack(&GrpcWeb::default()))
}
