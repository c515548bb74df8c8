//! Header values in Envoy's format language, where `%` begins a command.

use crate::header::{MAX_HEADER_BYTES, header_value};
use crate::{HeaderName, Invalid};

/// The commands that users may write; all others are literal text. Their names are Contour's list.
const COMMANDS: [&str; 26] = [
    "DOWNSTREAM_REMOTE_ADDRESS",
    "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_LOCAL_ADDRESS",
    "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_LOCAL_PORT",
    "DOWNSTREAM_LOCAL_URI_SAN",
    "DOWNSTREAM_PEER_URI_SAN",
    "DOWNSTREAM_LOCAL_SUBJECT",
    "DOWNSTREAM_PEER_SUBJECT",
    "DOWNSTREAM_PEER_ISSUER",
    "DOWNSTREAM_TLS_SESSION_ID",
    "DOWNSTREAM_TLS_CIPHER",
    "DOWNSTREAM_TLS_VERSION",
    "DOWNSTREAM_PEER_FINGERPRINT_256",
    "DOWNSTREAM_PEER_FINGERPRINT_1",
    "DOWNSTREAM_PEER_SERIAL",
    "DOWNSTREAM_PEER_CERT",
    "DOWNSTREAM_PEER_CERT_V_START",
    "DOWNSTREAM_PEER_CERT_V_END",
    "HOSTNAME",
    "PROTOCOL",
    "UPSTREAM_REMOTE_ADDRESS",
    "RESPONSE_FLAGS",
    "RESPONSE_CODE_DETAILS",
    "TLS_JA3_FINGERPRINT",
    "TLS_JA4_FINGERPRINT",
];

/// What Contour's own variables stand for; one that is `None` stays as it was written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Substitutions<'a> {
    /// `%CONTOUR_NAMESPACE%`: the namespace of the object.
    pub namespace: Option<&'a str>,
    /// `%CONTOUR_SERVICE_NAME%`.
    pub service_name: Option<&'a str>,
    /// `%CONTOUR_SERVICE_PORT%`.
    pub service_port: Option<u16>,
}

/// The value in Envoy's format language (reference contour.md 3.15): known commands and
/// `%REQ(name?alternative):length%` stay, Contour's variables are put in, every other `%` is doubled.
///
/// # Errors
/// A control character other than a tab, or more than [`MAX_HEADER_BYTES`] in the result.
pub fn escape_header_value(value: &str, substitutions: &Substitutions<'_>) -> Result<String, Invalid> {
    header_value(value)?;
    let mut escaped = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('%') {
        escaped.push_str(before);
        rest = match command(after, substitutions) {
            Some((replacement, rest)) => {
                escaped.push_str(&replacement);
                rest
            }
            None => {
                escaped.push_str("%%");
                after
            }
        };
    }
    escaped.push_str(rest);
    if escaped.len() > MAX_HEADER_BYTES {
        let why = "is longer than 16384 bytes once every % is doubled";
        return Err(Invalid::new("header value", value, why, "shorten it"));
    }
    Ok(escaped)
}

/// The command that begins after a `%`, with what to write for it, and what follows it.
fn command<'v>(after: &'v str, substitutions: &Substitutions<'_>) -> Option<(String, &'v str)> {
    let (name, rest) = after.split_once('%')?;
    let port = substitutions.service_port.map(|port| port.to_string());
    let literal = |text: &str| text.replace('%', "%%");
    let replacement = match name {
        "CONTOUR_NAMESPACE" => literal(substitutions.namespace?),
        "CONTOUR_SERVICE_NAME" => literal(substitutions.service_name?),
        "CONTOUR_SERVICE_PORT" => port?,
        _ if COMMANDS.contains(&name) || is_request_command(name) => format!("%{name}%"),
        _ => return None,
    };
    Some((replacement, rest))
}

/// `REQ(name)`, `REQ(name?alternative)`, either with `:length`.
fn is_request_command(command: &str) -> bool {
    let Some((arguments, length)) = command.strip_prefix("REQ(").and_then(|rest| rest.split_once(')')) else {
        return false;
    };
    let (name, alternative) = match arguments.split_once('?') {
        Some((name, alternative)) => (name, Some(alternative)),
        None => (arguments, None),
    };
    is_argument(name) && alternative.is_none_or(is_argument) && is_length(length)
}

/// A header's name as Contour takes it here, pseudo-headers included.
fn is_argument(name: &str) -> bool {
    let name = name.strip_prefix(':').unwrap_or(name);
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Nothing, or a colon and a number that Envoy can hold.
fn is_length(length: &str) -> bool {
    length.is_empty()
        || length.strip_prefix(':').is_some_and(|digits| {
            (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
        })
}

/// The header whose value becomes the host, if the value of `Host` is `%REQ(name)%` and nothing else.
#[must_use]
pub fn host_from_header(value: &str) -> Option<HeaderName> {
    let name = value.strip_prefix("%REQ(")?.strip_suffix(")%")?;
    HeaderName::parse(name).ok().filter(|name| is_argument(name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(value: &str) -> String {
        let substitutions =
            Substitutions { namespace: Some("ns"), service_name: Some("web"), service_port: Some(80) };
        escape_header_value(value, &substitutions).unwrap()
    }

    #[test]
    fn a_literal_percent_is_doubled() {
        // rt-ha-pctmid, rt-ha-pctopen, rt-ha-pctlower, rt-ha-pctpct, rt-ha-pctsub, rt-ha-pctcel.
        assert_eq!(escaped("a%20b"), "a%%20b");
        assert_eq!(escaped("100%"), "100%%");
        assert_eq!(escaped("%REQ("), "%%REQ(");
        assert_eq!(escaped("%hostname%"), "%%hostname%%");
        assert_eq!(escaped("%%"), "%%%%");
        assert_eq!(escaped("%CEL(request.path)%"), "%%CEL(request.path)%%");
    }

    #[test]
    fn known_commands_stay() {
        assert_eq!(escaped("%HOSTNAME%-50%-%PROTOCOL%"), "%HOSTNAME%-50%%-%PROTOCOL%");
        assert_eq!(escaped("%%HOSTNAME%%"), "%%%HOSTNAME%%%");
        // rt-ha-pctnoargs: with arguments it is no command.
        assert_eq!(escaped("%HOSTNAME(x)%"), "%%HOSTNAME(x)%%");
    }

    #[test]
    fn request_headers_may_be_referred_to() {
        // rt-ha-pctreqok; rt-ha-pctreqempty, rt-ha-pctreqbadlen, rt-ha-pctreqargs, rt-ha-pctreqspace, rt-ha-pctnested.
        for good in ["%REQ(X)%", "%REQ(x-a?:authority)%", "%REQ(X):10%"] {
            assert_eq!(escaped(good), good);
        }
        for literal in
            ["%REQ()%", "%REQ(X):abc%", "%REQ(A?B?C)%", "%REQ( A )%", "%REQ(X):%", "%REQ(X):9999999%"]
        {
            assert_eq!(escaped(literal), literal.replace('%', "%%"));
        }
        assert_eq!(escaped("%REQ(%HOSTNAME%)%"), "%%REQ(%HOSTNAME%)%%");
    }

    #[test]
    fn contours_variables_are_put_in() {
        assert_eq!(escaped("%CONTOUR_SERVICE_NAME%.%CONTOUR_NAMESPACE%:%CONTOUR_SERVICE_PORT%"), "web.ns:80");
        let none = escape_header_value("%CONTOUR_NAMESPACE%", &Substitutions::default());
        assert_eq!(none.unwrap(), "%%CONTOUR_NAMESPACE%%");
    }

    #[test]
    fn line_breaks_and_giants_are_refused() {
        // rt-ha-valnl.
        assert!(escape_header_value("a\r\nb", &Substitutions::default()).is_err());
        assert!(escape_header_value(&"%".repeat(8193), &Substitutions::default()).is_err());
    }

    #[test]
    fn a_host_is_taken_from_a_header_only_by_a_whole_command() {
        // rt-host-hdr-bad.
        assert_eq!(host_from_header("%REQ(X-Host)%").unwrap().as_str(), "x-host");
        for other in ["%REQ()%", "a%REQ(X)%", "%REQ(a b)%", "%REQ(X?Y)%", "%REQ(:authority)%"] {
            assert_eq!(host_from_header(other), None, "{other}");
        }
    }
}
