//! Access logs.

use envoy_protos::envoy::config::accesslog::v3 as accesslog;
use envoy_protos::envoy::config::accesslog::v3::access_log::ConfigType;
use envoy_protos::envoy::extensions::access_loggers::file::v3::FileAccessLog;

use crate::any::pack;

/// Lines of Envoy's default format, to a file.
pub(crate) fn file(path: &str) -> accesslog::AccessLog {
    let config = FileAccessLog { path: path.to_owned(), ..Default::default() };
    accesslog::AccessLog {
        name: "envoy.access_loggers.file".to_owned(),
        config_type: Some(ConfigType::TypedConfig(pack(&config))),
        ..Default::default()
    }
}
