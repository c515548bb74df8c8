//! What the status of an object says now.

use std::sync::Arc;

use api::http_proxy::status::{DetailedCondition, LoadBalancerIngress};
use api::meta::ObjectMeta;
use api::{ContourConfiguration, DecodeProblem, Object};
use serde_json::Value;

use crate::load_balancer::of_ingress;
use crate::statement::{fingerprint, problems};
use crate::wanted::{PROGRAMMED, VALID, Wanted};
use crate::{Kind, Target};

/// An object as the API server has it, as far as its status is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    uid: Arc<str>,
    generation: i64,
    /// The resource version; newer ones are larger. `None` when it is no number.
    version: Option<u64>,
    current_status: String,
    description: String,
    conditions: Vec<DetailedCondition>,
    load_balancer: Vec<LoadBalancerIngress>,
}

impl Observation {
    /// What an object says, as the API server sends it. Its spec is not looked at: it may be what is wrong.
    ///
    /// # Errors
    /// When its metadata or its status cannot be read.
    pub fn decode(kind: Kind, mut object: Value) -> Result<Self, DecodeProblem> {
        if let Some(fields) = object.as_object_mut() {
            fields.remove("spec");
        }
        let Some(read) = api::Kind::find(&kind.api_version(), kind.as_str()) else {
            let problem =
                |error: serde_json::Error| DecodeProblem { path: String::new(), message: error.to_string() };
            return serde_json::from_value(object)
                .map(|object| Self::of_configuration(&object).1)
                .map_err(problem);
        };
        let decoded = api::decode(read, object)?;
        let nothing = || DecodeProblem { path: String::new(), message: "has no status".to_owned() };
        Self::of(&decoded.object).map(|(_, observation)| observation).ok_or_else(nothing)
    }

    /// What an object says; `None` when the status of such objects is not ours.
    #[must_use]
    pub fn of(object: &Object) -> Option<(Target, Self)> {
        let mut seen = Self::new(object.metadata());
        let kind = match object {
            Object::Ingress(object) => {
                let status = object.status.as_ref().and_then(|status| status.load_balancer.as_ref());
                let entries = status.and_then(|status| status.ingress.as_ref());
                seen.load_balancer = entries.into_iter().flatten().map(of_ingress).collect();
                Kind::Ingress
            }
            Object::HttpProxy(object) => {
                if let Some(status) = object.status.as_deref().cloned() {
                    seen.current_status = status.current_status;
                    seen.description = status.description;
                    seen.conditions = status.conditions;
                    seen.load_balancer = status.load_balancer.ingress;
                }
                Kind::HttpProxy
            }
            Object::TlsCertificateDelegation(object) => {
                seen.conditions = object.status.iter().flat_map(|status| status.conditions.clone()).collect();
                Kind::TlsCertificateDelegation
            }
            Object::HeptioCertificateDelegation(object) => {
                seen.conditions = object.status.iter().flat_map(|status| status.conditions.clone()).collect();
                Kind::HeptioCertificateDelegation
            }
            Object::ExtensionService(object) => {
                seen.conditions = object.status.iter().flat_map(|status| status.conditions.clone()).collect();
                Kind::ExtensionService
            }
            Object::IngressRoute(object) => {
                if let Some(status) = object.status.clone() {
                    seen.current_status = status.current_status;
                    seen.description = status.description;
                }
                Kind::IngressRoute
            }
            _ => return None,
        };
        Some((Target::new(kind, object.namespace(), object.name()), seen))
    }

    /// What the ContourConfiguration says.
    #[must_use]
    pub fn of_configuration(object: &ContourConfiguration) -> (Target, Self) {
        let mut seen = Self::new(&object.metadata);
        seen.conditions = object.status.iter().flat_map(|status| status.conditions.clone()).collect();
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        let name = object.metadata.name.as_deref().unwrap_or_default();
        (Target::new(Kind::ContourConfiguration, namespace, name), seen)
    }

    fn new(metadata: &ObjectMeta) -> Self {
        Self {
            uid: metadata.uid.as_deref().unwrap_or_default().into(),
            generation: metadata.generation.unwrap_or_default(),
            version: metadata.resource_version.as_deref().and_then(|version| version.parse().ok()),
            current_status: String::new(),
            description: String::new(),
            conditions: vec![],
            load_balancer: vec![],
        }
    }

    fn condition(&self, name: &str) -> Option<&DetailedCondition> {
        self.conditions.iter().find(|condition| condition.r#type == name)
    }
}

/// What is kept of an observation: enough to tell whether something else is to be said, and to leave times where they
/// are. Small, because every replica keeps it of every object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) uid: Arc<str>,
    pub(crate) generation: i64,
    pub(crate) version: Option<u64>,
    /// The fingerprint of what is there of ours, but for times; that of [`Wanted`] when it says the same.
    pub(crate) says: u64,
    /// What is wrong, by its fingerprint.
    pub(crate) problems: Option<u64>,
    pub(crate) valid: Option<Since>,
    pub(crate) programmed: Option<Since>,
    /// The generation that Envoys have, as was said before.
    pub(crate) programmed_generation: Option<i64>,
    pub(crate) has_errors: bool,
    pub(crate) has_warnings: bool,
    /// Shared: all objects of a fleet have the same.
    pub(crate) load_balancer: Arc<[LoadBalancerIngress]>,
}

/// A condition's status, and since when it is that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Since {
    pub(crate) status: Box<str>,
    pub(crate) time: Box<str>,
}

impl Since {
    fn of(condition: &DetailedCondition) -> Self {
        let DetailedCondition { status, last_transition_time, .. } = condition;
        Self { status: status.as_str().into(), time: last_transition_time.as_str().into() }
    }
}

impl Seen {
    /// What is kept of `seen`; addresses that equal `known` are shared with it.
    pub(crate) fn new(kind: Kind, seen: &Observation, known: &Arc<[LoadBalancerIngress]>) -> Self {
        let valid = seen.condition(VALID);
        let programmed = seen.condition(PROGRAMMED);
        let is_programmed = programmed.filter(|condition| condition.status == "True");
        let (errors, warnings) =
            valid.map_or((&[][..], &[][..]), |valid| (valid.errors.as_slice(), valid.warnings.as_slice()));
        let untimed = |condition: &DetailedCondition| DetailedCondition {
            last_transition_time: String::new(),
            ..condition.clone()
        };
        let load_balancer = match seen.load_balancer == **known {
            true => Arc::clone(known),
            false => seen.load_balancer.as_slice().into(),
        };
        let there = Wanted {
            current_status: seen.current_status.clone(),
            description: seen.description.clone(),
            conditions: valid.into_iter().chain(programmed).map(untimed).collect(),
            load_balancer: Arc::clone(&load_balancer),
        };
        Self {
            uid: Arc::clone(&seen.uid),
            generation: seen.generation,
            version: seen.version,
            says: fingerprint(&there.of_kind(kind)),
            problems: problems(errors, warnings),
            valid: valid.map(Since::of),
            programmed: programmed.map(Since::of),
            programmed_generation: is_programmed.and_then(|condition| condition.observed_generation),
            has_errors: !errors.is_empty(),
            has_warnings: !warnings.is_empty(),
            load_balancer,
        }
    }
}
