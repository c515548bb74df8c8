//! Forms of text in the Gateway API.

use super::{Refusal, expected, is_dns_name};

/// Group of a kind; empty is the core group.
pub(crate) const GROUP: &str = r"^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// Name of a kind.
pub(crate) const KIND: &str = r"^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$";
/// Name of a controller of the Gateway API.
pub(crate) const CONTROLLER_NAME: &str =
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$";
/// Protocol of a listener. As in the definitions, only the second form may have anything before it.
pub(crate) const PROTOCOL: &str = r"^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$|[a-z0-9]/[A-Za-z0-9]+$";
/// Type of an address. As in the definitions, the words may have anything around them.
pub(crate) const ADDRESS_TYPE: &str =
    r"^Hostname|IPAddress|NamedAddress|[a-z0-9]/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$";
/// Value of a label.
pub(crate) const LABEL_VALUE: &str = r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$";
/// Value of a header: visible characters, with single spaces or tabs between them.
pub(crate) const HEADER_VALUE: &str = r"^[!-~]+([\t ]?[!-~]+)*$";
/// A duration of the Gateway API: at most four numbers of at most five digits.
pub(crate) const GATEWAY_DURATION: &str = r"^([0-9]{1,5}(h|m|s|ms)){1,4}$";
/// What may be in a path.
pub(crate) const PATH_CHARACTERS: &str = r"^([-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$";
/// Site that pages come from.
pub(crate) const CORS_ORIGIN: &str =
    r"^\*$|^https?://((\*\.)?([a-zA-Z0-9-]+\.)*[a-zA-Z0-9-]+|\*)(:[0-9]{1,5})?$";
/// A URI with a scheme and `//`.
pub(crate) const URI: &str = r"^[^:/?#]+://";
/// Well-known authorities: a word, or a name with a domain.
pub(crate) const WELL_KNOWN_CA: &str = r"^(System|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])$";
/// Service of gRPC with its package.
pub(crate) const GRPC_SERVICE: &str = r"^\.?[A-Za-z_][A-Za-z_0-9]*(\.[A-Za-z_][A-Za-z_0-9]*)*$";
/// Method of gRPC.
pub(crate) const GRPC_METHOD: &str = r"^[A-Za-z_][A-Za-z_0-9]*$";

/// Every pattern with its function.
pub(super) const ALL: &[(&str, Refusal)] = &[
    (GROUP, |text| {
        expected(text.is_empty() || is_dns_name(text), "a lower-case DNS name, or nothing for the core group")
    }),
    (KIND, |text| expected(is_kind(text), "a name of letters, digits and \"-\"")),
    (CONTROLLER_NAME, |text| {
        let holds = text.split_once('/').is_some_and(|(domain, path)| is_dns_name(domain) && is_tail(path));
        expected(holds, "a name with a domain, such as example.com/controller")
    }),
    (PROTOCOL, |text| {
        let is_word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric());
        let holds = is_kind_or_number(text) || tails(text).any(|tail| !tail.is_empty() && is_word(tail));
        expected(holds, "HTTP, HTTPS, TLS, TCP, UDP, or a name with a domain")
    }),
    (ADDRESS_TYPE, |text| {
        let is_word =
            text.starts_with("Hostname") || text.contains("IPAddress") || text.contains("NamedAddress");
        expected(
            is_word || tails(text).any(is_tail),
            "IPAddress, Hostname, NamedAddress, or a name with a domain",
        )
    }),
    (LABEL_VALUE, |text| {
        expected(
            text.is_empty() || is_label_name(text),
            "letters, digits, \"-\", \"_\" and \".\", the first and the last neither of the three",
        )
    }),
    (HEADER_VALUE, |text| {
        expected(is_header_value(text), "visible ASCII characters, with single spaces between them")
    }),
    (GATEWAY_DURATION, |text| {
        expected(is_duration(text), "a duration such as 10s, 1m30s or 500ms, of whole numbers up to 99999")
    }),
    (PATH_CHARACTERS, |text| {
        expected(is_path(text), "a path of letters, digits, -/._~!$&'()*+,;=:@ and bytes such as %20")
    }),
    (CORS_ORIGIN, |text| {
        expected(
            is_origin(text),
            "\"*\", or an origin such as https://example.com, https://*.example.com:8443",
        )
    }),
    (URI, |text| {
        let holds = text
            .split_once("://")
            .is_some_and(|(scheme, _)| !scheme.is_empty() && !scheme.contains([':', '/', '?', '#']));
        expected(holds, "a URI such as spiffe://example.com/service")
    }),
    (WELL_KNOWN_CA, |text| {
        let is_name =
            |(domain, name): (&str, &str)| is_dns_name(domain) && is_label_name(name) && name.len() <= 63;
        expected(
            text == "System" || text.split_once('/').is_some_and(is_name),
            "System, or a name with a domain",
        )
    }),
    (GRPC_SERVICE, |text| {
        let holds = text.strip_prefix('.').unwrap_or(text).split('.').all(is_identifier);
        expected(holds, "a service of gRPC such as example.v1.Shop")
    }),
    (GRPC_METHOD, |text| expected(is_identifier(text), "a method of gRPC such as GetCart")),
];

/// Key of a label or an annotation.
pub(crate) fn is_label_key(text: &str) -> bool {
    let (domain, name) = text.split_once('/').map_or((None, text), |(domain, name)| (Some(domain), name));
    domain.is_none_or(|domain| is_dns_name(domain) && domain.len() < 253)
        && is_label_name(name)
        && name.len() <= 63
}

fn is_kind(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && is_kind_or_number(text)
}

fn is_kind_or_number(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty() && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// What stands behind each slash that ends a domain.
fn tails(text: &str) -> impl Iterator<Item = &str> {
    let ends_domain = |before: &str| before.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.match_indices('/').filter(move |(at, _)| ends_domain(&text[..*at])).map(|(at, _)| &text[at + 1..])
}

/// What stands behind the domain of a name.
fn is_tail(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:".contains(c);
    !text.is_empty() && text.chars().all(allowed)
}

fn is_label_name(text: &str) -> bool {
    let ends_well = |c: char| c.is_ascii_alphanumeric();
    let inner = |c: char| ends_well(c) || "-_.".contains(c);
    text.chars().all(inner) && text.starts_with(ends_well) && text.ends_with(ends_well)
}

fn is_header_value(text: &str) -> bool {
    text.split([' ', '\t']).all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_graphic()))
}

/// One to four numbers with units.
fn is_duration(text: &str) -> bool {
    let mut rest = text;
    for _ in 0..4 {
        let unit = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let Some(left) = ["ms", "h", "m", "s"].iter().find_map(|name| unit.strip_prefix(name)) else {
            return false;
        };
        if !(1..=5).contains(&(rest.len() - unit.len())) {
            return false;
        }
        rest = left;
        if rest.is_empty() {
            return true;
        }
    }
    false
}

fn is_path(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-/._~!$&'()*+,;=:@".contains(&byte);
    let mut parts = text.split('%');
    let is_plain = |part: &str| part.bytes().all(allowed);
    let is_escaped = |part: &str| {
        let (byte, rest) = part.as_bytes().split_at_checked(2).unwrap_or_default();
        byte.len() == 2 && byte.iter().all(u8::is_ascii_hexdigit) && rest.iter().copied().all(allowed)
    };
    !text.is_empty() && parts.next().is_some_and(is_plain) && parts.all(is_escaped)
}

fn is_origin(text: &str) -> bool {
    let Some(place) = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) else {
        return text == "*";
    };
    let (host, port) = place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)));
    let is_port =
        |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_host = host == "*" || host.strip_prefix("*.").unwrap_or(host).split('.').all(is_label);
    is_host && port.is_none_or(is_port)
}

fn is_identifier(text: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(first) && text.chars().all(|c| first(c) || c.is_ascii_digit())
}
