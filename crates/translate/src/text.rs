//! Texts of users on their way into the model: each passes a rule of `rules` or `re2`, and comes out in
//! the form that the model wants. Errors are the words for the user.

use std::sync::Arc;

use api::duration;
use model::{Host, Timeout};

/// Where a header value stands: what its `%CONTOUR_…%` variables mean.
pub(crate) struct Place<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) service: Option<(&'a str, u16)>,
}

pub(crate) fn host(text: &str) -> Result<Host, String> {
    let canonical = text.to_ascii_lowercase();
    let labels = canonical.strip_prefix("*.").unwrap_or(&canonical);
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if canonical.len() > 253 || !labels.split('.').all(is_label) || labels.parse::<std::net::IpAddr>().is_ok()
    {
        return Err(format!("\"{text}\" is not a DNS name of at most 253 characters"));
    }
    Ok(Host::new(canonical))
}

pub(crate) fn path(text: &str) -> Result<String, String> {
    if !text.starts_with('/') {
        return Err(format!("\"{text}\" must start with '/'"));
    }
    if text.len() > 8192 || text.chars().any(|c| c.is_control() || matches!(c, '?' | '#')) {
        return Err(format!("\"{text}\" must not contain '?', '#' or control characters"));
    }
    Ok(text.to_owned())
}

pub(crate) fn regex(text: &str) -> Result<Arc<str>, String> {
    re2::check(text).map_err(|invalid| invalid.to_string())?;
    Ok(text.into())
}

pub(crate) fn path_regex(text: &str) -> Result<String, String> {
    if !text.starts_with('/') {
        return Err(format!("regex conditions must start with '/', \"{text}\" was supplied"));
    }
    regex(text).map(|regex| regex.to_string())
}

pub(crate) fn header_name(text: &str) -> Result<Arc<str>, String> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if text.is_empty() || text.len() > 1024 || !text.bytes().all(token) {
        return Err(format!("\"{text}\": must be a header name"));
    }
    Ok(text.to_ascii_lowercase().into())
}

pub(crate) fn match_header_name(text: &str) -> Result<Arc<str>, String> {
    match text {
        ":method" | ":authority" | ":path" | ":scheme" => Ok(text.into()),
        _ => header_name(text),
    }
}

pub(crate) fn match_value(text: &str) -> Result<Arc<str>, String> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(format!("value {text:?} must not be empty and must have no control characters"));
    }
    Ok(text.into())
}

pub(crate) fn query_name(text: &str) -> Result<Arc<str>, String> {
    if text.is_empty() || text.len() > 1024 || text.chars().any(char::is_control) {
        return Err("the name of a query parameter must have 1 to 1024 printable characters".into());
    }
    Ok(text.into())
}

pub(crate) fn query_value(text: &str) -> Result<(), String> {
    match_value(text).map(drop)
}

pub(crate) fn header_value(text: &str, _place: &Place<'_>) -> Result<Arc<str>, String> {
    if text.chars().any(char::is_control) {
        return Err("must have no control characters".into());
    }
    Ok(text.replace('%', "%%").into())
}

pub(crate) fn host_value(text: &str) -> Result<Arc<str>, String> {
    if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(format!("\"{text}\" is no host"));
    }
    Ok(text.into())
}

pub(crate) fn redirect_host(text: &str) -> Result<Host, String> {
    host(text).and_then(|host| {
        if host.wildcard_parent().is_some() {
            Err(format!("\"{text}\" must not be a wildcard"))
        } else {
            Ok(host)
        }
    })
}

pub(crate) fn port(number: i64) -> Result<u16, String> {
    u16::try_from(number)
        .ok()
        .filter(|port| *port > 0)
        .ok_or_else(|| format!("{number} must be in the range 1-65535"))
}

pub(crate) fn timeout(text: &str) -> Result<Timeout, String> {
    match duration::Timeout::parse(text).map_err(|invalid| invalid.to_string())? {
        duration::Timeout::Default => Ok(Timeout::Default),
        duration::Timeout::Infinite => Ok(Timeout::Disabled),
        duration::Timeout::After(time) => Ok(Timeout::After(time)),
    }
}
