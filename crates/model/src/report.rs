//! What we tell users about their objects.

use crate::ObjectId;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Something that was asked for is not served.
    Error,
    /// Everything is served but what the problem names.
    Warning,
}

/// What a user did wrong, where, and the way out.
///
/// `kind`, `reason` and `message` of an HTTPProxy are those of Contour's sub-conditions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The class, `ServiceError`.
    pub kind: &'static str,
    /// The case, `ServicePortInvalid`.
    pub reason: &'static str,
    /// Where in the object, `spec.routes[0].services[1].port`; empty for the whole.
    pub path: String,
    /// What was found, and what is allowed; no full stop at the end.
    pub message: String,
    /// The way out, where the message does not say it already.
    pub help: Option<String>,
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// It is served (perhaps with warnings).
    Valid,
    /// It is not served, or not all of it.
    Invalid,
    /// It is part of a delegation that no root reaches.
    Orphaned,
}

/// What we tell the user about one object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Report {
    /// The object.
    pub object: ObjectId,
    /// The `metadata.generation` that this is about; 0 when objects come from files.
    pub generation: i64,
    /// What became of it.
    pub verdict: Verdict,
    /// What is wrong, in the order it was found; each once.
    pub problems: Vec<Problem>,
}
