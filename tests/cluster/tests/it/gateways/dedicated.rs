//! Gateways with controllers of their own, beside others that the shared controllers serve.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use certs::GatewayCa;
use isobath_cluster_tests::{
    eventually, install_definitions, install_definitions_alone, install_gateway_definitions,
    install_gateway_definitions_alone,
};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, from_value, json};
use status::Kind;
use testbed::Bed;
use testkit::{Envoy, Load, Request};

use super::installed::{entrance_of, route};
use super::isolated::{have_just_their_own, name, objects};
use super::{Provisioner, class, controller_name, gateway, merged};
use crate::controller::{Controller, now};
use crate::install::{NAMESPACE, OBJECTS, is_installed, kubectl};
use crate::objects::gateway_ca;
use crate::rights::{granted, granted_by, unused, used, used_in};
use crate::statuses::{apply, becomes, status_of};

const TENANCY: &str = "projectcontour.io/tenancy";
const OVERLAY: &str = "deploy/overlays/gateways";
/// An object of each kind of the Gateway API that has a status, but for those that the test has anyway.
const OTHERS: &str = include_str!("dedicated/objects.yaml");

/// Parameters of the Gateway `web`.
fn parameters(tenancy: &str) -> Value {
    json!({
        "apiVersion": "projectcontour.io/v1alpha1", "kind": "ContourDeployment", "metadata": {"name": "own"},
        "spec": {
            "contour": {"tenancy": tenancy, "deployment": {"replicas": 1}},
            "envoy": {"workloadType": "Deployment", "deployment": {"replicas": 1}},
            "runtimeSettings": {"enableExternalNameService": true},
        },
    })
}

/// A Gateway; `web` has parameters of its own.
fn named(name: &str) -> Value {
    let mut named = gateway("isobath", &[80]);
    named["metadata"]["name"] = name.into();
    if name == "web" {
        let reference = json!({"group": "projectcontour.io", "kind": "ContourDeployment", "name": "own"});
        named["spec"]["infrastructure"] = json!({"parametersRef": reference});
    }
    named
}

/// The route of both Gateways; changed, it sends a path elsewhere.
fn route_of_both(is_changed: bool) -> Value {
    let mut both = route();
    both["spec"]["parentRefs"] = json!([{"name": "web"}, {"name": "plain"}]);
    if is_changed {
        let redirect = json!({"type": "RequestRedirect", "requestRedirect": {"hostname": "to.example"}});
        let rule = json!({"matches": [{"path": {"value": "/new"}}], "filters": [redirect]});
        both["spec"]["rules"].as_array_mut().unwrap().push(rule);
    }
    both
}

async fn code(entrance: SocketAddr, path: &str) -> Option<u16> {
    Request::get(entrance, "any.example", path).send().await.ok().map(|answer| answer.code())
}

/// What the sign at the Gateway `web` says.
async fn tenancy(bed: &Bed) -> String {
    let path = format!("--output=jsonpath={{.metadata.annotations.{}}}", TENANCY.replace('.', "\\."));
    kubectl(bed, &["get", "--namespace", &bed.namespace, "gateway/web", &path]).await
}

/// What there is for the Gateway `web`, wherever it is.
async fn made(bed: &Bed) -> BTreeSet<String> {
    let kinds = "serviceaccounts,secrets,services,deployments,poddisruptionbudgets,rolebindings,clusterrolebindings,\
                 contourconfigurations";
    let labels = "--selector=gateway.networking.k8s.io/gateway-name=web";
    let made = kubectl(bed, &["get", kinds, "--all-namespaces", labels, "--output=name"]).await;
    made.lines().map(str::to_owned).collect()
}

/// The Leases in the Gateway's namespace.
async fn leases(bed: &Bed) -> String {
    kubectl(bed, &["get", "leases", "--namespace", &bed.namespace, "--output=name"]).await
}

const ENVOYS: [&str; 5] = [
    "deployment.apps/isobath-web",
    "poddisruptionbudget.policy/isobath-web",
    "secret/isobath-web",
    "service/isobath-web",
    "serviceaccount/isobath-web",
];

const WITH_CONTROLLER: [&str; 15] = [
    "clusterrolebinding.rbac.authorization.k8s.io/isobathcontroller:shop:web",
    "contourconfiguration.projectcontour.io/isobathcontroller-web",
    "deployment.apps/isobath-web",
    "deployment.apps/isobathcontroller-web",
    "poddisruptionbudget.policy/isobath-web",
    "poddisruptionbudget.policy/isobathcontroller-web",
    "rolebinding.rbac.authorization.k8s.io/isobathcontroller-web",
    "rolebinding.rbac.authorization.k8s.io/isobathcontroller-web:own",
    "secret/envoycert-web",
    "secret/isobathcert-web",
    "secret/nextcerts-web",
    "service/isobath-web",
    "service/isobathcontroller-web",
    "serviceaccount/isobath-web",
    "serviceaccount/isobathcontroller-web",
];

async fn has_just(bed: &Bed, expected: &[&str]) {
    let expected: BTreeSet<_> = expected.iter().map(|each| (*each).to_owned()).collect();
    becomes("what is made for the Gateway", expected, async || made(bed).await).await;
}

/// The entries in the status of the route: the Gateway, and the generation that it is about.
async fn entries(bed: &Bed) -> Vec<(String, i64)> {
    let status = status_of(bed, Kind::HttpRoute, "echo").await;
    let entry = |entry: &Value| {
        let name = entry["parentRef"]["name"].as_str()?.to_owned();
        let accepted = entry["conditions"].as_array()?.iter().find(|each| each["type"] == "Accepted")?;
        Some((name, accepted["observedGeneration"].as_i64()?))
    };
    let mut entries: Vec<_> = status["parents"].as_array().into_iter().flatten().filter_map(entry).collect();
    entries.sort();
    entries
}

fn both(generations: [i64; 2]) -> Vec<(String, i64)> {
    ["plain", "web"].map(str::to_owned).into_iter().zip(generations).collect()
}

/// The shared controllers end, or come back.
async fn scale_shared(bed: &Bed, count: u8) {
    let count = format!("--replicas={count}");
    kubectl(bed, &["scale", "--namespace", NAMESPACE, &count, "deployment/isobath"]).await;
    if count == "--replicas=0" {
        let pods = "--selector=app.kubernetes.io/component=controller";
        kubectl(bed, &["wait", "--for=delete", "--namespace", NAMESPACE, "pods", pods, "--timeout=120s"])
            .await;
    } else {
        is_installed(bed).await;
    }
}

/// Whether the Gateways of the class share their Envoys.
async fn set_gateways(bed: &Bed, gateways: &str) {
    for object in merged::class("isobath", gateways) {
        apply(bed, &object).await;
    }
}

/// Whether a right may be granted though no request is seen that needs it.
fn is_unseen(right: &str) -> bool {
    match right.split_once(' ').unwrap() {
        // What makes an object that is not there is a patch too, and needs both rights.
        ("create", what) => what != "secrets",
        // Whoever binds a role that has more rights than he needs it; what is seen is the binding.
        ("bind", what) => what == "clusterroles.rbac.authorization.k8s.io",
        // An object that changes while its status is written is read again, which is chance.
        ("get", what) => what.contains(".gateway.networking."),
        _ => false,
    }
}

/// Waits until all that the overlay grants was used, but for what the base grants without the Gateway API: that is seen
/// where the base is installed. What was done is in the manifests.
async fn rights_are_used(bed: &Bed) {
    let all = granted_by(&kubectl(bed, &["kustomize", OVERLAY]).await);
    let of_base: BTreeSet<_> =
        granted().into_iter().filter(|right| !right.contains(".gateway.networking.")).collect();
    let added = all.difference(&of_base).cloned().collect();
    eventually("every right was used", async || {
        let (used, refused) = used(&bed.cluster.audit().unwrap());
        assert_eq!(refused, BTreeSet::new(), "these were not granted");
        assert_eq!(
            used.difference(&all).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "somebody else granted these"
        );
        let unused: Vec<_> = unused(&added, &used).into_iter().filter(|right| !is_unseen(right)).collect();
        if unused.is_empty() { Ok(()) } else { Err(format!("these were granted and not used: {unused:?}")) }
    })
    .await;
}

#[test]
fn a_gateway_moves_to_a_controller_of_its_own_and_back_while_requests_come_in() {
    testbed::test_alone("shop", async |bed| {
        install_gateway_definitions_alone(bed).await;
        kubectl(bed, &["apply", "--server-side", "--kustomize", OVERLAY]).await;
        is_installed(bed).await;
        bed.objects.apply(OBJECTS).await.unwrap();
        apply(bed, &parameters("Shared")).await;
        apply(bed, &named("web")).await;
        apply(bed, &named("plain")).await;
        apply(bed, &route_of_both(false)).await;
        bed.objects.apply(OTHERS).await.unwrap();
        let (web, plain) = (entrance_of(bed, "web", 80).await, entrance_of(bed, "plain", 80).await);
        for entrance in [web, plain] {
            becomes("the answer of the backend", Some(200), async || code(entrance, "/").await).await;
        }
        has_just(bed, &ENVOYS).await;
        becomes("the entries of the route", both([1, 1]), async || entries(bed).await).await;

        let load = Load::new(Request::get(web, "any.example", "/")).start();
        apply(bed, &parameters("Dedicated")).await;
        becomes("who serves the Gateway", "Dedicated".to_owned(), async || tenancy(bed).await).await;
        has_just(bed, &WITH_CONTROLLER).await;
        assert_eq!(leases(bed).await, "lease.coordination.k8s.io/isobathcontroller-web\n");
        load.more(20).await;

        // Without the shared controllers only its own takes a change, live, and says so.
        scale_shared(bed, 0).await;
        apply(bed, &route_of_both(true)).await;
        becomes("the answer of the Gateway with its own", Some(302), async || code(web, "/new").await).await;
        becomes("the entries of the route", both([1, 2]), async || entries(bed).await).await;
        assert_eq!(code(plain, "/new").await, Some(200));
        scale_shared(bed, 2).await;
        becomes("the answer of the other Gateway", Some(302), async || code(plain, "/new").await).await;
        becomes("the entries of the route", both([2, 2]), async || entries(bed).await).await;

        // When its own controller ends, its rights may be gone already.
        for namespace in [NAMESPACE, &bed.namespace] {
            let (_, refused) = used_in(&bed.cluster.audit().unwrap(), namespace);
            assert_eq!(refused, [].into(), "these were not granted in {namespace}");
        }
        apply(bed, &parameters("Shared")).await;
        has_just(bed, &ENVOYS).await;
        assert_eq!(tenancy(bed).await, "");
        load.more(20).await;
        load.stop().await.assert_clean();
        assert_eq!((code(web, "/new").await, entries(bed).await), (Some(302), both([2, 2])));
        apply(bed, &parameters("Dedicated")).await;
        becomes("who serves the Gateway", "Dedicated".to_owned(), async || tenancy(bed).await).await;

        // When nothing of its own is left, the Envoys of its class have it.
        set_gateways(bed, "Merged").await;
        has_just(bed, &[]).await;
        let shared = merged::entrance(bed, NAMESPACE, "isobath-gatewayclass-isobath").await;
        assert_eq!((code(shared, "/new").await, tenancy(bed).await), (Some(302), String::new()));
        set_gateways(bed, "Separate").await;
        becomes("who serves the Gateway", "Dedicated".to_owned(), async || tenancy(bed).await).await;
        has_just(bed, &WITH_CONTROLLER).await;
        // With the Gateway everything goes.
        bed.objects.delete(&named("web").to_string()).await.unwrap();
        has_just(bed, &[]).await;
        becomes("the Leases that are left", String::new(), async || leases(bed).await).await;
        rights_are_used(bed).await;
    });
}

/// A Gateway with a controller of its own, one without, and what is behind them.
fn two_gateways() -> Vec<Value> {
    let [mut own, shared] = [1, 2].map(objects);
    let dedicated = json!({TENANCY: "Dedicated"});
    own[0]["metadata"]["labels"] = dedicated.clone();
    own[2]["metadata"]["annotations"] = dedicated;
    let mut all = [own, shared].concat();
    all.iter_mut()
        .filter(|object| object["kind"] == "Gateway")
        .for_each(|gateway| gateway["spec"]["gatewayClassName"] = "dedicated".into());
    all
}

/// The sum of the metrics that begin so.
async fn counted(controller: &Controller, beginning: &str) -> u64 {
    let metrics = controller.metrics().await;
    let lines = metrics.lines().filter(|line| line.starts_with(beginning));
    lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}

/// The units that a controller has computed.
async fn units(controller: &Controller) -> u64 {
    counted(controller, "isobath_units_total").await
}

/// Changes a word in the route of a Gateway, and waits until its Envoy has it; the units that a controller computes
/// meanwhile.
async fn change(bed: &Bed, number: u16, word: &str, envoy: &Envoy, controller: &Controller) -> u64 {
    let before = units(controller).await;
    let [.., mut route] = objects(number);
    route["spec"]["rules"][0]["filters"][0]["requestHeaderModifier"]["set"][0]["value"] = word.into();
    apply(bed, &route).await;
    eventually("its Envoy has the change", async || {
        let dump = envoy.config_dump().await.to_string();
        if dump.contains(word) { Ok(()) } else { Err(format!("{word:?} is missing")) }
    })
    .await;
    units(controller).await - before
}

#[test]
fn a_gateway_with_a_controller_of_its_own_costs_the_shared_ones_nothing() {
    testbed::test_alone("dedicated", async |bed| {
        install_definitions_alone(bed).await;
        install_gateway_definitions_alone(bed).await;
        let ca = GatewayCa::new(now()).unwrap();
        apply(bed, &gateway_ca(&ca)).await;
        class(bed, "dedicated", &controller_name(bed), None).await;
        for object in two_gateways() {
            apply(bed, &object).await;
        }
        let shared = Controller::of_gateways(bed, &controller_name(bed)).await;
        let own = Controller::of_one_gateway(bed, &controller_name(bed), &name(1)).await;
        let identity = ca.issue(&format!("gateway/{}/{}", bed.namespace, name(2)), now()).unwrap();
        let envoys =
            [own.envoy_of_its_gateway(bed, &name(1)), shared.envoy_of_gateway(bed, &name(2), &identity)];
        have_just_their_own(&envoys).await;
        let [of_own, of_shared] = &envoys;
        let cost = change(bed, 2, "first", of_shared, &shared).await;
        assert!(cost > 0);
        // A Secret that is for such controllers alone the shared ones do not have.
        let [secrets_of_own, secrets_of_shared] =
            [&own, &shared].map(|controller| counted(controller, "isobath_objects{kind=\"Secret\""));
        assert_eq!((secrets_of_own.await, secrets_of_shared.await), (3, 2));
        // Neither notices what happens to the other's.
        assert_eq!(change(bed, 1, "other", of_own, &shared).await, 0);
        assert_eq!(change(bed, 2, "second", of_shared, &shared).await, cost);
        assert_eq!(change(bed, 2, "third", of_shared, &own).await, 0);
    });
}

/// The namespaces in which there are bindings of this name, and whether there is one for the cluster.
async fn bindings(bed: &Bed, name: &str) -> (Vec<String>, bool) {
    let all = bed.all::<RoleBinding>().list(&ListParams::default()).await.unwrap();
    let with = all.items.iter().filter(|binding| binding.name_any() == name);
    let namespaces = with.map(|binding| binding.namespace().unwrap()).collect();
    (namespaces, bed.all::<ClusterRoleBinding>().get_opt(name).await.unwrap().is_some())
}

#[test]
fn what_is_not_beside_a_gateway_is_kept_and_goes_with_it() {
    testbed::test("bound", async |bed| {
        install_definitions(bed).await;
        install_gateway_definitions(bed).await;
        let team = "bound-team";
        let namespace: Namespace = from_value(json!({"metadata": {"name": team}})).unwrap();
        bed.all::<Namespace>().create(&PostParams::default(), &namespace).await.unwrap();
        let spec = json!({"contour": {"tenancy": "Dedicated", "watchNamespaces": [team]}});
        let parameters = json!({
            "apiVersion": "projectcontour.io/v1alpha1", "kind": "ContourDeployment",
            "metadata": {"name": "bound"}, "spec": spec,
        });
        class(bed, "bound", &controller_name(bed), Some(json!({}))).await;
        apply(bed, &parameters).await;
        let provisioner = Provisioner::start(bed);
        apply(bed, &gateway("bound", &[80])).await;
        let name = format!("isobathcontroller:{}:web", bed.namespace);
        let there = (vec![team.to_owned()], true);
        becomes("what the controller may do elsewhere", there.clone(), async || bindings(bed, &name).await)
            .await;
        // Whatever somebody takes away comes back.
        bed.all::<ClusterRoleBinding>().delete(&name, &DeleteParams::default()).await.unwrap();
        let of_team: Api<RoleBinding> = Api::namespaced(bed.client.clone(), team);
        of_team.delete(&name, &DeleteParams::default()).await.unwrap();
        becomes("what the controller may do elsewhere", there.clone(), async || bindings(bed, &name).await)
            .await;

        // While nobody provisions, the Gateway goes.
        drop(provisioner);
        bed.objects.delete(&gateway("bound", &[80]).to_string()).await.unwrap();
        assert_eq!(bindings(bed, &name).await, there);
        let _provisioner = Provisioner::start(bed);
        becomes("what the controller may do elsewhere", (vec![], false), async || bindings(bed, &name).await)
            .await;
    });
}
