//! What we tell users about their objects.

use crate::{FleetId, GatewayApiStatus, Kind, ObjectId};

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
    /// What its status says, of an object of the Gateway API; `None` of others.
    pub gateway_api: Option<Box<GatewayApiStatus>>,
    /// The Envoys whose acknowledgement the status waits for, if it does.
    pub fleet: FleetId,
}

impl Report {
    /// What became of an object that has no part in the Gateway API; its status waits for the Envoys of the ingress.
    #[must_use]
    pub const fn new(object: ObjectId, generation: i64, verdict: Verdict, problems: Vec<Problem>) -> Self {
        Self { object, generation, verdict, problems, gateway_api: None, fleet: FleetId::ingress() }
    }

    /// The one sentence of a status, in Contour's words (reference 3.24, 4.3): of an IngressRoute the first error, or
    /// that it is valid; of others that there are errors, which stand beside it.
    #[must_use]
    pub fn description(&self) -> String {
        let errors = self.problems.iter().filter(|problem| problem.severity == Severity::Error);
        let first = errors.map(|problem| problem.message.clone()).next();
        match (self.object.kind, self.verdict, first) {
            (Kind::IngressRoute, Verdict::Valid, _) => "valid IngressRoute".into(),
            (kind, Verdict::Valid, _) => format!("Valid {kind}"),
            (Kind::IngressRoute, _, Some(first)) | (_, Verdict::Orphaned, Some(first)) => first,
            (_, Verdict::Invalid | Verdict::Orphaned, _) => {
                "At least one error present, see Errors for details".into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(kind: Kind, verdict: Verdict, messages: &[(Severity, &str)]) -> Report {
        let problem = |(severity, message): &(Severity, &str)| Problem {
            severity: *severity,
            kind: "",
            reason: "",
            path: String::new(),
            message: (*message).into(),
            help: None,
        };
        let problems = messages.iter().map(problem).collect();
        Report::new(ObjectId::new(kind, "ns", "it"), 1, verdict, problems)
    }

    #[test]
    fn the_first_error_describes_an_ingress_route() {
        let messages = [(Severity::Warning, "a"), (Severity::Error, "b"), (Severity::Error, "c")];
        let describe = |kind, verdict, messages| report(kind, verdict, messages).description();
        assert_eq!(describe(Kind::IngressRoute, Verdict::Invalid, &messages), "b");
        assert_eq!(describe(Kind::IngressRoute, Verdict::Valid, &messages[..1]), "valid IngressRoute");
        assert_eq!(describe(Kind::HttpProxy, Verdict::Valid, &messages[..1]), "Valid HTTPProxy");
        assert_eq!(describe(Kind::HttpProxy, Verdict::Orphaned, &messages), "b");
        let many = "At least one error present, see Errors for details";
        assert_eq!(describe(Kind::HttpProxy, Verdict::Invalid, &messages), many);
    }
}
