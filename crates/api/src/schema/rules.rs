//! Rules that look at several fields: each as the CEL expression that an API server evaluates, and as a function.

use serde::Serialize;
use serde_json::{Map, Value};

/// Names of the certificate: the two spellings agree.
pub(crate) const SUBJECT_NAMES: Rule = Rule {
    cel: "!has(self.subjectNames) || self.subjectNames[0] == self.subjectName",
    message: "the first of subjectNames must equal subjectName",
    refusal: |fields| {
        let first = fields.get("subjectNames")?.get(0)?;
        let name = fields.get("subjectName").unwrap_or(&Value::Null);
        let message = || format!("the first is {first}, it must equal subjectName ({name})");
        (first != name).then(|| ("subjectNames", message()))
    },
};

/// Settings that gRPC has no use for.
pub(crate) const HTTP_SETTINGS: Rule = Rule {
    cel: "!has(self.httpSettings) || self.serviceType == 'http'",
    message: "httpSettings is for serviceType http only",
    refusal: |fields| {
        let http = fields.get("serviceType").and_then(Value::as_str) == Some("http");
        let refused = fields.contains_key("httpSettings") && !http;
        refused.then(|| ("httpSettings", "is for serviceType http only".to_owned()))
    },
};

/// One way to match a header name.
pub(crate) const ALLOWED_HEADER: Rule = Rule {
    cel: "(has(self.exact) ? 1 : 0) + (has(self.prefix) ? 1 : 0) + (has(self.suffix) ? 1 : 0) + (has(self.contains) ? 1 : 0) == 1",
    message: "exactly one of exact, prefix, suffix, contains must be given",
    refusal: |fields| exactly_one(fields, &["exact", "prefix", "suffix", "contains"]),
};

/// One place that keys come from.
pub(crate) const JWKS_SOURCE: Rule = Rule {
    cel: "has(self.remoteJWKS) != has(self.localJWKS)",
    message: "exactly one of remoteJWKS, localJWKS must be given",
    refusal: |fields| exactly_one(fields, &["remoteJWKS", "localJWKS"]),
};

/// One thing that is counted.
pub(crate) const DESCRIPTOR_ENTRY: Rule = Rule {
    cel: "(has(self.genericKey) ? 1 : 0) + (has(self.requestHeader) ? 1 : 0) + (has(self.requestHeaderValueMatch) ? 1 : 0) + (has(self.remoteAddress) ? 1 : 0) == 1",
    message: "exactly one of genericKey, requestHeader, requestHeaderValueMatch, remoteAddress must be given",
    refusal: |fields| {
        exactly_one(fields, &["genericKey", "requestHeader", "requestHeaderValueMatch", "remoteAddress"])
    },
};

/// All of them.
pub(crate) const ALL: [Rule; 5] =
    [SUBJECT_NAMES, HTTP_SETTINGS, ALLOWED_HEADER, JWKS_SOURCE, DESCRIPTOR_ENTRY];

/// A field of the object that the rule is for (empty: the object itself), and what is wrong there.
type Refusal = fn(&Map<String, Value>) -> Option<(&'static str, String)>;

/// A rule about the fields of one structure; an element of `x-kubernetes-validations`.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Rule {
    #[serde(rename = "rule")]
    cel: &'static str,
    message: &'static str,
    #[serde(skip)]
    refusal: Refusal,
}

/// What is wrong by the expression of one rule, and with which field.
pub(crate) fn refusal(cel: &str, fields: &Map<String, Value>) -> Option<(&'static str, String)> {
    (ALL.iter().find(|rule| rule.cel == cel)?.refusal)(fields)
}

fn exactly_one(fields: &Map<String, Value>, names: &[&str]) -> Option<(&'static str, String)> {
    let given: Vec<&str> = names.iter().copied().filter(|name| fields.contains_key(*name)).collect();
    let message = match given.as_slice() {
        [_] => return None,
        [] => format!("none is given of {}; exactly one is needed", names.join(", ")),
        several => format!("{} are given; exactly one is needed", several.join(" and ")),
    };
    Some(("", message))
}
