//! What the status of an object says now.

use std::sync::Arc;

use api::contour_configuration::ContourConfigurationStatus;
use api::extension_service::ExtensionServiceStatus;
use api::gateway_api::ListenerSet;
use api::gateway_api::gateway::GatewayStatus;
use api::gateway_api::gateway_class::GatewayClassStatus;
use api::gateway_api::listener_set::ListenerSetStatus;
use api::gateway_api::status::{PolicyStatus, RouteStatus};
use api::http_proxy::HttpProxyStatus;
use api::http_proxy::status::{DetailedCondition, LoadBalancerIngress};
use api::ingress_route::IngressRouteStatus;
use api::meta::ObjectMeta;
use api::tls_certificate_delegation::TlsCertificateDelegationStatus;
use api::{ContourConfiguration, DecodeProblem, Object};
use k8s_openapi::api::networking::v1::IngressStatus;
use serde_json::Value;

use crate::gateway_api::{Beside, GatewayApi};
use crate::load_balancer::of_ingress;
use crate::share::Share;
use crate::statement::{fingerprint, problems};
use crate::times::{Place, Standing, Times};
use crate::wanted::{Judgement, PROGRAMMED, Says, VALID};
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
    /// The status of an object of the Gateway API, when it has one.
    gateway_api: Option<GatewayApi>,
    /// The Gateway of a ListenerSet.
    gateway: Option<Target>,
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
        let (kind, status) = status(object)?;
        let mut seen = Self::new(object.metadata());
        if let Some(status) = status {
            status.tell(&mut seen);
        }
        if let Object::ListenerSet(set) = object {
            seen.gateway = Some(gateway_of(set));
        }
        Some((Target::new(kind, object.namespace(), object.name()), seen))
    }

    /// What the ContourConfiguration says.
    #[must_use]
    pub fn of_configuration(object: &ContourConfiguration) -> (Target, Self) {
        let mut seen = Self::new(&object.metadata);
        if let Some(status) = &object.status {
            status.tell(&mut seen);
        }
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        let name = object.metadata.name.as_deref().unwrap_or_default();
        (Target::new(Kind::ContourConfiguration, namespace, name), seen)
    }

    /// The resource version, when it is a number.
    #[must_use]
    pub const fn version(&self) -> Option<u64> {
        self.version
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
            gateway_api: None,
            gateway: None,
        }
    }

    /// The Gateway of a ListenerSet.
    pub(crate) const fn gateway(&self) -> Option<&Target> {
        self.gateway.as_ref()
    }

    fn condition(&self, name: &str) -> Option<&DetailedCondition> {
        self.conditions.iter().find(|condition| condition.r#type == name)
    }
}

/// The status of an object, as it stands there.
trait Status {
    /// Puts what it says into an observation.
    fn tell(&self, seen: &mut Observation);
}

/// The status of an object; `None` when that of such objects is not ours.
fn status(object: &Object) -> Option<(Kind, Option<&dyn Status>)> {
    fn of<S: Status>(status: Option<&S>) -> Option<&dyn Status> {
        status.map(|status| status as &dyn Status)
    }
    Some(match object {
        Object::Ingress(object) => (Kind::Ingress, of(object.status.as_ref())),
        Object::HttpProxy(object) => (Kind::HttpProxy, of(object.status.as_deref())),
        Object::TlsCertificateDelegation(object) => {
            (Kind::TlsCertificateDelegation, of(object.status.as_deref()))
        }
        Object::HeptioCertificateDelegation(object) => {
            (Kind::HeptioCertificateDelegation, of(object.status.as_deref()))
        }
        Object::ExtensionService(object) => (Kind::ExtensionService, of(object.status.as_deref())),
        Object::IngressRoute(object) => (Kind::IngressRoute, of(object.status.as_ref())),
        Object::GatewayClass(object) => (Kind::GatewayClass, of(object.status.as_deref())),
        Object::Gateway(object) => (Kind::Gateway, of(object.status.as_deref())),
        Object::ListenerSet(object) => (Kind::ListenerSet, of(object.status.as_deref())),
        Object::HttpRoute(object) => (Kind::HttpRoute, of(object.status.as_deref())),
        Object::GrpcRoute(object) => (Kind::GrpcRoute, of(object.status.as_deref())),
        Object::TlsRoute(object) => (Kind::TlsRoute, of(object.status.as_deref())),
        Object::TcpRoute(object) => (Kind::TcpRoute, of(object.status.as_deref())),
        Object::UdpRoute(object) => (Kind::UdpRoute, of(object.status.as_deref())),
        Object::BackendTlsPolicy(object) => (Kind::BackendTlsPolicy, of(object.status.as_deref())),
        Object::XBackendTrafficPolicy(object) => (Kind::XBackendTrafficPolicy, of(object.status.as_deref())),
        _ => return None,
    })
}

impl Status for IngressStatus {
    fn tell(&self, seen: &mut Observation) {
        let entries = self.load_balancer.as_ref().and_then(|status| status.ingress.as_ref());
        seen.load_balancer = entries.into_iter().flatten().map(of_ingress).collect();
    }
}

impl Status for HttpProxyStatus {
    fn tell(&self, seen: &mut Observation) {
        seen.current_status.clone_from(&self.current_status);
        seen.description.clone_from(&self.description);
        seen.conditions.clone_from(&self.conditions);
        seen.load_balancer.clone_from(&self.load_balancer.ingress);
    }
}

impl Status for IngressRouteStatus {
    fn tell(&self, seen: &mut Observation) {
        seen.current_status.clone_from(&self.current_status);
        seen.description.clone_from(&self.description);
    }
}

macro_rules! conditions_alone {
    ($($status:ty),*) => {
        $(impl Status for $status {
            fn tell(&self, seen: &mut Observation) {
                seen.conditions.clone_from(&self.conditions);
            }
        })*
    };
}

conditions_alone!(TlsCertificateDelegationStatus, ExtensionServiceStatus, ContourConfigurationStatus);

macro_rules! of_gateway_api {
    ($($status:ty => $variant:ident),*) => {
        $(impl Status for $status {
            fn tell(&self, seen: &mut Observation) {
                seen.gateway_api = Some(GatewayApi::$variant(self.clone()));
            }
        })*
    };
}

of_gateway_api!(
    GatewayClassStatus => Class,
    GatewayStatus => Gateway,
    ListenerSetStatus => ListenerSet,
    RouteStatus => Route,
    PolicyStatus => Policy
);

/// What is kept of an observation: enough to tell whether something else is to be said, and to leave times where they
/// are. Small, because every replica keeps it of every object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) uid: Arc<str>,
    pub(crate) generation: i64,
    pub(crate) version: Option<u64>,
    /// The fingerprint of what is there of ours, but for times; that of [`Says`] when it says the same.
    pub(crate) says: u64,
    /// What is wrong, by its fingerprint.
    pub(crate) problems: Option<u64>,
    pub(crate) times: Times,
    pub(crate) has_errors: bool,
    pub(crate) has_warnings: bool,
    /// Shared: all objects of a fleet have the same.
    pub(crate) load_balancer: Arc<[LoadBalancerIngress]>,
    beside: Option<Box<Beside>>,
}

impl Seen {
    /// What is kept of `seen`, as far as it is ours; addresses that equal `known` are shared with it.
    pub(crate) fn new(
        target: &Target,
        seen: &Observation,
        known: &Arc<[LoadBalancerIngress]>,
        share: &Share,
    ) -> Self {
        match GatewayApi::empty(target.kind) {
            Some(nothing) => Self::of_gateway_api(nothing, seen, known, (target, share)),
            None => Self::of_judgement(target.kind, seen, known),
        }
    }

    fn of_judgement(kind: Kind, seen: &Observation, known: &Arc<[LoadBalancerIngress]>) -> Self {
        let valid = seen.condition(VALID);
        let ours = || valid.into_iter().chain(seen.condition(PROGRAMMED));
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
        let there = Judgement {
            current_status: seen.current_status.clone(),
            description: seen.description.clone(),
            conditions: ours().map(untimed).collect(),
            load_balancer: Arc::clone(&load_balancer),
        };
        Self {
            problems: problems(errors, warnings),
            times: Times::of(seen.generation, ours().map(|each| (Place::OBJECT, standing(each)))),
            has_errors: !errors.is_empty(),
            has_warnings: !warnings.is_empty(),
            ..Self::plain(seen, &Says::Judgement(there.of_kind(kind)), load_balancer)
        }
    }

    fn of_gateway_api(
        nothing: GatewayApi,
        seen: &Observation,
        known: &Arc<[LoadBalancerIngress]>,
        (target, share): (&Target, &Share),
    ) -> Self {
        let is_bare = seen.gateway_api.is_none();
        let all = seen.gateway_api.clone().unwrap_or(nothing);
        let times = Times::of(seen.generation, all.conditions().into_iter());
        let (ours, beside) = all.ours(target, share);
        let beside = Beside { is_bare, ..beside };
        Self { times, beside: beside.kept(), ..Self::plain(seen, &Says::GatewayApi(ours), Arc::clone(known)) }
    }

    fn plain(seen: &Observation, says: &Says, load_balancer: Arc<[LoadBalancerIngress]>) -> Self {
        Self {
            uid: Arc::clone(&seen.uid),
            generation: seen.generation,
            version: seen.version,
            says: fingerprint(says),
            problems: None,
            times: Times::default(),
            has_errors: false,
            has_warnings: false,
            load_balancer,
            beside: None,
        }
    }

    /// What of it is ours has changed: the API server is to refuse the next write, so that the object is read again.
    pub(crate) fn doubt(&mut self) {
        // 0 would be any version.
        self.version = self.version.map(|version| version.saturating_sub(1).max(1));
    }

    /// What stands in the status of an object of the Gateway API beside what is ours.
    pub(crate) fn beside(&self) -> &Beside {
        Beside::of(self.beside.as_deref())
    }
}

fn gateway_of(set: &ListenerSet) -> Target {
    let reference = &set.spec.parent_ref;
    let namespace = reference.namespace.as_deref().or(set.metadata.namespace.as_deref());
    Target::new(Kind::Gateway, namespace.unwrap_or_default(), reference.name.as_str())
}

fn standing(condition: &DetailedCondition) -> Standing<'_> {
    Standing {
        name: &condition.r#type,
        status: &condition.status,
        time: &condition.last_transition_time,
        generation: condition.observed_generation,
    }
}
