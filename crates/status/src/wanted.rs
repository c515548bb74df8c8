//! What a status is to say.

use std::sync::Arc;

use api::http_proxy::status::{DetailedCondition, LoadBalancerIngress};
use model::Verdict;

use crate::load_balancer::for_ingress;
use crate::observation::Seen;
use crate::{Kind, Statement};

/// The condition that follows validation, as Contour has it.
pub(crate) const VALID: &str = "Valid";
/// The condition that follows what Envoys acknowledge.
pub(crate) const PROGRAMMED: &str = "Programmed";

/// What a status is to say of ours, or says, without times; nothing of what others have written there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    pub(crate) current_status: String,
    pub(crate) description: String,
    /// `Valid`, then `Programmed`.
    pub(crate) conditions: Vec<DetailedCondition>,
    pub(crate) load_balancer: Arc<[LoadBalancerIngress]>,
}

/// Whether Envoys have what a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Programmed {
    /// There is nothing good to have.
    Invalid,
    /// They were offered it.
    Pending,
    /// All connected Envoys have acknowledged it, or they had once.
    Acknowledged,
}

impl Programmed {
    /// What can be said now. Acknowledged once is enough for a generation: Envoys come and go, and a controller that
    /// was just started has none.
    pub(crate) fn of(said: &Statement, seen: &Seen, acknowledged: Option<u64>) -> Self {
        let has_been = seen.programmed_generation == Some(said.generation);
        let is_now = acknowledged.is_some_and(|acknowledged| said.carried_by <= acknowledged);
        match said.verdict {
            Verdict::Invalid | Verdict::Orphaned => Self::Invalid,
            Verdict::Valid if has_been || is_now => Self::Acknowledged,
            Verdict::Valid => Self::Pending,
        }
    }
}

impl Wanted {
    /// What is to be said. Addresses that are not known are those that stand there.
    pub(crate) fn new(
        said: &Statement,
        seen: &Seen,
        programmed: Programmed,
        addresses: Option<&Arc<[LoadBalancerIngress]>>,
    ) -> Self {
        let all = Self {
            current_status: current_status(said.verdict).to_owned(),
            description: said.description.clone().into(),
            conditions: vec![valid(said), programmed_condition(said, programmed)],
            load_balancer: Arc::clone(addresses.unwrap_or(&seen.load_balancer)),
        };
        all.of_kind(said.target.kind)
    }

    /// What of it such objects say.
    pub(crate) fn of_kind(mut self, kind: Kind) -> Self {
        let nothing = Self::default();
        match kind {
            Kind::HttpProxy => self,
            Kind::IngressRoute => Self { conditions: vec![], load_balancer: nothing.load_balancer, ..self },
            Kind::Ingress => {
                let load_balancer = match self.load_balancer.iter().any(|entry| entry.ip_mode.is_some()) {
                    true => self.load_balancer.iter().map(for_ingress).collect(),
                    false => self.load_balancer,
                };
                Self { load_balancer, ..nothing }
            }
            Kind::TlsCertificateDelegation
            | Kind::HeptioCertificateDelegation
            | Kind::ExtensionService
            | Kind::ContourConfiguration => {
                self.conditions.retain(|condition| condition.r#type == VALID);
                Self { conditions: self.conditions, ..nothing }
            }
        }
    }
}

/// The word in the column `Status`.
const fn current_status(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Valid => "valid",
        Verdict::Invalid => "invalid",
        Verdict::Orphaned => "orphaned",
    }
}

/// Reason and message are Contour's (reference 3.24).
fn valid(said: &Statement) -> DetailedCondition {
    let (status, reason) = match said.errors.is_empty() {
        true => ("True", "Valid"),
        false => ("False", "ErrorPresent"),
    };
    let message = match said.errors.is_empty() {
        true => format!("Valid {}", said.target.kind.as_str()),
        false => "At least one error present, see Errors for details".to_owned(),
    };
    let (errors, warnings) = (said.errors.to_vec(), said.warnings.to_vec());
    DetailedCondition { errors, warnings, ..condition(VALID, status, reason, message, said.generation) }
}

fn programmed_condition(said: &Statement, programmed: Programmed) -> DetailedCondition {
    let (status, reason, message) = match programmed {
        Programmed::Invalid => ("False", "Invalid", "See the condition Valid"),
        Programmed::Pending => {
            ("False", "Pending", "Waiting for Envoys: none is connected, or not all have acknowledged it yet")
        }
        Programmed::Acknowledged => ("True", "Programmed", "Acknowledged by all connected Envoys"),
    };
    condition(PROGRAMMED, status, reason, message.to_owned(), said.generation)
}

fn condition(name: &str, status: &str, reason: &str, message: String, generation: i64) -> DetailedCondition {
    DetailedCondition {
        r#type: name.to_owned(),
        status: status.to_owned(),
        observed_generation: Some(generation),
        reason: reason.to_owned(),
        message,
        ..DetailedCondition::default()
    }
}
