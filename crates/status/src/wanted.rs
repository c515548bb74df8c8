//! What a status is to say.

use std::sync::Arc;

use api::gateway_api::gateway::GatewayStatusAddress;
use api::http_proxy::status::{DetailedCondition, LoadBalancerIngress};
use model::Verdict;

use crate::gateway_api::{GatewayApi, Saying};
use crate::load_balancer::for_ingress;
use crate::observation::Seen;
use crate::share::Share;
use crate::statement::Content;
use crate::times::Place;
use crate::{Kind, Release, Statement, Target};

/// The condition that follows validation, as Contour has it.
pub(crate) const VALID: &str = "Valid";
/// The condition that follows what Envoys acknowledge.
pub(crate) const PROGRAMMED: &str = "Programmed";
/// Why something is not programmed yet.
pub(crate) const PENDING: &str = "Waiting for Envoys: none is connected, or not all have acknowledged it yet";

/// What a status depends on beside what there is to say, and what stands there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// The object.
    pub(crate) target: &'a Target,
    /// The newest publication that all connected Envoys of the object's fleet have acknowledged.
    pub(crate) acknowledged: Option<u64>,
    /// Where clients reach the hosts, as far as that is known.
    pub(crate) addresses: Option<&'a Arc<[LoadBalancerIngress]>>,
    /// Where they reach the Gateway, of one.
    pub(crate) gateway: Option<&'a [GatewayStatusAddress]>,
    /// What we write about.
    pub(crate) share: &'a Share,
    /// Whether the cluster has the experimental channel of the Gateway API.
    pub(crate) experimental: bool,
    /// Which release its definitions are of.
    pub(crate) release: &'a Release,
}

/// What a status is to say.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) says: Says,
    /// Whether it says that something does not hold yet, and will in a moment.
    pub(crate) is_pending: bool,
}

/// What a status is to say of ours, or says, without times; nothing of what others have written there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Says {
    Judgement(Judgement),
    GatewayApi(GatewayApi),
}

/// What became of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Judgement {
    pub(crate) current_status: String,
    pub(crate) description: String,
    /// `Valid`, then `Programmed`.
    pub(crate) conditions: Vec<DetailedCondition>,
    pub(crate) load_balancer: Arc<[LoadBalancerIngress]>,
}

/// Whether Envoys have what a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Programmed {
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
    fn of(verdict: Verdict, seen: &Seen, is_acknowledged: bool) -> Self {
        match verdict {
            Verdict::Invalid | Verdict::Orphaned => Self::Invalid,
            Verdict::Valid if is_acknowledged || seen.times.holds(Place::OBJECT, PROGRAMMED) => {
                Self::Acknowledged
            }
            Verdict::Valid => Self::Pending,
        }
    }
}

impl Wanted {
    /// What is to be said. Addresses that are not known are those that stand there.
    pub(crate) fn new(said: &Statement, seen: &Seen, context: &Context<'_>) -> Self {
        let is_acknowledged = context.acknowledged.is_some_and(|done| said.carried_by <= done);
        match &said.content {
            Content::Judgement(verdict, description) => {
                let programmed = Programmed::of(*verdict, seen, is_acknowledged);
                let judgement = Judgement {
                    current_status: current_status(*verdict).to_owned(),
                    description: description.to_string(),
                    conditions: vec![valid(said), programmed_condition(said, programmed)],
                    load_balancer: Arc::clone(context.addresses.unwrap_or(&seen.load_balancer)),
                };
                let is_pending = programmed == Programmed::Pending && said.target.kind == Kind::HttpProxy;
                Self { says: Says::Judgement(judgement.of_kind(said.target.kind)), is_pending }
            }
            Content::GatewayApi(status) => {
                let mut saying = Saying {
                    generation: seen.generation,
                    rejection: said.rejection(),
                    is_acknowledged,
                    times: &seen.times,
                    beside: seen.beside(),
                    context,
                    is_pending: false,
                };
                let says = Says::GatewayApi(saying.status(status));
                Self { says, is_pending: saying.is_pending }
            }
        }
    }
}

impl Judgement {
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
            Kind::GatewayClass
            | Kind::Gateway
            | Kind::ListenerSet
            | Kind::HttpRoute
            | Kind::GrpcRoute
            | Kind::TlsRoute
            | Kind::TcpRoute
            | Kind::UdpRoute
            | Kind::BackendTlsPolicy
            | Kind::XBackendTrafficPolicy => nothing,
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
    DetailedCondition { errors, warnings, ..condition(VALID, status, reason, message, said) }
}

fn programmed_condition(said: &Statement, programmed: Programmed) -> DetailedCondition {
    let (status, reason, message) = match programmed {
        Programmed::Invalid => ("False", "Invalid", "See the condition Valid"),
        Programmed::Pending => ("False", "Pending", PENDING),
        Programmed::Acknowledged => ("True", "Programmed", "Acknowledged by all connected Envoys"),
    };
    condition(PROGRAMMED, status, reason, message.to_owned(), said)
}

fn condition(name: &str, status: &str, reason: &str, message: String, said: &Statement) -> DetailedCondition {
    DetailedCondition {
        r#type: name.to_owned(),
        status: status.to_owned(),
        observed_generation: said.generation,
        reason: reason.to_owned(),
        message,
        ..DetailedCondition::default()
    }
}
