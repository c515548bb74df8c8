//! What Envoy asks others about requests.

use model::{
    Authorization, AuthorizationProtocol, Check, DescriptorEntry, GlobalRateLimit, NameMatch, Question,
    RouteAuthorization, RouteAuthorizationProtocol,
};

use super::{Names, header, timeout};

/// Whom a host asks, and how.
pub(super) fn authorization(authorization: &Authorization, names: &Names) -> String {
    let Authorization { cluster, question } = authorization;
    format!("{} {}", names[cluster], self::question(question))
}

fn question(question: &Question) -> String {
    let mut words = match &question.protocol {
        AuthorizationProtocol::Grpc => vec![format!("by grpc as {}", question.authority)],
        AuthorizationProtocol::Http { path_prefix, request_headers, upstream_headers } => {
            let mut words = vec![format!("by http as {}", question.authority)];
            if !path_prefix.is_empty() {
                words.push(format!("below {path_prefix}"));
            }
            words.extend(list("told headers", request_headers));
            words.extend(list("backend gets headers", upstream_headers));
            words
        }
    };
    words.extend(timeout(question.timeout).map(|time| format!("timeout {time}")));
    if question.fail_open {
        words.push("fails open".into());
    }
    if let Some(body) = &question.body {
        let partial = if body.partial { "the first " } else { "up to " };
        let form = if body.as_bytes { " as bytes" } else { "" };
        words.push(format!("told {partial}{} bytes of the body{form}", body.most));
    }
    words.join(", ")
}

/// Whom a route asks, and how.
pub(super) fn route_authorization(authorization: &RouteAuthorization, names: &Names) -> String {
    let RouteAuthorization { cluster, protocol, authority, timeout, body } = authorization;
    let mut words = match protocol {
        RouteAuthorizationProtocol::Grpc { request_headers: None } => vec![format!("by grpc as {authority}")],
        RouteAuthorizationProtocol::Grpc { request_headers: Some(headers) } => {
            vec![format!("by grpc as {authority}"), format!("told only headers {}", headers.join(" "))]
        }
        RouteAuthorizationProtocol::Http { path_prefix, request_headers, answer_headers } => {
            let mut words = vec![format!("by http as {authority}")];
            if !path_prefix.is_empty() {
                words.push(format!("below {path_prefix}"));
            }
            if !request_headers.is_empty() {
                words.push(format!("told headers {}", request_headers.join(" ")));
            }
            let answered = answer_headers.as_ref().map_or("all".into(), |names| names.join(" "));
            words.push(format!("backend gets headers {answered}"));
            words
        }
    };
    words.extend(self::timeout(*timeout).map(|time| format!("timeout {time}")));
    words.extend(body.map(|most| format!("told the first {most} bytes of the body")));
    format!("{} {}", names[cluster], words.join(", "))
}

fn list(what: &str, names: &[NameMatch]) -> Option<String> {
    let names: Vec<_> = names.iter().map(name).collect();
    (!names.is_empty()).then(|| format!("{what} {}", names.join(" ")))
}

fn name(name: &NameMatch) -> String {
    match name {
        NameMatch::Exact(text) => text.to_string(),
        NameMatch::Prefix(text) => format!("{text}..."),
        NameMatch::Suffix(text) => format!("...{text}"),
        NameMatch::Contains(text) => format!("...{text}..."),
    }
}

/// What a host or a route says about it.
pub(super) fn check(check: &Check) -> String {
    match check {
        Check::Skip => "nobody is asked".into(),
        Check::Ask { context } => {
            let context: Vec<_> = context.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("asked with [{}]", context.join(" "))
        }
    }
}

/// What a service counts, one line for each descriptor.
pub(super) fn global_rate_limit(limit: &GlobalRateLimit) -> Vec<String> {
    let line = |entries: &Vec<_>| entries.iter().map(entry).collect::<Vec<_>>().join(", ");
    match limit.descriptors.is_empty() {
        true => vec!["nothing".into()],
        false => limit.descriptors.iter().map(line).collect(),
    }
}

fn entry(entry: &DescriptorEntry) -> String {
    match entry {
        DescriptorEntry::Generic { key, value } => {
            format!("{}={value}", key.as_deref().unwrap_or("generic_key"))
        }
        DescriptorEntry::Header { name, key } => format!("{key}=header {name}"),
        DescriptorEntry::HeaderMatch { headers, expected, value } => {
            let conditions: Vec<_> = headers.iter().map(header).collect();
            let when = if *expected { "if" } else { "unless" };
            format!("header_match={value} {when} [{}]", conditions.join(" and "))
        }
        DescriptorEntry::RemoteAddress => "remote_address".into(),
    }
}
