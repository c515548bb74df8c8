//! What may stand in access logs, in Envoy's format language (reference contour.md 7.9 and Appendix B).
//!
//! Envoy refuses a listener whose log has an operator that it does not know, or an argument where none may be: each
//! operator here is as strict as Envoy 1.40 was seen to be.

mod operators;

use crate::Invalid;
use operators::{Arguments, OPERATORS};

const SUBJECT: &str = "access log format";

/// Fields of JSON logs that have a name of their own, with their formats.
const SHORTCUTS: [(&str, &str); 14] = [
    ("@timestamp", "%START_TIME%"),
    ("ts", "%START_TIME%"),
    ("authority", "%REQ(:AUTHORITY)%"),
    ("method", "%REQ(:METHOD)%"),
    ("path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"),
    ("request_id", "%REQ(X-REQUEST-ID)%"),
    ("uber_trace_id", "%REQ(UBER-TRACE-ID)%"),
    ("upstream_service_time", "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%"),
    ("user_agent", "%REQ(USER-AGENT)%"),
    ("x_forwarded_for", "%REQ(X-FORWARDED-FOR)%"),
    ("x_trace_id", "%REQ(X-TRACE-ID)%"),
    ("contour_config_kind", "%METADATA(ROUTE:envoy.access_loggers.file:io.projectcontour.kind)%"),
    ("contour_config_namespace", "%METADATA(ROUTE:envoy.access_loggers.file:io.projectcontour.namespace)%"),
    ("contour_config_name", "%METADATA(ROUTE:envoy.access_loggers.file:io.projectcontour.name)%"),
];

/// The fields of JSON logs when nobody chooses them.
pub const DEFAULT_LOG_FIELDS: [&str; 23] = [
    "@timestamp",
    "authority",
    "bytes_received",
    "bytes_sent",
    "downstream_local_address",
    "downstream_remote_address",
    "duration",
    "method",
    "path",
    "protocol",
    "request_id",
    "requested_server_name",
    "response_code",
    "response_flags",
    "uber_trace_id",
    "upstream_cluster",
    "upstream_host",
    "upstream_local_address",
    "upstream_service_time",
    "user_agent",
    "x_forwarded_for",
    "grpc_status",
    "grpc_status_number",
];

/// The operators that may stand alone, and are the names of fields in lower case.
pub fn log_operators() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().filter(|(_, arguments)| arguments.may_be_left_out()).map(|(name, _)| *name)
}

/// The line of a log, unchanged.
///
/// # Errors
/// No line break at the end, or an operator that Envoy would refuse.
pub fn log_line(line: &str) -> Result<&str, Invalid> {
    log_format(line)?;
    if line.ends_with('\n') {
        Ok(line)
    } else {
        Err(Invalid::new(SUBJECT, line, "does not end in a line break", "write \\n at its end"))
    }
}

/// A field of a JSON log by what was written for it: a name that stands for something, or `name=format`. Gives its
/// name and its format.
///
/// # Errors
/// A name that stands for nothing, no name, or an operator that Envoy would refuse.
pub fn log_field(field: &str) -> Result<(&str, String), Invalid> {
    if let Some((name, format)) = field.split_once('=') {
        if name.is_empty() {
            let why = "has no name before the =";
            return Err(Invalid::new("access log field", field, why, "write name=%OPERATOR%"));
        }
        return Ok((name, log_format(format)?.to_owned()));
    }
    if let Some((_, format)) = SHORTCUTS.iter().find(|(name, _)| *name == field) {
        return Ok((field, (*format).to_owned()));
    }
    let operator = field.to_uppercase();
    let is_operator = arguments(&operator).is_some_and(Arguments::may_be_left_out);
    if field.to_lowercase() == field && is_operator {
        return Ok((field, format!("%{operator}%")));
    }
    let way_out = "write an operator in lower case, or name=%OPERATOR%";
    Err(Invalid::new("access log field", field, "stands for nothing", way_out))
}

/// A text with operators, unchanged.
fn log_format(format: &str) -> Result<&str, Invalid> {
    let mut rest = format;
    while let Some((_, after)) = rest.split_once('%') {
        rest = match after.strip_prefix('%') {
            Some(literal) => literal,
            None => operator(after)?,
        };
    }
    Ok(format)
}

/// Judges the operator that begins after a `%`, and gives what follows it.
fn operator(after: &str) -> Result<&str, Invalid> {
    let name_ends = |c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let (name, rest) = after.split_at(after.find(name_ends).unwrap_or(after.len()));
    let refuse =
        |why: String, way_out: &'static str| Err(Invalid::new(SUBJECT, &format!("%{after}"), why, way_out));
    let (given, rest) = match rest.strip_prefix('(').and_then(|inside| inside.split_once(')')) {
        Some((given, rest)) => (Some(given), rest),
        None => (None, rest),
    };
    let digits = rest.strip_prefix(':').map(|rest| rest.split_at(rest.find('%').unwrap_or(rest.len())));
    let (length, rest) = digits.map_or((None, rest), |(length, rest)| (Some(length), rest));
    let Some(next) = rest.strip_prefix('%') else {
        return refuse("has a % that begins no operator".into(), "double the %, or write %NAME%");
    };
    let Some(arguments) = arguments(name) else {
        return refuse(
            format!("has the operator {name:?}, which is none"),
            "see the operators of access logs",
        );
    };
    if let Some(why) = arguments.refuse(given) {
        return refuse(format!("has the operator {name}, which {why}"), "correct what stands in parentheses");
    }
    if length.is_some_and(|length| !arguments.may_be_cut() || !operators::is_length(length)) {
        let why = format!("has the operator {name} with a length that it cannot have");
        return refuse(why, "leave the length out, or write up to six digits for a header");
    }
    Ok(next)
}

fn arguments(name: &str) -> Option<Arguments> {
    OPERATORS.iter().find(|(operator, _)| *operator == name).map(|(_, arguments)| *arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_that_envoy_takes_pass() {
        for format in [
            "",
            "plain\n",
            "100%%\n",
            "%START_TIME(%s.%3f)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH):20% %PROTOCOL%\n",
            "%METADATA(ROUTE:a:b):5%%GRPC_STATUS(NUMBER)%%REQUESTED_SERVER_NAME(HOST_FIRST)%",
            "%UPSTREAM_FILTER_STATE(a:FIELD:x)%%REQ_WITHOUT_QUERY(:path?x):9%%ENVIRONMENT(HOME)%",
            "%DOWNSTREAM_PEER_CERT_V_START(%Y)%%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        ] {
            assert_eq!(log_format(format), Ok(format));
        }
    }

    /// Each was refused by Envoy 1.40.
    #[test]
    fn formats_that_envoy_refuses_are_refused() {
        for (format, why) in [
            ("100%", "has a % that begins no operator"),
            ("% %", "has a % that begins no operator"),
            ("%protocol%", "has a % that begins no operator"),
            ("%REQ(A)", "has a % that begins no operator"),
            ("%REQ(A):x%", "has the operator REQ with a length that it cannot have"),
            ("%NOTHING%", "has the operator \"NOTHING\", which is none"),
            ("%PROTOCOL(x)%", "has the operator PROTOCOL, which takes nothing in parentheses"),
            ("%PROTOCOL:5%", "has the operator PROTOCOL with a length that it cannot have"),
            ("%START_TIME:5%", "has the operator START_TIME with a length that it cannot have"),
            ("%START_TIME(a\nb)%", "has the operator START_TIME, which takes no line break"),
            ("%REQ%", "has the operator REQ, which needs something in parentheses"),
            ("%REQ()%", "has the operator REQ, which needs something in parentheses"),
            (
                "%REQ(a b)%",
                "has the operator REQ, which takes the name of a header, and perhaps another behind a ?",
            ),
            (
                "%REQ(A?B?C)%",
                "has the operator REQ, which takes the name of a header, and perhaps another behind a ?",
            ),
            (
                "%METADATA(X:a)%",
                "has the operator METADATA, which takes TYPE:NAMESPACE:KEY, with a type among ROUTE, CLUSTER, DYNAMIC, UPSTREAM_HOST, LISTENER, VIRTUAL_HOST, LISTENER_FILTER_CHAIN",
            ),
            (
                "%GRPC_STATUS(X)%",
                "has the operator GRPC_STATUS, which takes one of CAMEL_STRING, SNAKE_STRING, NUMBER",
            ),
            (
                "%UPSTREAM_FILTER_STATE%",
                "has the operator UPSTREAM_FILTER_STATE, which needs something in parentheses",
            ),
            (
                "%UPSTREAM_FILTER_STATE(a:FOO)%",
                "has the operator UPSTREAM_FILTER_STATE, which takes a key, and perhaps :PLAIN, :TYPED or :FIELD:NAME",
            ),
        ] {
            assert_eq!(
                log_format(format).map_err(|invalid| invalid.why.into_owned()),
                Err(why.to_owned()),
                "{format}"
            );
        }
    }

    #[test]
    fn a_line_ends() {
        assert_eq!(log_line("%PROTOCOL%\n"), Ok("%PROTOCOL%\n"));
        assert_eq!(
            log_line("%PROTOCOL%").unwrap_err().to_string(),
            "access log format \"%PROTOCOL%\" does not end in a line break; write \\n at its end"
        );
    }

    #[test]
    fn a_field_is_a_name_that_stands_for_something_or_has_a_format() {
        assert_eq!(log_field("method"), Ok(("method", "%REQ(:METHOD)%".into())));
        assert_eq!(log_field("bytes_sent"), Ok(("bytes_sent", "%BYTES_SENT%".into())));
        assert_eq!(log_field("agent=%REQ(USER-AGENT)%"), Ok(("agent", "%REQ(USER-AGENT)%".into())));
        assert_eq!(log_field("fixed=a=b"), Ok(("fixed", "a=b".into())));
        for field in
            ["req", "upstream_filter_state", "BYTES_SENT", "nothing", "", "=%PROTOCOL%", "a=%NOTHING%"]
        {
            assert!(log_field(field).is_err(), "{field}");
        }
        for field in DEFAULT_LOG_FIELDS {
            assert!(log_field(field).is_ok(), "{field}");
        }
    }
}
