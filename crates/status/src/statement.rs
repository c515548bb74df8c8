//! What there is to say about one object.

use std::hash::{DefaultHasher, Hash, Hasher};

use api::http_proxy::status::SubCondition;
use model::{Condition, FleetId, GatewayApiStatus, Holds, Problem, Report, Severity, Verdict};

use crate::{Kind, Target};

/// Contour's limit for one message, in bytes (reference 3.24).
const MESSAGE_BYTES: usize = 32_760;

/// How many errors, and how many warnings, a status lists at most: an object with a status beyond what etcd takes
/// (1.5 MiB) would have none.
const LISTED: usize = 100;

/// How many bytes their messages have at most, together.
const LISTED_BYTES: usize = 256 * 1024;

/// What there is to say about one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The object.
    pub(crate) target: Target,
    /// The generation that this is about; `None` when it is about any, because what was said is taken back.
    pub(crate) generation: Option<i64>,
    pub(crate) content: Content,
    pub(crate) errors: Box<[SubCondition]>,
    pub(crate) warnings: Box<[SubCondition]>,
    /// The Envoys that get the object's configuration; of no matter for kinds that Envoys do not get.
    pub(crate) fleet: FleetId,
    /// Their publication that carries it.
    pub(crate) carried_by: u64,
}

/// What a status says, beside what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// What became of the object, and one sentence about it.
    Judgement(Verdict, Box<str>),
    /// What is said of an object of the Gateway API.
    GatewayApi(Box<GatewayApiStatus>),
}

impl Statement {
    /// What a report says of an object, whose configuration is in the publication `carried_by` or in one before it.
    /// `None` when the status of such objects is not ours.
    #[must_use]
    pub fn of(report: &Report, carried_by: u64) -> Option<Self> {
        let target = Target::of(&report.object)?;
        let content = match &report.gateway_api {
            None if target.kind.is_gateway_api() => return None,
            None => Content::Judgement(report.verdict, report.description().into()),
            Some(status) => Content::GatewayApi(status.clone()),
        };
        let (fleet, (errors, warnings)) = (report.fleet.clone(), sub_conditions(&report.problems));
        let generation = Some(report.generation);
        Some(Self { target, generation, content, errors, warnings, fleet, carried_by })
    }

    /// What is to be said of the ContourConfiguration that was read at start.
    #[must_use]
    pub fn of_configuration(namespace: &str, name: &str, generation: i64, problems: &[Problem]) -> Self {
        let (errors, warnings) = sub_conditions(problems);
        let (verdict, description) = match errors.is_empty() {
            true => (Verdict::Valid, "Valid ContourConfiguration"),
            false => (Verdict::Invalid, "At least one error present, see Errors for details"),
        };
        let target = Target::new(Kind::ContourConfiguration, namespace, name);
        let content = Content::Judgement(verdict, description.into());
        let generation = Some(generation);
        Self { target, generation, content, errors, warnings, fleet: FleetId::ingress(), carried_by: 0 }
    }

    /// What is to be said when there is nothing to say any more: of a route or a policy that it has no entry of ours,
    /// of others nothing.
    pub(crate) fn taken_back(self) -> Option<Self> {
        let Content::GatewayApi(status) = &self.content else { return None };
        let nothing = match &**status {
            GatewayApiStatus::Route(_) => GatewayApiStatus::Route(vec![]),
            GatewayApiStatus::Policy(_) => GatewayApiStatus::Policy(vec![]),
            GatewayApiStatus::Class(_) | GatewayApiStatus::Gateway(_) | GatewayApiStatus::ListenerSet(_) => {
                return None;
            }
        };
        let content = Content::GatewayApi(Box::new(nothing));
        Some(Self { generation: None, content, errors: Box::default(), warnings: Box::default(), ..self })
    }

    /// Whether it only takes back what was said.
    pub(crate) const fn is_taken_back(&self) -> bool {
        self.generation.is_none()
    }

    /// Whether it is about this generation.
    pub(crate) fn is_about(&self, generation: i64) -> bool {
        self.generation.is_none_or(|own| own == generation)
    }

    /// The publication whose acknowledgement changes what there is to say.
    pub(crate) fn awaits(&self) -> Option<u64> {
        let waits = match &self.content {
            Content::Judgement(verdict, _) => {
                self.target.kind == Kind::HttpProxy && *verdict == Verdict::Valid
            }
            Content::GatewayApi(status) => {
                conditions(status).any(|each| each.holds == Holds::WhenAcknowledged)
            }
        };
        waits.then_some(self.carried_by)
    }

    /// What Envoys have against it.
    pub(crate) fn rejection(&self) -> Option<&str> {
        let rejection = self.errors.iter().find(|error| error.r#type == "EnvoyError");
        rejection.map(|error| error.message.as_str())
    }

    /// A fingerprint of what is wrong; `None` when nothing is.
    pub(crate) fn problems(&self) -> Option<u64> {
        problems(&self.errors, &self.warnings)
    }
}

/// The conditions that may wait for Envoys: those of Gateways, of ListenerSets and of their listeners.
fn conditions(status: &GatewayApiStatus) -> impl Iterator<Item = &Condition> {
    let (own, listeners) = match status {
        GatewayApiStatus::Gateway(status) => (&status.conditions[..], &status.listeners[..]),
        GatewayApiStatus::ListenerSet(status) => (&status.conditions[..], &status.listeners[..]),
        GatewayApiStatus::Class(_) | GatewayApiStatus::Route(_) | GatewayApiStatus::Policy(_) => {
            (&[][..], &[][..])
        }
    };
    own.iter().chain(listeners.iter().flat_map(|listener| &listener.conditions))
}

/// A fingerprint of errors and warnings; `None` when there are none.
pub(crate) fn problems(errors: &[SubCondition], warnings: &[SubCondition]) -> Option<u64> {
    let any = !errors.is_empty() || !warnings.is_empty();
    any.then(|| fingerprint(&(errors, warnings)))
}

/// A fingerprint; equal values have equal ones.
pub(crate) fn fingerprint(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn sub_conditions(problems: &[Problem]) -> (Box<[SubCondition]>, Box<[SubCondition]>) {
    let of = |severity| listed(problems.iter().filter(move |problem| problem.severity == severity));
    (of(Severity::Error), of(Severity::Warning))
}

/// Each problem as an entry of a condition, in the order in which they were found, as far as there is room.
fn listed<'a>(problems: impl Iterator<Item = &'a Problem>) -> Box<[SubCondition]> {
    let mut listed = Vec::new();
    let (mut bytes, mut left_out) = (0, 0);
    for problem in problems {
        let entry = sub_condition(problem);
        bytes += entry.message.len();
        if left_out > 0 || listed.len() == LISTED || bytes > LISTED_BYTES {
            left_out += 1;
        } else {
            listed.push(entry);
        }
    }
    if left_out > 0
        && let Some(last) = listed.last()
    {
        listed.push(SubCondition { message: format!("{left_out} more are not shown"), ..last.clone() });
    }
    listed.into()
}

/// Contour's type, reason and message; behind it, what Contour does not say: where, and the way out.
fn sub_condition(problem: &Problem) -> SubCondition {
    let Problem { kind, reason, path, message, help, .. } = problem;
    let beside: Vec<&str> = [path.as_str(), help.as_deref().unwrap_or_default()]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    let mut message = message.clone();
    if !beside.is_empty() {
        message.push_str(&format!(" ({})", beside.join("; ")));
    }
    cut(&mut message, MESSAGE_BYTES);
    SubCondition {
        r#type: (*kind).to_owned(),
        status: "True".to_owned(),
        reason: (*reason).to_owned(),
        message,
    }
}

/// Cuts a text at a character.
pub(crate) fn cut(text: &mut String, bytes: usize) {
    text.truncate(text.floor_char_boundary(bytes));
}

#[cfg(test)]
mod tests {
    use model::ObjectId;

    use super::*;

    fn problem(message: &str) -> Problem {
        Problem {
            severity: Severity::Error,
            kind: "ServiceError",
            reason: "ServicePortInvalid",
            path: "spec.routes[0]".into(),
            message: message.into(),
            help: None,
        }
    }

    fn statement(problems: Vec<Problem>) -> Statement {
        let object = ObjectId::new(model::Kind::HttpProxy, "shop", "web");
        let report = Report::new(object, 1, Verdict::Invalid, problems);
        Statement::of(&report, 1).expect("an HTTPProxy has a status")
    }

    #[test]
    fn a_message_says_where_and_the_way_out_behind_contours_words() {
        let with_help = Problem { help: Some("use 80".into()), ..problem("no port") };
        let nowhere = Problem { path: String::new(), ..problem("nowhere") };
        let said = statement(vec![with_help, problem("odd"), nowhere]);
        let messages: Vec<_> = said.errors.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(messages, ["no port (spec.routes[0]; use 80)", "odd (spec.routes[0])", "nowhere"]);
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let said = statement(vec![problem(&"ü".repeat(20_000))]);
        assert_eq!(said.errors[0].message, "ü".repeat(16_380));
    }

    #[test]
    fn what_there_is_no_room_for_is_counted() {
        let many = statement((0..130).map(|number| problem(&number.to_string())).collect());
        assert_eq!(many.errors.len(), 101);
        assert_eq!(many.errors[99].message, "99 (spec.routes[0])");
        assert_eq!(many.errors[100].message, "30 more are not shown");
        let large = statement(vec![problem(&"x".repeat(40_000)); 20]);
        assert_eq!(large.errors.len(), 9);
        assert_eq!(large.errors[8].message, "12 more are not shown");
    }

    #[test]
    fn other_kinds_have_no_status_of_ours() {
        let object = ObjectId::new(model::Kind::Service, "shop", "web");
        let report = Report::new(object, 1, Verdict::Valid, vec![]);
        assert_eq!(Statement::of(&report, 1), None);
    }
}
