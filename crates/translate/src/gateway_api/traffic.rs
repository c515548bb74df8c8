//! How backends are treated, whichever route leads to them (XBackendTrafficPolicy, GEP-1619 and GEP-3388).

use std::time::Duration;

use api::duration;
use api::gateway_api::backend_traffic_policy::{BackendTrafficPolicySpec, RetryConstraint};
use api::gateway_api::references::BackendObjectReference;
use model::{Kind, ObjectId, RetryBudget, SessionPersistence};
use store::{BackendTrafficPolicyFact, Name, Reader};

use super::session;
use super::statement::{ACCEPTED, Failure, fails, holds};
use super::translation::{SPEC, Translation};

const SECOND: Duration = Duration::from_secs(1);

impl Translation<'_, '_> {
    /// How many requests to a Service may be retries, as its policy says; and writes down what came of the policies for
    /// it. Of several the oldest has effect, and the others have none.
    pub(super) fn retry_budget(&mut self, service: &Name) -> Option<RetryBudget> {
        let mut policies = policies(self.reader, service);
        let (id, fact) = policies.next()?;
        let read = read(&fact.spec);
        let condition = match &read {
            Ok(_) => holds(ACCEPTED, ACCEPTED),
            Err(why) => fails(ACCEPTED, &Failure::new("Invalid", why.clone())),
        };
        self.policies.insert(id.clone(), vec![condition]);
        if let (Ok(_), Some(session)) = (&read, &fact.spec.session_persistence) {
            self.check_lifetime(id, &SPEC.field("sessionPersistence"), session);
        }
        for (loser, _) in policies {
            let message = format!("{id} is older, or comes before it by its name");
            let conflicted = || vec![fails(ACCEPTED, &Failure::new("Conflicted", message))];
            self.policies.entry(loser.clone()).or_insert_with(conflicted);
        }
        read.ok()?.retry_budget
    }

    /// How clients keep their endpoints where the policies of all backends of a rule say the same: a rule has one kind of
    /// session.
    pub(super) fn session_of(
        &self,
        backends: impl Iterator<Item = BackendObjectReference>,
    ) -> Option<SessionPersistence> {
        let mut sessions = backends.map(|backend| self.session_at(&backend));
        let first = sessions.next()??;
        sessions.all(|session| session.as_ref() == Some(&first)).then_some(first)
    }

    fn session_at(&self, backend: &BackendObjectReference) -> Option<SessionPersistence> {
        let namespace = backend.namespace.as_deref().unwrap_or(&self.id.namespace);
        let service = Name::new(namespace, backend.name.as_str());
        let (_, fact) = policies(self.reader, &service).next()?;
        read(&fact.spec).ok()?.session
    }
}

/// What a policy asks for.
struct Traffic {
    retry_budget: Option<RetryBudget>,
    session: Option<SessionPersistence>,
}

fn read(spec: &BackendTrafficPolicySpec) -> Result<Traffic, String> {
    let session = spec.session_persistence.as_ref().map(session::session).transpose();
    let session = session.map_err(|why| format!("spec.sessionPersistence: {why}"))?;
    Ok(Traffic { retry_budget: spec.retry_constraint.as_ref().map(budget), session })
}

/// Envoy bounds how many retries there are at once, and not in a second: a retry counts as one that takes a second.
fn budget(constraint: &RetryConstraint) -> RetryBudget {
    let RetryConstraint { budget, min_retry_rate } = constraint;
    let count = min_retry_rate.count.and_then(|count| u128::try_from(count).ok()).unwrap_or(10);
    let interval = min_retry_rate.interval.as_deref().and_then(|text| duration::parse(text).ok());
    let interval = interval.unwrap_or(SECOND).max(Duration::from_millis(1));
    let each_second = (count * SECOND.as_millis()).div_ceil(interval.as_millis());
    RetryBudget {
        percent: u8::try_from(budget.percent.clamp(0, 100)).unwrap_or(100),
        interval: duration::parse(&budget.interval).ok(),
        minimum: u32::try_from(each_second).unwrap_or(u32::MAX),
    }
}

/// The policies for a Service, the one that has effect first.
fn policies<'s>(
    reader: &Reader<'s>,
    service: &Name,
) -> impl Iterator<Item = (&'s ObjectId, &'s BackendTrafficPolicyFact)> + use<'s> {
    let policies = reader.policies(service).filter(|id| id.kind == Kind::XBackendTrafficPolicy);
    let fact = |id: &'s ObjectId| Some((id, reader.traffic_policy(&id.namespace, &id.name)?));
    let mut policies: Vec<_> = policies.filter_map(fact).collect();
    policies.sort_by_key(|(id, fact)| (fact.age, *id));
    policies.into_iter()
}
