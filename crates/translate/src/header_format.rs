//! Header values as users write them, in Envoy's format language (reference 3.15).
//!
//! A `%` means itself, unless it begins one of the variables below; Envoy refuses a route table for any
//! other.

use crate::text::Place;

/// Envoy's variables that users may write.
const VARIABLES: [&str; 26] = [
    "DOWNSTREAM_LOCAL_ADDRESS",
    "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_LOCAL_PORT",
    "DOWNSTREAM_LOCAL_SUBJECT",
    "DOWNSTREAM_LOCAL_URI_SAN",
    "DOWNSTREAM_PEER_CERT",
    "DOWNSTREAM_PEER_CERT_V_END",
    "DOWNSTREAM_PEER_CERT_V_START",
    "DOWNSTREAM_PEER_FINGERPRINT_1",
    "DOWNSTREAM_PEER_FINGERPRINT_256",
    "DOWNSTREAM_PEER_ISSUER",
    "DOWNSTREAM_PEER_SERIAL",
    "DOWNSTREAM_PEER_SUBJECT",
    "DOWNSTREAM_PEER_URI_SAN",
    "DOWNSTREAM_REMOTE_ADDRESS",
    "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_TLS_CIPHER",
    "DOWNSTREAM_TLS_SESSION_ID",
    "DOWNSTREAM_TLS_VERSION",
    "HOSTNAME",
    "PROTOCOL",
    "RESPONSE_CODE_DETAILS",
    "RESPONSE_FLAGS",
    "TLS_JA3_FINGERPRINT",
    "TLS_JA4_FINGERPRINT",
    "UPSTREAM_REMOTE_ADDRESS",
];

/// The most digits of a length in `%REQ(name):length%`.
const LENGTH_DIGITS: usize = 6;

/// A value in Envoy's format language.
pub(crate) fn translate(text: &str, place: &Place<'_>) -> String {
    let mut value = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((literal, behind)) = rest.split_once('%') {
        value.push_str(literal);
        rest = behind;
        match behind.split_once('%').and_then(|(command, after)| Some((substitute(command, place)?, after))) {
            Some((substitute, after)) => {
                value.push_str(&substitute);
                rest = after;
            }
            None => value.push_str("%%"),
        }
    }
    value.push_str(rest);
    value
}

/// What stands for a variable; `None` when it is none.
fn substitute(command: &str, place: &Place<'_>) -> Option<String> {
    if VARIABLES.contains(&command) || is_request_header(command) {
        return Some(format!("%{command}%"));
    }
    match command {
        "CONTOUR_NAMESPACE" => Some(literal(place.namespace)),
        "CONTOUR_SERVICE_NAME" => place.service.map(|(name, _)| literal(name)),
        "CONTOUR_SERVICE_PORT" => place.service.map(|(_, port)| port.to_string()),
        _ => None,
    }
}

fn literal(text: &str) -> String {
    text.replace('%', "%%")
}

/// Whether a variable is `REQ(name)`, `REQ(name?other)`, either with `:length`.
fn is_request_header(command: &str) -> bool {
    let Some((names, length)) = command.strip_prefix("REQ(").and_then(|rest| rest.split_once(')')) else {
        return false;
    };
    let (name, other) = names.split_once('?').map_or((names, None), |(name, other)| (name, Some(other)));
    let is_length = |digits: &str| {
        (1..=LENGTH_DIGITS).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    };
    is_name(name)
        && other.is_none_or(is_name)
        && (length.is_empty() || length.strip_prefix(':').is_some_and(is_length))
}

fn is_name(name: &str) -> bool {
    let plain = name.strip_prefix(':').unwrap_or(name);
    !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let place = Place { namespace: "shop", service: Some(("web", 80)) };
        assert_eq!(translate(text, &place), expected, "{text}");
    }

    #[test]
    fn a_percent_sign_is_doubled_unless_it_begins_a_variable() {
        check("plain", "plain");
        check("100%", "100%%");
        check("a%20b", "a%%20b");
        check("%%", "%%%%");
        check("50% of %HOSTNAME%", "50%% of %HOSTNAME%");
        check("%hostname%", "%%hostname%%");
        check("%START_TIME(%s)%", "%%START_TIME(%%s)%%");
        check("%HOSTNAME%HOSTNAME%", "%HOSTNAME%HOSTNAME%%");
    }

    #[test]
    fn request_headers_may_be_named_with_an_alternative_and_a_length() {
        check("%REQ(X-A)%", "%REQ(X-A)%");
        check("%REQ(x_a?:path):12%", "%REQ(x_a?:path):12%");
        for bad in
            ["REQ()", "REQ( A )", "REQ(a?b?c)", "REQ(a):", "REQ(a):x", "REQ(a):1234567", "REQ(a", "REQ(a)b"]
        {
            check(&format!("%{bad}%"), &format!("%%{bad}%%"));
        }
    }

    #[test]
    fn contours_variables_stand_for_what_the_header_is_about() {
        check("%CONTOUR_NAMESPACE%/%CONTOUR_SERVICE_NAME%:%CONTOUR_SERVICE_PORT%", "shop/web:80");
        let route = Place { namespace: "shop", service: None };
        assert_eq!(translate("%CONTOUR_SERVICE_NAME%", &route), "%%CONTOUR_SERVICE_NAME%%");
    }

    #[test]
    fn what_is_put_in_is_no_format() {
        let place = Place { namespace: "%HOSTNAME%", service: None };
        assert_eq!(translate("%CONTOUR_NAMESPACE%", &place), "%%HOSTNAME%%");
    }
}
