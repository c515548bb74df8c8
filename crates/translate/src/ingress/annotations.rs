//! What the annotations of an Ingress say about its routes (reference 5.2).

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{Problem, Retry, RouteTimeouts, Severity, Timeout, TlsVersion};
use store::IngressFact;

use crate::text::{self, quoted};
use crate::tls;

/// What the annotations of an Ingress say about its routes.
#[derive(Debug, Clone)]
pub(super) struct Annotations {
    /// Whether plain HTTP is served.
    pub(super) allow_http: bool,
    /// Whether plain HTTP only says where HTTPS is.
    pub(super) force_https: bool,
    /// Time limits.
    pub(super) timeouts: RouteTimeouts,
    /// Second tries.
    pub(super) retry: Option<Retry>,
    /// Paths whose clients may upgrade to a WebSocket.
    pub(super) websockets: BTreeSet<Box<str>>,
    /// The oldest TLS version that its hosts offer.
    pub(super) tls_minimum: Option<TlsVersion>,
    /// The newest TLS version that its hosts offer.
    pub(super) tls_maximum: Option<TlsVersion>,
}

impl Annotations {
    /// What they say, and which of them cannot be used.
    pub(super) fn read(fact: &IngressFact) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let response = fact
            .annotation("projectcontour.io/response-timeout")
            .or_else(|| fact.annotation("projectcontour.io/request-timeout"));
        let response = timeout(&mut problems, "response-timeout", response);
        let annotations = Self {
            allow_http: fact.annotation("kubernetes.io/ingress.allow-http") != Some("false"),
            force_https: fact.annotation("ingress.kubernetes.io/force-ssl-redirect") == Some("true"),
            timeouts: RouteTimeouts { response, idle: Timeout::Default },
            retry: retry(&mut problems, fact),
            websockets: websockets(fact),
            tls_minimum: tls_version(&mut problems, fact, "tls-minimum-protocol-version"),
            tls_maximum: tls_version(&mut problems, fact, "tls-maximum-protocol-version"),
        };
        (annotations, problems)
    }
}

fn tls_version(problems: &mut Vec<Problem>, fact: &IngressFact, key: &str) -> Option<TlsVersion> {
    let word = fact.annotation(&format!("projectcontour.io/{key}")).filter(|word| !word.is_empty())?;
    let version = tls::version(word);
    if version.is_none() {
        problems.push(unusable(key, &format!("{} is not one of 1.2 and 1.3", quoted(word))));
    }
    version
}

fn websockets(fact: &IngressFact) -> BTreeSet<Box<str>> {
    let list = fact.annotation("projectcontour.io/websocket-routes").unwrap_or_default();
    list.split(',').map(str::trim).filter(|path| !path.is_empty()).map(Into::into).collect()
}

/// Retries are on only when the cases are named; a count of -1 switches them off again.
fn retry(problems: &mut Vec<Problem>, fact: &IngressFact) -> Option<Retry> {
    let cases = fact.annotation("projectcontour.io/retry-on")?;
    let on = cases.split(',').map(str::trim).filter(|case| !case.is_empty());
    let on: Result<Vec<_>, _> = on.map(rules::retry_on).collect();
    let on = on.map_err(|why| problems.push(unusable("retry-on", &why.to_string()))).ok()?;
    let count = count(problems, fact.annotation("projectcontour.io/num-retries"))?;
    let per_try = timeout(problems, "per-try-timeout", fact.annotation("projectcontour.io/per-try-timeout"));
    Some(Retry { on: Arc::from(on.join(",")), count, per_try, status_codes: vec![] })
}

fn count(problems: &mut Vec<Problem>, text: Option<&str>) -> Option<u32> {
    let Some(text) = text else { return Some(1) };
    match text.parse::<i64>() {
        Ok(-1) => None,
        Ok(count) if (0..=i64::from(u32::MAX)).contains(&count) => u32::try_from(count.max(1)).ok(),
        _ => {
            let why = format!("{} is no whole number from -1 to {}", quoted(text), u32::MAX);
            problems.push(unusable("num-retries", &why));
            Some(1)
        }
    }
}

fn timeout(problems: &mut Vec<Problem>, key: &str, text: Option<&str>) -> Timeout {
    let text = text.unwrap_or_default();
    text::timeout(text).unwrap_or_else(|why| {
        problems.push(unusable(key, &why));
        Timeout::Default
    })
}

fn unusable(key: &str, why: &str) -> Problem {
    let path = format!("metadata.annotations[\"projectcontour.io/{key}\"]");
    Problem {
        severity: Severity::Warning,
        kind: "AnnotationError",
        reason: "IgnoredAnnotation",
        message: format!("is ignored: {why}"),
        path,
        help: None,
    }
}
