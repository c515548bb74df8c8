//! What the operator configures for all, as JSON.

use envoy::{ResourceType, XdsMode, to_json};
use insta::assert_yaml_snapshot;
use model::{LogFormat, LogLevel, Settings};
use serde_json::Value;

use crate::values::find;

/// A field of the connection manager of the plaintext listener.
fn of_manager(settings: &Settings, field: &str) -> Value {
    let outputs = envoy::layout(settings, XdsMode::AdsDelta).flush();
    let mut listener = to_json(&find(&outputs, ResourceType::Listener, "ingress_http"));
    listener["filter_chains"][0]["filters"][0]["typed_config"][field].take()
}

#[test]
fn access_logs_of_every_form_and_level() {
    let line = LogFormat::Line("%REQ_WITHOUT_QUERY(:PATH)%\n".into());
    let fields = LogFormat::Json(vec![("b".into(), "%PROTOCOL%".into()), ("a".into(), "%DURATION%".into())]);
    let logs =
        [(LogLevel::Error, line), (LogLevel::Critical, fields), (LogLevel::Disabled, LogFormat::Default)];
    let logs = logs.map(|(level, format)| {
        let mut settings = Settings::default();
        settings.access_logs.level = level;
        settings.access_logs.format = format;
        of_manager(&settings, "access_log")
    });
    assert_yaml_snapshot!(logs);
}
