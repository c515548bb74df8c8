//! What Envoy asks others about requests.

use model::{Authorization, AuthorizationProtocol, Check, NameMatch, Question};

use super::{Names, timeout};

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
