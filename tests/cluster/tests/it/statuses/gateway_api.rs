//! Statuses of the Gateway API, as its own definitions take them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use api::gateway_api::gateway::{AddressType, GatewayStatusAddress};
use isobath_cluster_tests::install_gateway_definitions;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, ResourceExt as _};
use kubernetes::lease::Role;
use kubernetes::status::Writer;
use model::{
    AncestorStatus, Condition, FleetId, GatewayApiStatus, GatewayStatus, Holds, ListenerSetStatus,
    ListenerStatus, ObjectId, ParentRef, ParentStatus, Report, RouteKind, Verdict,
};
use serde_json::{Value, json};
use status::{CONTROLLER_NAME, Input, Kind, Observation, Release, Statement, Target};
use testbed::Bed;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::becomes;
use super::replica::counting;

const GROUP: &str = "gateway.networking.k8s.io";

/// One object of each kind.
const ONE_OF_EACH: &str = r#"
{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: statuses-gateway-api},
 spec: {controllerName: projectcontour.io/gateway-controller}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: edge},
 spec: {gatewayClassName: statuses-gateway-api, listeners: [{name: web, port: 80, protocol: HTTP}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: ListenerSet, metadata: {name: more},
 spec: {parentRef: {name: edge}, listeners: [{name: web, port: 81, protocol: HTTP}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: http},
 spec: {parentRefs: [{name: edge}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: GRPCRoute, metadata: {name: grpc},
 spec: {parentRefs: [{name: edge}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: TLSRoute, metadata: {name: tls},
 spec: {parentRefs: [{name: edge}], hostnames: [a.example], rules: [{backendRefs: [{name: web, port: 443}]}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: TCPRoute, metadata: {name: tcp},
 spec: {parentRefs: [{name: edge}], rules: [{backendRefs: [{name: web, port: 9000}]}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: UDPRoute, metadata: {name: udp},
 spec: {parentRefs: [{name: edge}], rules: [{backendRefs: [{name: web, port: 53}]}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: BackendTLSPolicy, metadata: {name: trust},
 spec: {targetRefs: [{group: "", kind: Service, name: web}],
   validation: {hostname: a.example, wellKnownCACertificates: System}}}
---
{apiVersion: gateway.networking.x-k8s.io/v1alpha1, kind: XBackendTrafficPolicy, metadata: {name: sticky},
 spec: {targetRefs: [{group: "", kind: Service, name: web}], sessionPersistence: {sessionName: s}}}
"#;

/// A writer that leads, and what it is told.
struct Writing<'a> {
    bed: &'a Bed,
    tell: mpsc::UnboundedSender<Input>,
    writes: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
    _role: watch::Sender<Role>,
}

impl<'a> Writing<'a> {
    fn start(bed: &'a Bed) -> Self {
        let writes = Arc::new(AtomicUsize::new(0));
        let until = Instant::now() + Duration::from_secs(3600);
        let (role, roles) = watch::channel(Role::Leader { until });
        let (writer, tell) = Writer::new(counting(bed.client.clone(), &writes), "a", roles);
        let mut tasks = JoinSet::new();
        tasks.spawn(writer.run());
        let writing = Self { bed, tell, writes, _tasks: tasks, _role: role };
        writing.tell(Input::Experimental(true));
        writing.tell(Input::Release(Release::Supported));
        writing
    }

    fn tell(&self, input: Input) {
        self.tell.send(input).expect("the writer runs");
    }

    /// Tells what the API server has, as a watch does.
    async fn observe(&self, target: &Target) {
        let object = self.get(target).await;
        let object = serde_json::to_value(object).expect("JSON");
        let seen = Observation::decode(target.kind, object).expect("metadata and status");
        self.tell(Input::Observed(target.clone(), Box::new(seen)));
    }

    /// Tells what there is to say of the first form of an object.
    fn say(&self, target: &Target, kind: model::Kind, status: GatewayApiStatus) {
        let object = ObjectId::new(kind, target.namespace.clone(), target.name.clone());
        let report = Report {
            fleet: status.fleet(),
            object,
            generation: 1,
            verdict: Verdict::Valid,
            problems: vec![],
            gateway_api: Some(Box::new(status)),
        };
        self.tell(Input::Said(Box::new(Statement::of(&report, 1).expect("it has a status"))));
    }

    fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    async fn get(&self, target: &Target) -> DynamicObject {
        api(self.bed, target).get(&target.name).await.expect("it is there")
    }

    async fn status(&self, target: &Target) -> Value {
        self.get(target).await.data["status"].clone()
    }
}

fn api(bed: &Bed, target: &Target) -> Api<DynamicObject> {
    let kind = target.kind;
    let named = GroupVersionKind::gvk(kind.group(), kind.version(), kind.as_str());
    let resource = ApiResource::from_gvk_with_plural(&named, kind.plural());
    match target.namespace.is_empty() {
        true => Api::all_with(bed.client.clone(), &resource),
        false => Api::namespaced_with(bed.client.clone(), &target.namespace, &resource),
    }
}

fn condition(name: &'static str, holds: Holds) -> Condition {
    Condition { name, holds, reason: name, message: String::new() }
}

fn own() -> Vec<Condition> {
    vec![condition("Accepted", Holds::Yes), condition("Programmed", Holds::WhenAcknowledged)]
}

fn listeners() -> Vec<ListenerStatus> {
    vec![ListenerStatus {
        name: "web".into(),
        supported_kinds: vec![RouteKind { group: GROUP, kind: "HTTPRoute" }],
        attached_routes: 1,
        conditions: own(),
    }]
}

fn edge(section: Option<&str>) -> ParentRef {
    ParentRef {
        group: GROUP.into(),
        kind: "Gateway".into(),
        namespace: None,
        name: "edge".into(),
        section_name: section.map(Into::into),
        port: None,
    }
}

fn route(sections: &[&str]) -> GatewayApiStatus {
    let parent = |section: &&str| ParentStatus {
        parent: edge(Some(section)),
        conditions: vec![condition("Accepted", Holds::Yes)],
    };
    GatewayApiStatus::Route(sections.iter().map(parent).collect())
}

/// Each object, and what is said of it.
fn sayings(namespace: &str) -> Vec<(Target, model::Kind, GatewayApiStatus)> {
    use model::Kind as Of;
    let fleet = FleetId::gateway(namespace, "edge");
    let gateway = GatewayStatus {
        fleet: fleet.clone(),
        requested: vec![],
        conditions: own(),
        listeners: listeners(),
        attached_listener_sets: Some(1),
    };
    let set = ListenerSetStatus { fleet, conditions: own(), listeners: listeners() };
    let class = GatewayApiStatus::Class(vec![condition("Accepted", Holds::Yes)]);
    let policy = || {
        let conditions = vec![condition("Accepted", Holds::Yes)];
        GatewayApiStatus::Policy(vec![AncestorStatus { ancestor: edge(None), conditions }])
    };
    let of = |kind, name: &str| Target::new(kind, namespace, name);
    vec![
        (Target::new(Kind::GatewayClass, "", "statuses-gateway-api"), Of::GatewayClass, class),
        (of(Kind::Gateway, "edge"), Of::Gateway, GatewayApiStatus::Gateway(gateway)),
        (of(Kind::ListenerSet, "more"), Of::ListenerSet, GatewayApiStatus::ListenerSet(set)),
        (of(Kind::HttpRoute, "http"), Of::HttpRoute, route(&["web"])),
        (of(Kind::GrpcRoute, "grpc"), Of::GrpcRoute, route(&["web"])),
        (of(Kind::TlsRoute, "tls"), Of::TlsRoute, route(&["web"])),
        (of(Kind::TcpRoute, "tcp"), Of::TcpRoute, route(&["web"])),
        (of(Kind::UdpRoute, "udp"), Of::UdpRoute, route(&["web"])),
        (of(Kind::BackendTlsPolicy, "trust"), Of::BackendTlsPolicy, policy()),
        (of(Kind::XBackendTrafficPolicy, "sticky"), Of::XBackendTrafficPolicy, policy()),
    ]
}

fn reached(namespace: &str) -> [Input; 2] {
    let fleet = || FleetId::gateway(namespace, "edge");
    let address = GatewayStatusAddress { r#type: AddressType::IpAddress.into(), value: "192.0.2.1".into() };
    [Input::GatewayAddresses(fleet(), vec![address]), Input::Acknowledged(fleet(), 1)]
}

/// The types of conditions that hold, of the object and of the first entry of a list of parts.
fn held(status: &Value, list: &str) -> Vec<String> {
    let conditions = |of: &Value| of["conditions"].as_array().cloned().unwrap_or_default();
    let all = conditions(status).into_iter().chain(conditions(&status[list][0]));
    let held = all.filter(|each| each["status"] == "True" && each["observedGeneration"] == 1);
    held.map(|each| each["type"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn statuses_of_the_gateway_api_are_taken_and_written_once() {
    testbed::test("statuses-gateway-api", async |bed| {
        install_gateway_definitions(bed).await;
        bed.objects.apply(ONE_OF_EACH).await.expect("the API server takes them");
        let writing = Writing::start(bed);
        reached(&bed.namespace).into_iter().for_each(|input| writing.tell(input));
        let all = sayings(&bed.namespace);
        for (target, kind, status) in &all {
            writing.observe(target).await;
            writing.say(target, *kind, status.clone());
        }
        becomes("all are written", 10, async || writing.writes()).await;
        let both = ["Accepted", "Programmed"];
        for (target, _, status) in &all {
            let (list, wanted) = match status {
                GatewayApiStatus::Class(_) => ("", vec!["Accepted", "SupportedVersion"]),
                GatewayApiStatus::Gateway(_) | GatewayApiStatus::ListenerSet(_) => {
                    ("listeners", [both, both].concat())
                }
                GatewayApiStatus::Route(_) => ("parents", vec!["Accepted"]),
                GatewayApiStatus::Policy(_) => ("ancestors", vec!["Accepted"]),
            };
            let found = async || held(&writing.status(target).await, list);
            becomes(&target.to_string(), wanted.iter().map(ToString::to_string).collect(), found).await;
        }
        let gateway = writing.status(&all[1].0).await;
        assert_eq!(gateway["addresses"], json!([{"type": "IPAddress", "value": "192.0.2.1"}]));
        assert_eq!(gateway["attachedListenerSets"], 1);

        // What the API server stored is what was meant, and whoever comes next has nothing to write.
        let next = Writing::start(bed);
        let versions = async || {
            let mut versions = Vec::new();
            for (target, ..) in &all {
                versions.push(writing.get(target).await.resource_version());
            }
            versions
        };
        let before = versions().await;
        reached(&bed.namespace).into_iter().for_each(|input| next.tell(input));
        for (target, kind, status) in &all {
            for writing in [&writing, &next] {
                writing.observe(target).await;
                writing.say(target, *kind, status.clone());
            }
        }
        assert_eq!(versions().await, before);
        let (target, kind, _) = &all[3];
        next.say(target, *kind, route(&["web", "more"]));
        let parents = async || writing.status(target).await["parents"].as_array().map(Vec::len);
        becomes("there is a parent more", Some(2), parents).await;
        assert_eq!((writing.writes(), next.writes()), (10, 1));
        bed.objects.delete(ONE_OF_EACH).await.expect("they go");
    });
}

#[test]
fn entries_of_other_controllers_stay() {
    testbed::test("statuses-others", async |bed| {
        install_gateway_definitions(bed).await;
        bed.objects.apply(OWN_ROUTE).await.expect("the API server takes it");
        let writing = Writing::start(bed);
        let target = Target::new(Kind::HttpRoute, bed.namespace.as_str(), "http");
        writing.observe(&target).await;
        // Nobody has told us.
        let theirs = somebody_else_writes(bed, &target).await;
        writing.say(&target, model::Kind::HttpRoute, route(&["a", "b"]));
        let names = async || {
            let status = writing.status(&target).await;
            let parents = status["parents"].as_array().cloned().unwrap_or_default();
            parents.iter().map(|each| each["controllerName"].as_str().unwrap().to_owned()).collect()
        };
        let wanted = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let all = wanted(&["example.com/other", CONTROLLER_NAME, CONTROLLER_NAME]);
        becomes("both have their entries", all, names).await;
        writing.say(&target, model::Kind::HttpRoute, route(&[]));
        becomes("they alone have", wanted(&["example.com/other"]), names).await;
        assert_eq!(writing.status(&target).await["parents"][0], theirs);
        // One of them was refused, and made anew for what stood there then.
        assert_eq!(writing.writes(), 3);
    });
}

#[test]
fn a_status_that_cannot_be_read_is_not_written_over() {
    testbed::test("statuses-unreadable", async |bed| {
        install_gateway_definitions(bed).await;
        bed.objects.apply(OWN_ROUTE).await.expect("the API server takes it");
        let writing = Writing::start(bed);
        let target = Target::new(Kind::HttpRoute, bed.namespace.as_str(), "http");
        let theirs = somebody_else_writes(bed, &target).await;
        let mut object = serde_json::to_value(writing.get(&target).await).expect("JSON");
        object["status"] = Value::Null;
        let seen = Observation::decode(target.kind, object).expect("metadata");
        writing.tell(Input::Observed(target.clone(), Box::new(seen)));
        writing.say(&target, model::Kind::HttpRoute, route(&["a"]));
        // With the second one the first has come to an end.
        becomes("it is tried again", true, async || writing.writes() > 1).await;
        assert_eq!(writing.status(&target).await["parents"], json!([theirs]));
    });
}

/// Another controller writes an entry of its own: as it stands there then.
async fn somebody_else_writes(bed: &Bed, route: &Target) -> Value {
    let theirs = json!({
        "parentRef": {"name": "theirs"},
        "controllerName": "example.com/other",
        "conditions": [{"type": "Accepted", "status": "True", "reason": "Accepted", "message": "theirs",
            "lastTransitionTime": "2026-01-01T00:00:00Z"}],
    });
    let patch = Patch::Merge(json!({"status": {"parents": [theirs]}}));
    let patched = api(bed, route).patch_status(&route.name, &PatchParams::default(), &patch).await;
    patched.expect("a status").data["status"]["parents"][0].clone()
}

const OWN_ROUTE: &str = "
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: http},
 spec: {parentRefs: [{name: edge}]}}
";
