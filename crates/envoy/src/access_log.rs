//! Access logs.

use std::collections::BTreeMap;
use std::sync::Arc;

use envoy_protos::envoy::config::accesslog::v3 as accesslog;
use envoy_protos::envoy::config::accesslog::v3::access_log::ConfigType;
use envoy_protos::envoy::config::accesslog::v3::access_log_filter::FilterSpecifier;
use envoy_protos::envoy::config::accesslog::v3::comparison_filter::Op;
use envoy_protos::envoy::config::core::v3 as core;
use envoy_protos::envoy::config::core::v3::substitution_format_string::Format;
use envoy_protos::envoy::extensions::access_loggers::file::v3::FileAccessLog;
use envoy_protos::envoy::extensions::access_loggers::file::v3::file_access_log::AccessLogFormat;
use envoy_protos::envoy::extensions::access_loggers::stream::v3::{
    StderrAccessLog, StdoutAccessLog, stderr_access_log, stdout_access_log,
};
use envoy_protos::envoy::extensions::formatter::req_without_query::v3::ReqWithoutQuery;
use envoy_protos::google::protobuf::value::Kind;
use envoy_protos::google::protobuf::{Struct, Value};
use model::{AccessLogs, LogFormat, LogLevel};

use crate::any::pack;

/// Lines of Envoy's default format, to a file.
pub(crate) fn file(path: &str) -> accesslog::AccessLog {
    log(path, None, None)
}

/// What is logged of clients, to a file; nothing where nothing is.
pub(crate) fn of_clients(path: &str, logs: &AccessLogs) -> Vec<accesslog::AccessLog> {
    if logs.level == LogLevel::Disabled {
        return vec![];
    }
    vec![log(path, format(&logs.format), filter(logs.level))]
}

/// The streams that Envoy was started with are not opened by name: whoever runs as another user than the one who
/// made them may not, and would have no listener.
fn log(
    path: &str,
    format: Option<core::SubstitutionFormatString>,
    filter: Option<accesslog::AccessLogFilter>,
) -> accesslog::AccessLog {
    let (logger, config) = match path {
        "/dev/stdout" => {
            let access_log_format = format.map(stdout_access_log::AccessLogFormat::LogFormat);
            ("stdout", pack(&StdoutAccessLog { access_log_format }))
        }
        "/dev/stderr" => {
            let access_log_format = format.map(stderr_access_log::AccessLogFormat::LogFormat);
            ("stderr", pack(&StderrAccessLog { access_log_format }))
        }
        path => {
            let access_log_format = format.map(AccessLogFormat::LogFormat);
            ("file", pack(&FileAccessLog { path: path.to_owned(), access_log_format }))
        }
    };
    let name = format!("envoy.access_loggers.{logger}");
    accesslog::AccessLog { name, filter, config_type: Some(ConfigType::TypedConfig(config)) }
}

/// The form of what is logged; none for Envoy's own.
fn format(format: &LogFormat) -> Option<core::SubstitutionFormatString> {
    let (form, is_extended) = match format {
        LogFormat::Default => return None,
        LogFormat::Line(line) => (Format::TextFormatSource(inline(line)), is_extended(line)),
        LogFormat::Json(fields) => {
            (Format::JsonFormat(json(fields)), fields.iter().any(|(_, format)| is_extended(format)))
        }
    };
    Some(core::SubstitutionFormatString {
        omit_empty_values: matches!(form, Format::JsonFormat(_)),
        formatters: is_extended.then(without_query).into_iter().collect(),
        format: Some(form),
        ..Default::default()
    })
}

fn inline(line: &str) -> core::DataSource {
    let specifier = core::data_source::Specifier::InlineString(line.to_owned());
    core::DataSource { specifier: Some(specifier), ..Default::default() }
}

fn json(fields: &[(Arc<str>, Arc<str>)]) -> Struct {
    let text = |format: &Arc<str>| Value { kind: Some(Kind::StringValue(format.to_string())) };
    let fields: BTreeMap<_, _> =
        fields.iter().map(|(name, format)| (name.to_string(), text(format))).collect();
    Struct { fields }
}

/// Whether a format has an operator that Envoy knows by an extension only.
fn is_extended(format: &str) -> bool {
    format.contains("%REQ_WITHOUT_QUERY(")
}

fn without_query() -> core::TypedExtensionConfig {
    core::TypedExtensionConfig {
        name: "envoy.formatter.req_without_query".to_owned(),
        typed_config: Some(pack(&ReqWithoutQuery {})),
    }
}

/// Which requests are logged; none for all. What has a response flag is logged whatever its status: a request that
/// got no answer has none.
fn filter(level: LogLevel) -> Option<accesslog::AccessLogFilter> {
    let least = match level {
        LogLevel::All | LogLevel::Disabled => return None,
        LogLevel::Error => 300,
        LogLevel::Critical => 500,
    };
    let flags = FilterSpecifier::ResponseFlagFilter(accesslog::ResponseFlagFilter::default());
    let filters = [FilterSpecifier::StatusCodeFilter(status_from(least)), flags].map(specified).to_vec();
    Some(specified(FilterSpecifier::OrFilter(accesslog::OrFilter { filters })))
}

fn specified(filter: FilterSpecifier) -> accesslog::AccessLogFilter {
    accesslog::AccessLogFilter { filter_specifier: Some(filter) }
}

/// Contour's name for the value that the runtime may put in its place.
fn status_from(least: u32) -> accesslog::StatusCodeFilter {
    let value = core::RuntimeUInt32 {
        default_value: least,
        runtime_key: "contour.accesslog.filter.status_code".to_owned(),
    };
    let comparison = accesslog::ComparisonFilter { op: Op::Ge.into(), value: Some(value) };
    accesslog::StatusCodeFilter { comparison: Some(comparison) }
}
