//! Statuses in a real API server: it takes them, they are written once, and whoever leads next goes on.

mod gateway_api;
mod replica;

use std::collections::BTreeMap;
use std::fmt::Debug;

use api::http_proxy::status::LoadBalancerIngress;
use futures::StreamExt as _;
use isobath_cluster_tests::{eventually, install_definitions, install_definitions_alone};
use k8s_openapi::api::events::v1::Event;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, ResourceExt as _};
use replica::Replica;
use serde_json::{Value, json};
use status::Kind;
use testbed::{Bed, Mode};

fn objects(bed: &Bed, kind: Kind) -> Api<DynamicObject> {
    let named = GroupVersionKind::gvk(kind.group(), kind.version(), kind.as_str());
    let resource = ApiResource::from_gvk_with_plural(&named, kind.plural());
    match kind {
        Kind::GatewayClass => Api::all_with(bed.client.clone(), &resource),
        _ => Api::namespaced_with(bed.client.clone(), &bed.namespace, &resource),
    }
}

pub(crate) async fn status_of(bed: &Bed, kind: Kind, name: &str) -> Value {
    let object = objects(bed, kind).get(name).await.expect("the object is there");
    object.data["status"].clone()
}

pub(crate) async fn current_status(bed: &Bed, name: &str) -> Value {
    status_of(bed, Kind::HttpProxy, name).await["currentStatus"].clone()
}

/// A root that is valid, or lacks its Service.
fn proxy(name: &str, service: Option<&str>) -> Value {
    let route = match service {
        Some(service) => json!({"services": [{"name": service, "port": 80}]}),
        None => json!({"requestRedirectPolicy": {"hostname": "to.example"}}),
    };
    json!({
        "apiVersion": "projectcontour.io/v1",
        "kind": "HTTPProxy",
        "metadata": {"name": name},
        "spec": {"virtualhost": {"fqdn": format!("{name}.example")}, "routes": [route]},
    })
}

/// Waits until something is as it should be.
pub(crate) async fn becomes<T: PartialEq + Debug>(what: &str, wanted: T, mut look: impl AsyncFnMut() -> T) {
    eventually(what, async || {
        let found = look().await;
        if found == wanted { Ok(()) } else { Err(format!("it is {found:?}")) }
    })
    .await;
}

pub(crate) async fn apply(bed: &Bed, object: &Value) {
    bed.objects.apply_one(object, Mode::Keep).await.expect("the API server takes it");
}

/// How many proxies are valid and programmed, for their newest form.
async fn programmed(bed: &Bed) -> usize {
    let all = objects(bed, Kind::HttpProxy).list(&ListParams::default()).await.expect("a list");
    let is_programmed = |object: &&DynamicObject| {
        let conditions = object.data["status"]["conditions"].as_array();
        let holds = |condition: &Value| {
            condition["status"] == "True"
                && condition["observedGeneration"].as_i64() == object.metadata.generation
        };
        conditions.is_some_and(|all| all.len() == 2 && all.iter().all(holds))
    };
    all.iter().filter(is_programmed).count()
}

/// In which version each proxy is.
async fn versions(bed: &Bed) -> BTreeMap<String, String> {
    let all = objects(bed, Kind::HttpProxy).list(&ListParams::default()).await.expect("a list");
    all.iter().map(|object| (object.name_any(), object.resource_version().unwrap_or_default())).collect()
}

/// One object of each kind whose status is written, valid but for the second proxy, which is an orphan.
const ONE_OF_EACH: &str = r#"
{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}
---
{apiVersion: projectcontour.io/v1, kind: HTTPProxy, metadata: {name: root},
 spec: {virtualhost: {fqdn: a.example}, routes: [{services: [{name: web, port: 80}]}]}}
---
{apiVersion: projectcontour.io/v1, kind: HTTPProxy, metadata: {name: orphan},
 spec: {routes: [{services: [{name: web, port: 80}]}]}}
---
{apiVersion: projectcontour.io/v1, kind: TLSCertificateDelegation, metadata: {name: share},
 spec: {delegations: [{secretName: a, targetNamespaces: ["*", b]}]}}
---
{apiVersion: contour.heptio.com/v1beta1, kind: TLSCertificateDelegation, metadata: {name: share},
 spec: {delegations: [{secretName: a, targetNamespaces: ["*"]}]}}
---
{apiVersion: projectcontour.io/v1alpha1, kind: ExtensionService, metadata: {name: auth},
 spec: {services: [{name: missing, port: 80}]}}
---
{apiVersion: contour.heptio.com/v1beta1, kind: IngressRoute, metadata: {name: old},
 spec: {virtualhost: {fqdn: b.example}, routes: [{match: /, services: [{name: web, port: 80}]}]}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: plain},
 spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}}
"#;

#[test]
fn the_statuses_of_all_kinds_are_taken() {
    testbed::test("statuses-kinds", async |bed| {
        install_definitions(bed).await;
        bed.objects.apply(ONE_OF_EACH).await.expect("the API server takes them");
        let address = LoadBalancerIngress {
            ip: Some("192.0.2.7".to_owned()),
            ip_mode: Some("VIP".to_owned()),
            ..LoadBalancerIngress::default()
        };
        let replica = Replica::start_behind(bed, address);
        becomes("all statuses are written", 7, async || replica.writes()).await;
        becomes("the root is programmed", 1, async || programmed(bed).await).await;
        let of = |kind, name| async move { status_of(bed, kind, name).await };
        let words = |status: &Value| [&status["currentStatus"], &status["description"]].map(Value::to_string);
        let root = of(Kind::HttpProxy, "root").await;
        assert_eq!(words(&root), [r#""valid""#, r#""Valid HTTPProxy""#]);
        assert_eq!(root["loadBalancer"], json!({"ingress": [{"ip": "192.0.2.7", "ipMode": "VIP"}]}));
        let ingress = of(Kind::Ingress, "plain").await;
        assert_eq!(ingress, json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}));
        let orphan = of(Kind::HttpProxy, "orphan").await;
        assert_eq!(orphan["currentStatus"], "orphaned");
        assert_eq!(orphan["conditions"][0]["errors"][0]["type"], "Orphaned");
        let old = of(Kind::IngressRoute, "old").await;
        assert_eq!(old, json!({"currentStatus": "valid", "description": "valid IngressRoute"}));
        let reason = |status: Value| status["conditions"][0]["reason"].as_str().map(str::to_owned);
        let delegation = of(Kind::TlsCertificateDelegation, "share").await;
        assert_eq!(delegation["conditions"][0]["warnings"][0]["reason"], "IgnoredField");
        assert_eq!(reason(delegation).as_deref(), Some("Valid"));
        assert_eq!(reason(of(Kind::HeptioCertificateDelegation, "share").await).as_deref(), Some("Valid"));
        let extension = of(Kind::ExtensionService, "auth").await;
        assert_eq!(reason(extension).as_deref(), Some("ErrorPresent"));
        // What the API server stored is what was meant: nobody writes again.
        assert_eq!(replica.writes(), 7);
    });
}

#[test]
fn each_change_is_one_write_and_no_change_is_none() {
    testbed::test("statuses-counts", async |bed| {
        install_definitions(bed).await;
        let replica = Replica::start(bed, "a");
        let names: Vec<String> = (0..200).map(|number| format!("p{number}")).collect();
        let proxies = names.iter().map(|name| proxy(name, None)).collect::<Vec<_>>();
        let applied = futures::stream::iter(&proxies).map(|object| apply(bed, object));
        applied.buffer_unordered(8).for_each(|()| async {}).await;
        becomes("all are programmed", 200, async || programmed(bed).await).await;
        assert_eq!(replica.writes(), 200);

        // An annotation changes nothing; a new form of one object is one write.
        let annotated = Patch::Merge(json!({"metadata": {"annotations": {"team": "a"}}}));
        for name in &names {
            let patched =
                objects(bed, Kind::HttpProxy).patch(name, &PatchParams::default(), &annotated).await;
            patched.expect("it is there");
        }
        let mut changed = proxy("p7", None);
        changed["spec"]["routes"][0]["requestRedirectPolicy"]["hostname"] = json!("other.example");
        apply(bed, &changed).await;
        becomes("the new form is programmed", 201, async || replica.writes()).await;
        becomes("all are programmed", 200, async || programmed(bed).await).await;
        replica.end().await;

        // The next one finds everything as it should be.
        let next = Replica::start(bed, "b");
        apply(bed, &proxy("one-more", None)).await;
        becomes("all are programmed", 201, async || programmed(bed).await).await;
        assert_eq!(next.writes(), 1);
    });
}

#[test]
fn what_contour_wrote_becomes_ours_and_what_others_wrote_stays() {
    testbed::test("statuses-contour", async |bed| {
        install_definitions(bed).await;
        apply(bed, &proxy("web", None)).await;
        let condition = |kind: &str| {
            json!({"type": kind, "status": "False", "reason": "ErrorPresent", "message": "",
                "lastTransitionTime": "2020-01-01T00:00:00Z", "observedGeneration": 1,
                "errors": [{"type": "A", "status": "True", "reason": "B", "message": "c"}]})
        };
        let proxies = objects(bed, Kind::HttpProxy);
        let mut object = proxies.get("web").await.expect("it is there");
        object.data["status"] = json!({
            "currentStatus": "invalid",
            "description": "theirs",
            "conditions": [condition("Valid"), condition("Other")],
            "loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]},
        });
        let contour = kube::api::PostParams { field_manager: Some("contour".into()), ..Default::default() };
        proxies.replace_status("web", &contour, &object).await.expect("a status");
        let replica = Replica::start(bed, "a");
        becomes("it is judged", json!("valid"), async || current_status(bed, "web").await).await;
        let status = status_of(bed, Kind::HttpProxy, "web").await;
        let of = |kind: &str| {
            let all = status["conditions"].as_array().expect("conditions");
            all.iter().find(|condition| condition["type"] == kind).expect("the condition").clone()
        };
        assert_eq!(of("Other"), condition("Other"));
        assert_eq!((&of("Valid")["status"], &of("Valid")["reason"]), (&json!("True"), &json!("Valid")));
        assert_eq!(of("Valid")["errors"].as_array().map_or(0, Vec::len), 0);
        assert_eq!(status["loadBalancer"]["ingress"][0]["ip"], "192.0.2.1");
        // The address was taken over, so that it stays with the next write, too.
        apply(bed, &proxy("web", Some("missing"))).await;
        becomes("it is judged", json!("invalid"), async || current_status(bed, "web").await).await;
        let status = status_of(bed, Kind::HttpProxy, "web").await;
        assert_eq!(status["loadBalancer"]["ingress"][0]["ip"], "192.0.2.1");
        assert_eq!(replica.writes(), 2);
    });
}

#[test]
fn when_the_leader_is_killed_the_next_one_goes_on() {
    testbed::test("statuses-failover", async |bed| {
        install_definitions(bed).await;
        let first = Replica::start_hasty(bed, "a");
        for number in 0..20 {
            apply(bed, &proxy(&format!("p{number}"), None)).await;
        }
        becomes("all are programmed", 20, async || programmed(bed).await).await;
        let before = versions(bed).await;
        let _second = Replica::start_hasty(bed, "b");
        drop(first);
        apply(bed, &proxy("late", None)).await;
        becomes("the next leader writes", 21, async || programmed(bed).await).await;
        let mut after = versions(bed).await;
        after.remove("late");
        assert_eq!(after, before, "what was right stays as it is");
    });
}

#[test]
fn what_is_wrong_is_told_once_by_an_event() {
    testbed::test("statuses-events", async |bed| {
        install_definitions(bed).await;
        apply(bed, &proxy("web", Some("missing"))).await;
        let events = async || {
            let all = bed.api::<Event>().list(&ListParams::default()).await.expect("a list").items;
            all.into_iter().filter(|event| event.reporting_controller.as_deref() == Some("isobath"))
        };
        let first = Replica::start(bed, "a");
        becomes("it is told", 1, async || events().await.count()).await;
        let event = events().await.next().expect("it was told");
        assert_eq!(event.reason.as_deref(), Some("ServiceUnresolvedReference"));
        assert_eq!(event.regarding.and_then(|object| object.name).as_deref(), Some("web"));
        first.end().await;
        let second = Replica::start(bed, "b");
        apply(bed, &proxy("another", Some("missing"))).await;
        becomes("the other is told", 2, async || events().await.count()).await;
        drop(second);
    });
}

#[test]
fn writing_goes_on_when_the_api_server_is_back() {
    testbed::test_alone("statuses-away", async |bed| {
        install_definitions_alone(bed).await;
        let replica = Replica::start_hasty(bed, "a");
        apply(bed, &proxy("before", None)).await;
        becomes("it is programmed", 1, async || programmed(bed).await).await;
        let before = versions(bed).await;
        bed.cluster.stop_api_server().await.expect("it ends");
        replica.follows().await;
        bed.cluster.start_api_server().await.expect("it starts");
        apply(bed, &proxy("after", None)).await;
        becomes("both are programmed", 2, async || programmed(bed).await).await;
        assert_eq!(versions(bed).await["before"], before["before"]);
    });
}
