//! Access logs.

use std::sync::Arc;

use api::contour_configuration::{AccessLogFormat, AccessLogLevel, EnvoyLogging};
use model::{AccessLogs, LogFormat, LogLevel, Settings};

use crate::fault::Faults;
use crate::key::{Form, Key, key};
use crate::written::Written;

const FORMAT: &str = "spec.envoy.logging.accessLogFormat";
const LINE: &str = "spec.envoy.logging.accessLogFormatString";
const FIELDS: &str = "spec.envoy.logging.accessLogJSONFields";
const LEVEL: &str = "spec.envoy.logging.accessLogLevel";

pub(super) const KEYS: &[Key] = &[
    key("spec.envoy.http.accessLog", Form::Text)
        .flag("envoy-http-access-log")
        .not_up()
        .default("/dev/stdout")
        .means("The file that requests by plain HTTP are logged to."),
    key("spec.envoy.https.accessLog", Form::Text)
        .flag("envoy-https-access-log")
        .not_up()
        .default("/dev/stdout")
        .means("The file that requests by HTTPS are logged to."),
    key(FORMAT, Form::Text)
        .file("accesslog-format")
        .flag("accesslog-format")
        .default("envoy")
        .means("The form of access logs: `envoy` for lines of text, `json` for an object for each request."),
    key(LINE, Form::Text)
        .file("accesslog-format-string")
        .default("Envoy's own")
        .means("The line of the format `envoy`; it ends in a line break."),
    key(FIELDS, Form::Texts)
        .file("json-fields")
        .default("@timestamp, authority, bytes_received, bytes_sent, downstream_local_address, downstream_remote_address, duration, method, path, protocol, request_id, requested_server_name, response_code, response_flags, uber_trace_id, upstream_cluster, upstream_host, upstream_local_address, upstream_service_time, user_agent, x_forwarded_for, grpc_status, grpc_status_number")
        .means("The fields of the format `json`: names, or `name=%OPERATOR%`."),
    key(LEVEL, Form::Text)
        .file("accesslog-level")
        .default("info")
        .means("Which requests are logged: `info` all, `error` those with a status of 300 and above or a response flag, `critical` those of 500 and above or a response flag, `disabled` none."),
];

pub(super) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    let Some(envoy) = &written.spec.envoy else { return };
    if let Some(logging) = envoy.logging.as_deref() {
        settings.access_logs = AccessLogs { level: level(logging, faults), format: format(logging, faults) };
    }
    for (path, listener, file) in [
        ("spec.envoy.http.accessLog", &envoy.http, &mut settings.http_access_log),
        ("spec.envoy.https.accessLog", &envoy.https, &mut settings.https_access_log),
    ] {
        let Some(said) = listener.as_ref().and_then(|listener| listener.access_log.as_deref()) else {
            continue;
        };
        match said {
            "" => faults.error(path, "is empty, expected the path of a file"),
            said => *file = said.into(),
        }
    }
}

fn level(logging: &EnvoyLogging, faults: &mut Faults) -> LogLevel {
    match faults.word(LEVEL, logging.access_log_level.as_ref()) {
        None | Some(AccessLogLevel::Info) => LogLevel::All,
        Some(AccessLogLevel::Error) => LogLevel::Error,
        Some(AccessLogLevel::Critical) => LogLevel::Critical,
        Some(AccessLogLevel::Disabled) => LogLevel::Disabled,
    }
}

/// Line and fields are judged whichever is chosen.
fn format(logging: &EnvoyLogging, faults: &mut Faults) -> LogFormat {
    let line = logging.access_log_format_string.as_deref().filter(|line| !line.is_empty());
    let line = line.and_then(|line| faults.rule(LINE, rules::log_line(line)));
    let fields = fields(&logging.access_log_json_fields, faults);
    match faults.word(FORMAT, logging.access_log_format.as_ref()) {
        Some(AccessLogFormat::Json) => LogFormat::Json(fields),
        None | Some(AccessLogFormat::Envoy) => {
            line.map_or(LogFormat::Default, |line| LogFormat::Line(line.into()))
        }
    }
}

fn fields(said: &[String], faults: &mut Faults) -> Vec<(Arc<str>, Arc<str>)> {
    let default = || rules::DEFAULT_LOG_FIELDS.map(str::to_owned).to_vec();
    let said = if said.is_empty() { default() } else { said.to_vec() };
    let mut fields: Vec<(Arc<str>, Arc<str>)> = Vec::new();
    for (index, field) in said.iter().enumerate() {
        let path = format!("{FIELDS}[{index}]");
        match faults.rule(&path, rules::log_field(field)) {
            Some((name, _)) if fields.iter().any(|(other, _)| **other == *name) => {
                faults.error(path, format!("has the name {name:?}, which another field has, too"));
            }
            Some((name, format)) => fields.push((name.into(), format.into())),
            None => {}
        }
    }
    fields
}
