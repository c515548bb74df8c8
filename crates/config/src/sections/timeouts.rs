//! Time limits.

use model::{Settings, Timeout};

use crate::fault::Faults;
use crate::key::{Form, Key, key};
use crate::written::Written;

const REQUEST: &str = "spec.envoy.timeouts.requestTimeout";
const CONNECTION_IDLE: &str = "spec.envoy.timeouts.connectionIdleTimeout";
const STREAM_IDLE: &str = "spec.envoy.timeouts.streamIdleTimeout";
const MAX_CONNECTION: &str = "spec.envoy.timeouts.maxConnectionDuration";
const DELAYED_CLOSE: &str = "spec.envoy.timeouts.delayedCloseTimeout";
const GRACE: &str = "spec.envoy.timeouts.connectionShutdownGracePeriod";
const CONNECT: &str = "spec.envoy.timeouts.connectTimeout";

pub(super) const KEYS: &[Key] = &[
    key(REQUEST, Form::Text)
        .file("timeouts.request-timeout")
        .default("none")
        .means("How long a whole request may take to arrive."),
    key(CONNECTION_IDLE, Form::Text)
        .file("timeouts.connection-idle-timeout")
        .default("60s")
        .means("How long a client's connection may be without requests."),
    key(STREAM_IDLE, Form::Text)
        .file("timeouts.stream-idle-timeout")
        .default("5m, Envoy's own")
        .means("How long a request may be without a byte in either direction."),
    key(MAX_CONNECTION, Form::Text)
        .file("timeouts.max-connection-duration")
        .default("none")
        .means("How long a client's connection may last in all."),
    key(DELAYED_CLOSE, Form::Text)
        .file("timeouts.delayed-close-timeout")
        .default("1s, Envoy's own")
        .means("How long Envoy waits for a client to close before it does."),
    key(GRACE, Form::Text)
        .file("timeouts.connection-shutdown-grace-period")
        .default("5s, Envoy's own")
        .means("How long clients may send more after they were told to leave."),
    key(CONNECT, Form::Text)
        .file("timeouts.connect-timeout")
        .default("2s")
        .means("How long a connection to a backend may take to open; never `infinity`."),
];

pub(super) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    let Some(said) = written.spec.envoy.as_ref().and_then(|envoy| envoy.timeouts.as_ref()) else { return };
    let timeouts = &mut settings.timeouts;
    let limits = [
        (REQUEST, &said.request_timeout, &mut timeouts.request),
        (CONNECTION_IDLE, &said.connection_idle_timeout, &mut timeouts.connection_idle),
        (STREAM_IDLE, &said.stream_idle_timeout, &mut timeouts.stream_idle),
        (MAX_CONNECTION, &said.max_connection_duration, &mut timeouts.max_connection_duration),
        (DELAYED_CLOSE, &said.delayed_close_timeout, &mut timeouts.delayed_close),
        (GRACE, &said.connection_shutdown_grace_period, &mut timeouts.connection_shutdown_grace),
    ];
    for (path, text, limit) in limits {
        *limit = faults.timeout(path, text.as_deref()).unwrap_or(*limit);
    }
    if settings.timeouts.connection_shutdown_grace == Timeout::Disabled {
        faults.error(GRACE, "is infinity; clients that were told to leave must go some time");
    }
    let connect = said.connect_timeout.as_deref().filter(|text| !text.is_empty());
    settings.timeouts.connect = faults.duration(CONNECT, connect).unwrap_or(settings.timeouts.connect);
}
