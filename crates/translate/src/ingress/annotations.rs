//! What the annotations of an Ingress say about its routes (reference 5.2, 4.4).

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{Problem, Retry, RouteTimeouts, Severity, Timeout, TlsVersion};
use store::IngressFact;

use crate::annotation;
use crate::text::{self, quoted};
use crate::tls;

/// An annotation: its key as the object has it, and its value.
pub(super) type Written<'a> = (&'static str, &'a str);

/// Prefixes of Contour's annotations, the first that is there counts: before 1.0 it had another.
const PREFIXES: [&str; 2] = ["projectcontour.io", "contour.heptio.com"];
const ALLOW_HTTP: &str = "kubernetes.io/ingress.allow-http";
const FORCE_HTTPS: &str = "ingress.kubernetes.io/force-ssl-redirect";

/// Contour's annotation of this name, by either prefix.
pub(super) fn contour<'f>(fact: &'f IngressFact, name: &str) -> Option<Written<'f>> {
    PREFIXES.iter().find_map(|prefix| fact.annotation(&format!("{prefix}/{name}")))
}

/// What plain HTTP is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    /// It is served.
    Served,
    /// It only says where HTTPS is; the key of the annotation that wants it so.
    Redirected(&'static str),
    /// It is not served; the key of the annotation that wants it so.
    Shut(&'static str),
}

/// What the annotations of an Ingress say about its routes.
#[derive(Debug, Clone)]
pub(super) struct Annotations<'f> {
    /// What plain HTTP is for.
    pub(super) plain: Plain,
    /// Time limits.
    pub(super) timeouts: RouteTimeouts,
    /// Second tries.
    pub(super) retry: Option<Retry>,
    /// Paths whose clients may upgrade to a WebSocket.
    pub(super) websockets: BTreeSet<&'f str>,
    /// The oldest TLS version that its hosts offer.
    pub(super) tls_minimum: Option<TlsVersion>,
    /// The newest TLS version that its hosts offer.
    pub(super) tls_maximum: Option<TlsVersion>,
}

impl<'f> Annotations<'f> {
    /// What they say, and what is wrong with them.
    pub(super) fn read(fact: &'f IngressFact) -> (Self, Vec<Problem>) {
        let mut reading = Reading { fact, problems: vec![] };
        let annotations = Self {
            plain: reading.plain(),
            timeouts: RouteTimeouts { response: reading.response(), idle: Timeout::Default },
            retry: reading.retry(),
            websockets: reading.websockets(),
            tls_minimum: reading.tls_version("tls-minimum-protocol-version"),
            tls_maximum: reading.tls_version("tls-maximum-protocol-version"),
        };
        reading.without_tls();
        (annotations, reading.problems)
    }
}

/// The annotations of one Ingress, and what was found wrong with them.
struct Reading<'f> {
    fact: &'f IngressFact,
    problems: Vec<Problem>,
}

impl<'f> Reading<'f> {
    fn find(&self, name: &str) -> Option<Written<'f>> {
        contour(self.fact, name)
    }

    /// Plain HTTP is shut where that is asked for in words that cannot be read: it may have been meant to be.
    fn plain(&mut self) -> Plain {
        let is_forced = self.flag(FORCE_HTTPS).map(|flag| flag.unwrap_or(true)) == Some(true);
        let is_shut = self.flag(ALLOW_HTTP).map(|flag| flag.unwrap_or(false)) == Some(false);
        match (is_forced, is_shut) {
            (true, _) => Plain::Redirected(FORCE_HTTPS),
            (false, true) => Plain::Shut(ALLOW_HTTP),
            (false, false) => Plain::Served,
        }
    }

    /// A yes or no, if there is one; `Some(None)` for a word that is neither.
    fn flag(&mut self, key: &'static str) -> Option<Option<bool>> {
        let (key, word) = self.fact.annotation(key)?;
        let flag = match word {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        if flag.is_none() {
            let message = format!("found {}, so that plain HTTP is not served", quoted(word));
            let help = Some("write \"true\" or \"false\", or remove it".to_owned());
            let problem = annotation::problem(key, "AnnotationNotValid", message);
            self.problems.push(Problem { severity: Severity::Error, help, ..problem });
        }
        Some(flag)
    }

    fn response(&mut self) -> Timeout {
        let (new, old) = (self.find("response-timeout"), self.find("request-timeout"));
        if let (Some((new, _)), Some((old, _))) = (new, old) {
            self.ignored(old, &format!("{new} says the same and comes first"), "remove it");
        }
        self.timeout(new.or(old))
    }

    /// Retries are on only when the cases are named; a count of -1 switches them off again.
    fn retry(&mut self) -> Option<Retry> {
        let Some((key, cases)) = self.find("retry-on") else {
            self.alone(&["num-retries", "per-try-timeout"], "retry-on");
            return None;
        };
        let on = cases.split(',').map(str::trim).filter(|case| !case.is_empty());
        let on: Result<Vec<_>, _> = on.map(rules::retry_on).collect();
        let on = on.map_err(|why| self.ignored(key, &why.to_string(), "")).ok()?;
        if on.is_empty() {
            self.ignored(key, "it names no case", "write 5xx, or remove it");
            return None;
        }
        let count = self.count()?;
        let per_try = self.timeout(self.find("per-try-timeout"));
        Some(Retry { on: Arc::from(on.join(",")), count, per_try, status_codes: vec![], back_off: None })
    }

    /// How often; `None` for never.
    fn count(&mut self) -> Option<u32> {
        let Some((key, text)) = self.find("num-retries") else { return Some(1) };
        match text.parse::<i64>() {
            Ok(-1) => None,
            Ok(count) if (0..=i64::from(u32::MAX)).contains(&count) => u32::try_from(count.max(1)).ok(),
            _ => {
                let why = format!("{} is no whole number from -1 to {}", quoted(text), u32::MAX);
                self.ignored(key, &why, "write how often a request is tried again, -1 for never");
                Some(1)
            }
        }
    }

    fn timeout(&mut self, written: Option<Written<'f>>) -> Timeout {
        let Some((key, text)) = written else { return Timeout::Default };
        text::timeout(text).unwrap_or_else(|why| {
            self.ignored(key, &why, "");
            Timeout::Default
        })
    }

    /// The paths that are named, each of which some rule must have.
    fn websockets(&mut self) -> BTreeSet<&'f str> {
        let Some((key, list)) = self.find("websocket-routes") else { return BTreeSet::new() };
        let paths: BTreeSet<_> = list.split(',').map(str::trim).filter(|path| !path.is_empty()).collect();
        let rules = self.fact.spec.rules.iter().flatten().filter_map(|rule| rule.http.as_ref());
        let there: BTreeSet<_> = rules.flat_map(|http| &http.paths).map(super::path::written).collect();
        for path in paths.difference(&there) {
            let why = format!("no rule has the path {}", quoted(path));
            self.ignored(key, &why, "write the path as its rule has it");
        }
        paths
    }

    /// A version of TLS. A word that is none counts as not said, as in Contour, whose older releases knew `1.1`.
    fn tls_version(&mut self, name: &str) -> Option<TlsVersion> {
        let (key, word) = self.find(name).filter(|(_, word)| !word.is_empty() && self.has_tls())?;
        let version = tls::version(word);
        if version.is_none() {
            self.ignored(key, &format!("{} is not one of 1.2 and 1.3", quoted(word)), "");
        }
        version
    }

    /// What is about certificates means nothing where there are none.
    fn without_tls(&mut self) {
        if !self.has_tls() {
            let names =
                ["tls-minimum-protocol-version", "tls-maximum-protocol-version", "tls-cert-namespace"];
            self.alone(&names, "spec.tls");
        }
    }

    fn has_tls(&self) -> bool {
        self.fact.spec.tls.as_ref().is_some_and(|tls| !tls.is_empty())
    }

    /// Annotations that mean nothing without something else.
    fn alone(&mut self, names: &[&str], without: &str) {
        for (key, _) in names.iter().filter_map(|name| contour(self.fact, name)) {
            self.ignored(key, &format!("it has no effect without {without}"), "");
        }
    }

    fn ignored(&mut self, key: &str, why: &str, help: &str) {
        let help = Some(help).filter(|help| !help.is_empty()).map(Into::into);
        let problem = annotation::problem(key, "IgnoredAnnotation", format!("is ignored: {why}"));
        self.problems.push(Problem { help, ..problem });
    }
}
