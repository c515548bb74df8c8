//! Scripts in the data plane. All are constants: no value of a user is ever part of one.

use envoy_protos::envoy::config::core::v3::DataSource;
use envoy_protos::envoy::config::core::v3::data_source::Specifier;
use envoy_protos::envoy::extensions::filters::http::lua::v3::Lua;
use envoy_protos::google::protobuf::Any;

use crate::any::pack;

/// A filter that runs this script.
pub(super) fn script(text: &'static str) -> Any {
    pack(&Lua {
        default_source_code: Some(DataSource {
            specifier: Some(Specifier::InlineString(text.to_owned())),
            ..Default::default()
        }),
        ..Default::default()
    })
}
