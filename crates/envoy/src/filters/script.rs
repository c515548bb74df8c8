//! Scripts in the data plane. All are constants: no value of a user is ever part of one.

use std::collections::BTreeMap;

use envoy_protos::envoy::config::core::v3::DataSource;
use envoy_protos::envoy::config::core::v3::data_source::Specifier;
use envoy_protos::envoy::extensions::filters::http::lua::v3::Lua;
use envoy_protos::google::protobuf::Any;

use crate::any::pack;

/// A filter that runs this script.
pub(super) fn script(text: &'static str) -> Any {
    pack(&Lua { default_source_code: Some(source(text)), ..Default::default() })
}

/// A filter that runs this script where a message asks for it by its name.
pub(super) fn named_script(name: &str, text: &'static str) -> Any {
    pack(&Lua { source_codes: BTreeMap::from([(name.to_owned(), source(text))]), ..Default::default() })
}

fn source(text: &'static str) -> DataSource {
    DataSource { specifier: Some(Specifier::InlineString(text.to_owned())), ..Default::default() }
}
