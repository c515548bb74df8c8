//! Texts of users on their way into the model: each passes a rule, and comes out in the form that the
//! model wants. Errors are the words for the user.
//!
//! The rules are what Envoy accepts, less what it accepts and should not (line breaks in a redirect,
//! `transfer-encoding` added to a request), and no more than Kubernetes would let through.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use api::duration;
use model::{Host, Timeout};

use crate::header_format;

/// Where a header value stands: what its `%CONTOUR_…%` variables mean.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) service: Option<(&'a str, u16)>,
}

/// The longest path that a route may be about, joined with the prefixes of the includes that lead to it.
pub(crate) const MAX_PATH: usize = 8192;
/// The longest header name or value in bytes; Envoy's own limit.
const MAX_HEADER: usize = 16 * 1024;
/// The shortest time limit: Envoy counts milliseconds, and takes 0 for none.
const SHORTEST: Duration = Duration::from_millis(1);

/// A text of the user in a message: quoted, and cut where it is too long to help.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 120;
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}… ({} bytes)", &text[..end], text.len()),
    }
}

/// A DNS name in any case, or a wildcard for one label.
pub(crate) fn host(text: &str) -> Result<Host, String> {
    let labels = text.strip_prefix("*.").unwrap_or(text);
    if text.len() > 253 || !labels.split('.').all(is_label) {
        return Err(format!(
            "{} is not a DNS name: labels of letters, digits and '-' of at most 63 characters, 253 in all, \
             the first may be '*'",
            quoted(text)
        ));
    }
    Ok(Host::new(text.to_ascii_lowercase()))
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// A path that requests are compared with.
pub(crate) fn path(text: &str) -> Result<&str, String> {
    starts_with_slash(text)?;
    if text.contains(['?', '#']) {
        return Err(format!("{} must not contain '?' or '#': a path ends before them", quoted(text)));
    }
    visible(text, "path")
}

/// A path that requests are sent on with: it stands in a request line.
pub(crate) fn replacement(text: &str) -> Result<&str, String> {
    path(text).and_then(|text| one_word(text, "path"))
}

/// A path that clients are sent to; it may have a query and a fragment.
pub(crate) fn location(text: &str) -> Result<&str, String> {
    starts_with_slash(text)?;
    visible(text, "path").and_then(|text| one_word(text, "path"))
}

fn starts_with_slash(text: &str) -> Result<(), String> {
    if text.starts_with('/') { Ok(()) } else { Err(format!("{} must start with '/'", quoted(text))) }
}

fn visible<'a>(text: &'a str, what: &str) -> Result<&'a str, String> {
    if text.len() > MAX_PATH {
        return Err(format!("a {what} of {} bytes is longer than {MAX_PATH}", text.len()));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("{} must not contain control characters", quoted(text)));
    }
    Ok(text)
}

fn one_word<'a>(text: &'a str, what: &str) -> Result<&'a str, String> {
    if text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(text);
    }
    Err(format!("{} must be a {what} of visible ASCII characters; write others as %XX", quoted(text)))
}

/// An expression by RE2's rules.
pub(crate) fn regex(text: &str) -> Result<&str, String> {
    re2::check(text).map(|_| text).map_err(|invalid| invalid.to_string())
}

/// An expression for a path.
pub(crate) fn path_regex(text: &str) -> Result<&str, String> {
    starts_with_slash(text)?;
    regex(text)
}

/// The name of a header, in lower case.
pub(crate) fn header_name(text: &str) -> Result<Arc<str>, String> {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if text.is_empty() || text.len() > MAX_HEADER || !text.bytes().all(is_token) {
        return Err(format!(
            "{}: a valid HTTP header must consist of letters, digits and the characters \
             !#$%&'*+-.^_`|~",
            quoted(text)
        ));
    }
    Ok(lower(text).into())
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) { text.to_ascii_lowercase().into() } else { text.into() }
}

/// The name of a header that a policy changes: not one that says where a message ends.
pub(crate) fn edited_header_name(text: &str) -> Result<Arc<str>, String> {
    let name = header_name(text)?;
    match &*name {
        "transfer-encoding" | "content-length" => {
            Err(format!("{}: only Envoy may change it, it says where a message ends", quoted(text)))
        }
        _ => Ok(name),
    }
}

/// The name of a header in a condition; those that HTTP/2 writes with a colon are allowed.
pub(crate) fn match_header_name(text: &str) -> Result<Arc<str>, String> {
    match text {
        ":method" | ":authority" | ":path" | ":scheme" => Ok(text.into()),
        _ => header_name(text),
    }
}

/// A text that a header or a query parameter is compared with; never empty.
pub(crate) fn match_value(text: &str) -> Result<Arc<str>, String> {
    if text.chars().any(char::is_control) {
        return Err(format!("{} must not contain control characters", quoted(text)));
    }
    Ok(text.into())
}

/// The name of a query parameter.
pub(crate) fn query_name(text: &str) -> Result<Arc<str>, String> {
    if text.is_empty() || text.len() > MAX_PATH || text.chars().any(char::is_control) {
        return Err(format!(
            "{}: the name of a query parameter must not be empty and must have no control characters",
            quoted(text)
        ));
    }
    Ok(text.into())
}

/// The value of a header in Envoy's format language.
pub(crate) fn header_value(text: &str, place: &Place<'_>) -> Result<Arc<str>, String> {
    let value = header_format::translate(text, place);
    if value.len() > MAX_HEADER {
        return Err(format!("a value of {} bytes is longer than {MAX_HEADER}", value.len()));
    }
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(format!("{} must not contain control characters", quoted(text)));
    }
    Ok(value.into())
}

/// A host, perhaps with a port, that a backend is asked for.
pub(crate) fn host_value(text: &str) -> Result<Arc<str>, String> {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
    if text.is_empty() || text.len() > 255 || !text.bytes().all(is_part) {
        return Err(format!("{} is no host name of at most 255 characters", quoted(text)));
    }
    Ok(text.into())
}

/// The TLS name of a host: without its port.
pub(crate) fn server_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// A host that clients are sent to.
pub(crate) fn redirect_host(text: &str) -> Result<Host, String> {
    if text.starts_with('*') {
        return Err(format!("{} must not be a wildcard", quoted(text)));
    }
    host(text)
}

/// A port.
pub(crate) fn port(number: i64) -> Result<u16, String> {
    u16::try_from(number)
        .ok()
        .filter(|port| *port > 0)
        .ok_or_else(|| format!("{number} must be in the range 1-65535"))
}

/// A time limit as a Go duration.
pub(crate) fn timeout(text: &str) -> Result<Timeout, String> {
    match duration::Timeout::parse(text).map_err(|invalid| format!("{}: {invalid}", quoted(text)))? {
        duration::Timeout::Default => Ok(Timeout::Default),
        duration::Timeout::Infinite => Ok(Timeout::Disabled),
        duration::Timeout::After(time) => Ok(Timeout::After(time.max(SHORTEST))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tls_name_of_a_host_has_no_port() {
        let name = server_name;
        assert_eq!(
            (name("a.example:8443"), name("a.example"), name("fd00::1")),
            ("a.example", "a.example", "fd00::1")
        );
    }

    #[test]
    fn a_time_limit_that_envoy_would_take_for_none_is_its_shortest() {
        assert_eq!(timeout("1us"), Ok(Timeout::After(SHORTEST)));
        assert_eq!(timeout("0s"), Ok(Timeout::Default));
        assert!(timeout("9223372037s").is_err());
    }

    #[test]
    fn long_texts_are_cut_in_messages() {
        assert_eq!(quoted("a\n"), r#""a\n""#);
        assert!(quoted(&"é".repeat(1000)).len() < 300);
    }
}
