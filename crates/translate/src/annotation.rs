//! What is wrong with annotations.

use model::{Kind, Problem, Severity};
use store::annotated_kind;

/// A warning about an annotation.
pub(crate) fn problem(key: &str, reason: &'static str, message: String) -> Problem {
    let path = format!("metadata.annotations[\"{key}\"]");
    Problem { severity: Severity::Warning, kind: "AnnotationError", reason, path, message, help: None }
}

/// The annotations that look as if they meant something on an object of this kind.
pub(crate) fn strays<'a>(kind: Kind, keys: &'a [Box<str>]) -> impl Iterator<Item = Problem> + 'a {
    keys.iter().map(move |key| stray(kind, key))
}

fn stray(kind: Kind, key: &str) -> Problem {
    let (why, help) = why_stray(kind, key);
    let help = Some(help.to_owned());
    Problem { help, ..problem(key, "IgnoredAnnotation", format!("is ignored: {why}")) }
}

/// Why an annotation means nothing on an object of this kind, and the way out.
pub(crate) fn why_stray(kind: Kind, key: &str) -> (String, &'static str) {
    match annotated_kind(key) {
        Some(home) => (format!("it is for objects of kind {home}, this is one of kind {kind}"), "move it"),
        None if key.starts_with("nginx.ingress.kubernetes.io/") => {
            ("it is for ingress-nginx".into(), "see what there is instead, then remove it")
        }
        None => ("there is no such annotation".into(), "look at its spelling, or remove it"),
    }
}
