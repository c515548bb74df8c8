//! Messages within messages.

use envoy_protos::google::protobuf::Any;
use prost::{Message, Name};

/// A message with its type, as extensions are configured.
pub(crate) fn pack<M: Message + Name>(message: &M) -> Any {
    Any { type_url: M::type_url(), value: message.encode_to_vec().into() }
}
