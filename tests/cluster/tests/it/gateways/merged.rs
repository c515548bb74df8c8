//! Gateways of three namespaces that share the Envoys of their class: one workload and one Service for all of them.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use isobath_cluster_tests::{eventually, install_gateway_definitions_alone};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::serde::de::DeserializeOwned;
use kube::api::ListParams;
use kube::{Api, Resource, ResourceExt};
use serde_json::{Value, json};
use testbed::Bed;
use testkit::{Load, Request};

use crate::install::{NAMESPACE, OBJECTS, is_installed, kubectl};
use crate::rights::used;
use crate::statuses::{apply, becomes};

/// The name of what is made for the class.
const SHARED: &str = "isobath-gatewayclass-shared";
const TENANTS: [&str; 3] = ["one", "two", "three"];

/// A class, and what it says of its Gateways' Envoys.
pub(super) fn class(name: &str, gateways: &str) -> [Value; 2] {
    let reference = json!({
        "group": "projectcontour.io", "kind": "ContourDeployment", "namespace": NAMESPACE, "name": name,
    });
    [
        json!({
            "apiVersion": "projectcontour.io/v1alpha1", "kind": "ContourDeployment",
            "metadata": {"name": name, "namespace": NAMESPACE}, "spec": {"envoy": {"gateways": gateways}},
        }),
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": name},
            "spec": {"controllerName": status::CONTROLLER_NAME, "parametersRef": reference},
        }),
    ]
}

fn gateway(namespace: &str, name: &str, host: &str) -> Value {
    let listener = json!({"name": "http", "port": 80, "protocol": "HTTP", "hostname": host});
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"gatewayClassName": "shared", "listeners": [listener]},
    })
}

/// A namespace with a Gateway for `NAMESPACE.example`, and a route from there to the echo of the bed.
fn tenant(bed: &Bed, namespace: &str) -> [Value; 3] {
    let backend = json!({"namespace": bed.namespace, "name": "echo", "port": 80});
    [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}),
        gateway(namespace, "web", &format!("{namespace}.example")),
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"namespace": namespace, "name": "echo"},
            "spec": {"parentRefs": [{"name": "web"}], "rules": [{"backendRefs": [backend]}]},
        }),
    ]
}

/// Lets the tenants' routes use the echo of the bed.
fn grant(bed: &Bed) -> Value {
    let from = TENANTS.map(
        |tenant| json!({"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": tenant}),
    );
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant",
        "metadata": {"namespace": bed.namespace, "name": "echo"},
        "spec": {"from": from, "to": [{"group": "", "kind": "Service"}]},
    })
}

/// What was made for Gateways, in all namespaces: kind, namespace and name.
async fn made(bed: &Bed) -> BTreeSet<String> {
    async fn of<K>(bed: &Bed, kind: &str) -> Vec<String>
    where
        K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
    {
        let ours = ListParams::default().labels("app.kubernetes.io/managed-by=isobath-gateway-provisioner");
        let found = Api::<K>::all(bed.client.clone()).list(&ours).await.unwrap();
        let text =
            |object: &K| format!("{kind} {}/{}", object.namespace().unwrap_or_default(), object.name_any());
        found.items.iter().map(text).collect()
    }
    let services = of::<Service>(bed, "Service").await;
    let workloads =
        [of::<DaemonSet>(bed, "DaemonSet").await, of::<Deployment>(bed, "Deployment").await].concat();
    services.into_iter().chain(workloads).collect()
}

/// Waits until a DaemonSet and a Service of these names are there, and no others.
async fn has_just(bed: &Bed, what: &str, names: &[String]) {
    let both = |name: &String| ["Service", "DaemonSet"].map(|kind| format!("{kind} {name}"));
    becomes(what, names.iter().flat_map(both).collect(), async || made(bed).await).await;
}

/// Where clients reach a Service.
pub(super) async fn entrance(bed: &Bed, namespace: &str, name: &str) -> SocketAddr {
    let services: Api<Service> = Api::namespaced(bed.client.clone(), namespace);
    eventually("the load balancer has an address", async || {
        let service = services.get(name).await.map_err(|error| error.to_string())?;
        let balancer = service.status.and_then(|status| status.load_balancer);
        let ip = balancer.and_then(|balancer| balancer.ingress?.into_iter().next()?.ip);
        Ok::<_, String>(SocketAddr::new(ip.ok_or("none yet")?.parse().map_err(|_| "no address")?, 80))
    })
    .await
}

/// Waits until a host is answered so.
async fn answers(entrance: SocketAddr, host: &str, status: u16) {
    becomes(host, Some(status), async || {
        Request::get(entrance, host, "/").send().await.ok().map(|answer| answer.code())
    })
    .await;
}

async fn status(bed: &Bed, namespace: &str, name: &str) -> Value {
    let gateway =
        kubectl(bed, &["get", "gateways", "--namespace", namespace, name, "--output", "json"]).await;
    serde_json::from_str::<Value>(&gateway).unwrap()["status"].clone()
}

/// The status of a condition of the Gateway as a whole, or of its listener.
fn condition(at: &Value, name: &str) -> Value {
    let conditions = at["conditions"].as_array().cloned().unwrap_or_default();
    let found = conditions.into_iter().find(|each| each["type"] == name).unwrap_or_default();
    found["status"].clone()
}

/// Waits until a Gateway is programmed, at the address that all of its class have.
async fn is_programmed(bed: &Bed, namespace: &str, at: SocketAddr) {
    let expected = (json!("True"), json!([{"type": "IPAddress", "value": at.ip().to_string()}]));
    becomes("the Gateway is programmed", expected, async || {
        let status = status(bed, namespace, "web").await;
        (condition(&status, "Programmed"), status["addresses"].clone())
    })
    .await;
}

/// Takes the parameters of the class away for a while, in which a Gateway asks for another host.
async fn are_served_without_parameters(bed: &Bed, at: SocketAddr) {
    let [parameters, class] = class("shared", "Merged");
    let object = async || -> Value {
        let args = ["get", "gatewayclasses", "shared", "--output", "json"];
        serde_json::from_str(&kubectl(bed, &args).await).unwrap()
    };
    becomes("the class keeps its choice", json!("Merged"), async || {
        object().await["metadata"]["annotations"]["projectcontour.io/gateways"].clone()
    })
    .await;
    bed.objects.delete(&parameters.to_string()).await.unwrap();
    becomes("the class misses its parameters", json!("False"), async || {
        condition(&object().await["status"], "Accepted")
    })
    .await;
    apply(bed, &gateway("two", "web", "more.two.example")).await;
    answers(at, "more.two.example", 200).await;
    answers(at, "one.example", 200).await;
    for object in [gateway("two", "web", "two.example"), parameters, class] {
        apply(bed, &object).await;
    }
    answers(at, "two.example", 200).await;
}

#[test]
fn gateways_of_three_namespaces_share_what_their_class_says() {
    testbed::test_alone("merged", async |bed| {
        install_gateway_definitions_alone(bed).await;
        kubectl(bed, &["apply", "--server-side", "--kustomize", "deploy/overlays/gateways"]).await;
        is_installed(bed).await;
        bed.objects.apply(OBJECTS).await.unwrap();
        let tenants = TENANTS.into_iter().flat_map(|namespace| tenant(bed, namespace));
        for object in [grant(bed)].into_iter().chain(class("shared", "Merged")).chain(tenants) {
            apply(bed, &object).await;
        }
        let shared = [format!("{NAMESPACE}/{SHARED}")];
        has_just(bed, "one fleet for all", &shared).await;
        let at = entrance(bed, NAMESPACE, SHARED).await;
        for tenant in TENANTS {
            answers(at, &format!("{tenant}.example"), 200).await;
            is_programmed(bed, tenant, at).await;
        }

        // One goes, and one comes that wants what another has: the others see none of it.
        let loads = ["one.example", "two.example"].map(|host| Load::new(Request::get(at, host, "/")).start());
        for load in &loads {
            load.more(100).await;
        }
        bed.objects.delete(&gateway("three", "web", "three.example").to_string()).await.unwrap();
        answers(at, "three.example", 404).await;
        apply(bed, &gateway("two", "thief", "one.example")).await;
        becomes("the younger is in conflict", json!("True"), async || {
            condition(&status(bed, "two", "thief").await["listeners"][0], "Conflicted")
        })
        .await;
        for load in &loads {
            load.more(100).await;
        }
        for load in loads {
            load.stop().await.assert_clean();
        }
        is_programmed(bed, "one", at).await;
        bed.objects.delete(&gateway("two", "thief", "one.example").to_string()).await.unwrap();
        are_served_without_parameters(bed, at).await;
        let (_, refused) = used(&bed.cluster.audit().unwrap());
        assert_eq!(refused, [].into(), "these were not granted");

        // Each has its own, and only then what they shared goes.
        for object in class("shared", "Separate") {
            apply(bed, &object).await;
        }
        has_just(bed, "a fleet for each", &["one", "two"].map(|tenant| format!("{tenant}/isobath-web")))
            .await;
        for tenant in ["one", "two"] {
            answers(entrance(bed, tenant, "isobath-web").await, &format!("{tenant}.example"), 200).await;
        }
        for object in class("shared", "Merged") {
            apply(bed, &object).await;
        }
        has_just(bed, "one fleet again", &shared).await;
        answers(entrance(bed, NAMESPACE, SHARED).await, "one.example", 200).await;
        bed.objects.delete(&class("shared", "Merged")[1].to_string()).await.unwrap();
        has_just(bed, "nothing without the class", &[]).await;
    });
}
