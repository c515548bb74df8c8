//! An API server in a map, a board, and a clock that goes when it is told to.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use api::http_proxy::status::LoadBalancerIngress;
use isobath_status::{
    Board, Body, Event, Input, Kind, Observation, Outcome, Patch, Statement, Target, Write,
};
use k8s_openapi::jiff::Timestamp;
use model::{FleetId, GatewayApiStatus, ObjectId, Problem, Report, Severity, Verdict};
use serde_json::{Value, json};

/// When the tests begin: 2026-01-01.
const BEGIN: i64 = 1_767_225_600;

/// An API server in a map.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cluster {
    objects: BTreeMap<Target, Value>,
    version: u64,
    uids: u64,
}

impl Cluster {
    /// Creates an object, or changes its spec: the generation goes up.
    pub(crate) fn apply(&mut self, target: &Target) {
        self.version += 1;
        if let Some(object) = self.objects.get_mut(target) {
            object["metadata"]["generation"] = json!(generation(object) + 1);
            object["metadata"]["resourceVersion"] = json!(self.version.to_string());
            return;
        }
        self.uids += 1;
        let metadata = json!({
            "namespace": target.namespace,
            "name": target.name,
            "uid": format!("uid-{}", self.uids),
            "generation": 1,
            "resourceVersion": self.version.to_string(),
        });
        self.objects.insert(target.clone(), json!({"metadata": metadata, "spec": {}}));
    }

    pub(crate) fn delete(&mut self, target: &Target) {
        self.objects.remove(target);
    }

    /// Somebody else writes a status.
    pub(crate) fn write_status(&mut self, target: &Target, status: Value) {
        self.version += 1;
        let object = self.objects.get_mut(target).expect("the object is there");
        object["status"] = status;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
    }

    pub(crate) fn status(&self, target: &Target) -> Value {
        self.objects.get(target).map_or(Value::Null, |object| object["status"].clone())
    }

    pub(crate) fn generation(&self, target: &Target) -> i64 {
        self.objects.get(target).map_or(0, generation)
    }

    pub(crate) fn has(&self, target: &Target) -> bool {
        self.objects.contains_key(target)
    }

    pub(crate) fn observation(&self, target: &Target) -> Option<Observation> {
        let object = self.objects.get(target)?.clone();
        let observation = Observation::decode(target.kind, object).expect("an object");
        Some(observation)
    }

    /// Takes a write, as the API server merges it into what is there.
    pub(crate) fn take(&mut self, write: &Write) -> Outcome {
        let Some(object) = self.objects.get_mut(&write.target) else { return Outcome::Gone };
        let before = object["status"].clone();
        match &write.body {
            Body::Apply(applied) if object["metadata"]["uid"] != applied["metadata"]["uid"] => {
                return Outcome::Failed;
            }
            Body::Apply(applied) => merge(&mut object["status"], &applied["status"]),
            Body::Patch(Patch { version, .. })
                if object["metadata"]["resourceVersion"] != json!(version.to_string()) =>
            {
                return Outcome::Outdated(Box::new(self.observation(&write.target).expect("it is there")));
            }
            Body::Patch(patch) => change(object, &patch.operations),
        }
        if object["status"] != before {
            self.version += 1;
            object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        }
        Outcome::Written(Box::new(self.observation(&write.target).expect("it is there")))
    }
}

fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"].as_i64().expect("every object has one")
}

/// Conditions are a map by their type, everything else is replaced.
fn merge(status: &mut Value, applied: &Value) {
    for (field, value) in applied.as_object().expect("a status") {
        if field != "conditions" {
            status[field] = value.clone();
            continue;
        }
        for condition in value.as_array().expect("conditions") {
            if status["conditions"].is_null() {
                status["conditions"] = json!([]);
            }
            let there = status["conditions"].as_array_mut().expect("conditions");
            match there.iter_mut().find(|each| each["type"] == condition["type"]) {
                Some(each) => *each = condition.clone(),
                None => there.push(condition.clone()),
            }
        }
    }
}

/// JSON Patch (RFC 6902), as far as it is used.
fn change(object: &mut Value, operations: &Value) {
    for operation in operations.as_array().expect("operations") {
        let path = operation["path"].as_str().expect("a path");
        let (parent, last) = path.rsplit_once('/').expect("it begins with a slash");
        let parent = object.pointer_mut(parent).expect("something is there");
        let value = operation["value"].clone();
        match (operation["op"].as_str(), parent) {
            (Some("add"), Value::Array(list)) if last == "-" => list.push(value),
            (Some("add"), Value::Object(fields)) => drop(fields.insert(last.to_owned(), value)),
            (Some("replace"), parent) => {
                *parent.pointer_mut(&format!("/{last}")).expect("it is there") = value;
            }
            (Some("remove"), Value::Array(list)) => drop(list.remove(last.parse().expect("a number"))),
            (Some("remove"), Value::Object(fields)) => drop(fields.remove(last).expect("it is there")),
            (Some("test"), parent) => assert_eq!(parent.get(last).unwrap_or(&Value::Null), &value),
            (operation, parent) => panic!("{operation:?} of {last} in {parent}"),
        }
    }
}

/// What is applied.
pub(crate) fn applied(write: &Write) -> &Value {
    match &write.body {
        Body::Apply(applied) => applied,
        Body::Patch(patch) => panic!("{patch:?}"),
    }
}

/// A board, the API server, and the time.
pub(crate) struct World {
    pub(crate) cluster: Cluster,
    pub(crate) board: Board,
    began: Instant,
    pub(crate) now: Instant,
}

impl World {
    /// A world whose leader we are, for long.
    pub(crate) fn new() -> Self {
        let mut world = Self::over(Cluster::default(), Instant::now());
        world.lead(Duration::from_secs(1_000_000));
        world
    }

    /// A world that follows, over an API server that is there.
    pub(crate) fn over(cluster: Cluster, now: Instant) -> Self {
        Self { cluster, board: Board::new("isobath-0"), began: now, now }
    }

    /// The same, with another name of our entries in routes and policies.
    pub(crate) fn named(self, controller: &str) -> Self {
        Self { board: self.board.named(controller), ..self }
    }

    /// The same, of a controller that serves a Gateway of its own.
    pub(crate) fn dedicated(self, controller: &str) -> Self {
        Self { board: self.board.dedicated(controller), ..self }
    }

    pub(crate) fn lead(&mut self, lease: Duration) {
        self.tell(Input::Leads { until: self.now + lease });
    }

    pub(crate) fn tell(&mut self, input: Input) {
        self.board.handle(self.now, input);
    }

    pub(crate) fn pass(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
    }

    pub(crate) fn wall(&self) -> Timestamp {
        let passed = i64::try_from((self.now - self.began).as_secs()).expect("a short test");
        Timestamp::from_second(BEGIN + passed).expect("a time")
    }

    /// Creates or changes an object, and observes it.
    pub(crate) fn apply(&mut self, target: &Target) {
        self.cluster.apply(target);
        self.observe(target);
    }

    pub(crate) fn observe(&mut self, target: &Target) {
        match self.cluster.observation(target) {
            Some(observation) => self.tell(Input::Observed(target.clone(), Box::new(observation))),
            None => self.tell(Input::Gone(target.clone())),
        }
    }

    /// Says something about the newest form of an object.
    pub(crate) fn say(&mut self, target: &Target, verdict: Verdict, problems: Vec<Problem>, carried_by: u64) {
        let generation = self.cluster.generation(target);
        let said = statement(target, generation, verdict, problems, carried_by);
        self.tell(Input::Said(Box::new(said)));
    }

    /// Says this of the newest form of an object of the Gateway API.
    pub(crate) fn say_status(&mut self, target: &Target, status: GatewayApiStatus, carried_by: u64) {
        let report = self.report(target, status);
        self.say_report(&report, carried_by);
    }

    pub(crate) fn say_report(&mut self, report: &Report, carried_by: u64) {
        let said = Statement::of(report, carried_by).expect("it has a status");
        self.tell(Input::Said(Box::new(said)));
    }

    /// What there is to tell of the newest form of an object of the Gateway API.
    pub(crate) fn report(&self, target: &Target, status: GatewayApiStatus) -> Report {
        let kind = match target.kind {
            Kind::GatewayClass => model::Kind::GatewayClass,
            Kind::Gateway => model::Kind::Gateway,
            Kind::ListenerSet => model::Kind::ListenerSet,
            Kind::HttpRoute => model::Kind::HttpRoute,
            Kind::BackendTlsPolicy => model::Kind::BackendTlsPolicy,
            kind => panic!("no test says anything of a {}", kind.as_str()),
        };
        let object = ObjectId::new(kind, target.namespace.clone(), target.name.clone());
        Report {
            fleet: status.fleet(),
            object,
            generation: self.cluster.generation(target),
            verdict: Verdict::Valid,
            problems: vec![],
            gateway_api: Some(Box::new(status)),
        }
    }

    /// Says that something is wrong with an object.
    pub(crate) fn blame(&mut self, target: &Target, message: &str) {
        self.say(target, Verdict::Invalid, vec![error(message)], 1);
    }

    pub(crate) fn next_write(&mut self) -> Option<Write> {
        self.board.next_write(self.now, self.wall())
    }

    /// When the next write is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.board.deadline(self.now)
    }

    /// Makes the writes that are due, and gives their number.
    pub(crate) fn write(&mut self) -> usize {
        let mut writes = 0;
        while let Some(write) = self.next_write() {
            writes += 1;
            let outcome = self.cluster.take(&write);
            let target = write.target;
            self.tell(Input::Finished(target.clone(), outcome));
            // The watch says it, too.
            self.observe(&target);
        }
        writes
    }

    /// Makes all writes that ever become due.
    pub(crate) fn settle(&mut self) -> usize {
        let mut writes = self.write();
        while let Some(due) = self.due() {
            self.now = self.now.max(due);
            writes += self.write();
            assert!(writes < 1_000, "it never ends");
        }
        writes
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        let wall = self.wall();
        std::iter::from_fn(|| self.board.next_event(self.now, wall)).collect()
    }
}

pub(crate) fn target(kind: Kind, name: &str) -> Target {
    Target::new(kind, "shop", name)
}

pub(crate) fn proxy(name: &str) -> Target {
    target(Kind::HttpProxy, name)
}

/// All Envoys of the ingress have a publication.
pub(crate) fn acknowledged(publication: u64) -> Input {
    Input::Acknowledged(FleetId::ingress(), publication)
}

/// IP addresses and names, separated by commas.
pub(crate) fn addresses(list: &str) -> Input {
    let address = |text: &str| {
        let text = Some(text.to_owned());
        match text.as_deref().is_some_and(|text| text.starts_with("192.")) {
            true => LoadBalancerIngress { ip: text, ..LoadBalancerIngress::default() },
            false => LoadBalancerIngress { hostname: text, ..LoadBalancerIngress::default() },
        }
    };
    Input::Addresses(list.split(',').map(address).collect())
}

pub(crate) fn error(message: &str) -> Problem {
    Problem {
        severity: Severity::Error,
        kind: "ServiceError",
        reason: "ServiceUnresolvedReference",
        path: "spec.routes[0].services[0]".into(),
        message: message.into(),
        help: None,
    }
}

pub(crate) fn warning(message: &str) -> Problem {
    Problem { severity: Severity::Warning, kind: "SpecError", reason: "IgnoredField", ..error(message) }
}

pub(crate) fn statement(
    target: &Target,
    generation: i64,
    verdict: Verdict,
    problems: Vec<Problem>,
    carried_by: u64,
) -> Statement {
    let kind = match target.kind {
        Kind::Ingress => model::Kind::Ingress,
        Kind::HttpProxy => model::Kind::HttpProxy,
        Kind::TlsCertificateDelegation => model::Kind::TlsCertificateDelegation,
        Kind::ExtensionService => model::Kind::ExtensionService,
        Kind::IngressRoute => model::Kind::IngressRoute,
        Kind::HeptioCertificateDelegation => model::Kind::HeptioCertificateDelegation,
        Kind::ContourConfiguration => {
            return Statement::of_configuration(&target.namespace, &target.name, generation, &problems);
        }
        kind => panic!("{} has conditions of its own", kind.as_str()),
    };
    let object = ObjectId::new(kind, target.namespace.clone(), target.name.clone());
    let report =
        Report { object, generation, verdict, problems, gateway_api: None, fleet: FleetId::ingress() };
    Statement::of(&report, carried_by).expect("it has a status")
}
