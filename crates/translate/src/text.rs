//! Texts of users on their way into the model: each passes a rule of `rules` or `re2`, and comes out in
//! the form that the model wants. Errors are the words for the user.

use std::sync::Arc;

use api::duration;
use model::{Host, Timeout};
use rules::{Compared, Invalid, Substitutions};

/// The longest path that a route may be about, joined with the prefixes of the includes that lead to it.
pub(crate) const MAX_PATH: usize = 16 * 1024;

/// Where a header value stands: what its `%CONTOUR_…%` variables mean.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) service: Option<(&'a str, u16)>,
}

/// A text of the user in a message: quoted, and cut where it is too long to help.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 120;
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}… ({} bytes)", &text[..end], text.len()),
    }
}

/// The host of an HTTPProxy: a name in any case, a wildcard for one label, or an IPv4 address.
pub(crate) fn host(text: &str) -> Result<Host, String> {
    canonical(text, rules::Host::parse)
}

/// The host of an Ingress: the same without addresses.
pub(crate) fn host_name(text: &str) -> Result<Host, String> {
    canonical(text, rules::Host::parse_name)
}

fn canonical(text: &str, parse: fn(&str) -> Result<rules::Host, Invalid>) -> Result<Host, String> {
    // Kubernetes refuses the dot; with it, one host would have two spellings in the index of roots.
    if text.ends_with('.') {
        return Err(format!("host {} ends with a dot; leave it out", quoted(text)));
    }
    parse(text).map(|host| Host::new(host.into_string())).map_err(|why| why.to_string())
}

/// A path that requests are compared with.
pub(crate) fn path(text: &str) -> Result<&str, String> {
    rules::path(text).map(|_| text).map_err(|why| why.to_string())
}

/// Whether requests have such a path when Envoy compares it; several slashes are one in it already.
///
/// # Errors
/// Why none has, and how it would be found.
pub(crate) fn sent_path(path: &str, compared: Compared) -> Result<(), Invalid> {
    rules::normal_path(path, compared, true)?;
    rules::encoded_path(path)
}

/// An expression by RE2's rules.
pub(crate) fn regex(text: &str) -> Result<&str, String> {
    re2::check(text).map(|_| text).map_err(|invalid| invalid.to_string())
}

/// The name of a header in a condition; those that HTTP/2 writes with a colon are allowed.
pub(crate) fn match_header_name(text: &str) -> Result<Arc<str>, String> {
    rules::matched_header(text).map(Into::into).map_err(|why| why.to_string())
}

/// A text that a header or a query parameter is compared with; never empty.
pub(crate) fn match_value(text: &str) -> Result<Arc<str>, String> {
    if text.chars().any(char::is_control) {
        return Err(format!("{} has control characters, no request has such a value", quoted(text)));
    }
    Ok(text.into())
}

/// The name of a query parameter.
pub(crate) fn query_name(text: &str) -> Result<Arc<str>, String> {
    rules::hash_parameter(text).map(Into::into).map_err(|why| why.to_string())
}

/// The value of a header in Envoy's format language (reference 3.15).
pub(crate) fn header_value(text: &str, place: &Place<'_>) -> Result<Arc<str>, Invalid> {
    let substitutions = Substitutions {
        namespace: Some(place.namespace),
        service_name: place.service.map(|(name, _)| name),
        service_port: place.service.map(|(_, port)| port),
    };
    let value = rules::escape_header_value(text, &substitutions)?;
    // What was put in is a name of an object, which nobody has checked for this use.
    rules::header_value(&value).map(Into::into)
}

/// The TLS name of a host that may have a port.
pub(crate) fn server_name(host: &str) -> &str {
    host.split_once(':').map_or(host, |(name, _)| name)
}

/// A time limit as a Go duration.
pub(crate) fn timeout(text: &str) -> Result<Timeout, String> {
    match duration::Timeout::parse(text).map_err(|invalid| format!("{}: {invalid}", quoted(text)))? {
        duration::Timeout::Default => Ok(Timeout::Default),
        duration::Timeout::Infinite => Ok(Timeout::Disabled),
        duration::Timeout::After(time) => {
            rules::timeout(time).map(Timeout::After).map_err(|why| why.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_tls_name_of_a_host_has_no_port() {
        assert_eq!((server_name("a.example:8443"), server_name("a.example")), ("a.example", "a.example"));
    }

    #[test]
    fn a_host_has_one_spelling() {
        assert_eq!(host("A.Example"), Ok(Host::new("a.example")));
        assert!(host("a.example.").is_err());
        assert!(host("10.0.0.1").is_ok() && host_name("10.0.0.1").is_err());
    }

    #[test]
    fn a_time_limit_that_envoy_would_take_for_none_is_its_shortest() {
        assert_eq!(timeout("1us"), Ok(Timeout::After(Duration::from_millis(1))));
        assert_eq!(timeout("0s"), Ok(Timeout::Default));
        assert!(timeout("9223372037s").is_err());
    }

    #[test]
    fn names_of_objects_cannot_break_a_header() {
        let place = Place { namespace: "a\r\nb", service: Some(("50%", 80)) };
        assert!(header_value("%CONTOUR_NAMESPACE%", &place).is_err());
        assert_eq!(header_value("%CONTOUR_SERVICE_NAME%", &place).as_deref(), Ok("50%%"));
    }

    #[test]
    fn long_texts_are_cut_in_messages() {
        assert_eq!(quoted("a\n"), r#""a\n""#);
        assert!(quoted(&"é".repeat(1000)).len() < 300);
    }
}
