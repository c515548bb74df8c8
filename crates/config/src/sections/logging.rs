//! Access logs.

use model::Settings;

use crate::fault::Faults;
use crate::key::{Form, Key, Standing, key};
use crate::written::Written;

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
    key("spec.envoy.logging.accessLogFormat", Form::Text)
        .file("accesslog-format")
        .flag("accesslog-format")
        .default("envoy")
        .standing(Standing::Missing)
        .means("The form of access logs: `envoy` for lines of text, `json` for an object for each request."),
    key("spec.envoy.logging.accessLogFormatString", Form::Text)
        .file("accesslog-format-string")
        .default("Envoy's own")
        .standing(Standing::Missing)
        .means("The line of the format `envoy`; it ends in a line break."),
    key("spec.envoy.logging.accessLogJSONFields", Form::Texts)
        .file("json-fields")
        .standing(Standing::Missing)
        .means("The fields of the format `json`: names, or `name=%OPERATOR%`."),
    key("spec.envoy.logging.accessLogLevel", Form::Text)
        .file("accesslog-level")
        .default("info")
        .standing(Standing::Missing)
        .means("Which requests are logged: `info` all, `error` those with a status of 300 and above or a response flag, `critical` those of 500 and above or a response flag, `disabled` none."),
];

pub(super) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    let Some(envoy) = &written.spec.envoy else { return };
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
