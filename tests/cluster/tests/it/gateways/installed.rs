//! Installed from `deploy/overlays/gateways`: the Envoys of a Gateway come to the controllers as what they are, and serve
//! what its routes ask for.

use std::net::SocketAddr;

use isobath_cluster_tests::install_gateway_definitions_alone;
use serde_json::{Value, json};
use status::{CONTROLLER_NAME, Kind};
use testbed::Bed;
use testkit::Request;

use super::{gateway, has_just, merged};
use crate::install::{OBJECTS, is_installed, kubectl};
use crate::rights::used;
use crate::statuses::{apply, becomes, status_of};

/// All requests of the Gateway `web` go to the echo of the bed.
pub(super) fn route() -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "echo"},
        "spec": {"parentRefs": [{"name": "web"}], "rules": [{"backendRefs": [{"name": "echo", "port": 80}]}]},
    })
}

/// Where clients reach the Gateway `web`, at this port.
async fn entrance(bed: &Bed, port: u16) -> SocketAddr {
    entrance_of(bed, "web", port).await
}

/// Where clients reach a Gateway, at this port.
pub(super) async fn entrance_of(bed: &Bed, gateway: &str, port: u16) -> SocketAddr {
    let entrance = merged::entrance(bed, &bed.namespace, &format!("isobath-{gateway}")).await;
    SocketAddr::new(entrance.ip(), port)
}

/// What a client gets: the status, or nothing as long as nobody answers.
async fn status(entrance: SocketAddr) -> Option<u16> {
    Request::get(entrance, "any.example", "/").send().await.ok().map(|answer| answer.code())
}

/// The types of the conditions that hold, each with what it is about.
fn held(status: &Value) -> Vec<String> {
    let list = |at: &Value, list: &str| at[list].as_array().cloned().unwrap_or_default();
    let mut held = Vec::new();
    let mut add = |of: &str, at: &Value| {
        for condition in list(at, "conditions").iter().filter(|each| each["status"] == "True") {
            held.push(format!("{of} {}", condition["type"].as_str().unwrap_or_default()));
        }
    };
    add("object", status);
    for (parts, name) in [("listeners", "name"), ("parents", "controllerName")] {
        list(status, parts).iter().for_each(|part| add(part[name].as_str().unwrap_or_default(), part));
    }
    held
}

/// Waits until all that is well is said of the class, of the Gateway `web` and of its route.
async fn statuses_are_written(bed: &Bed) {
    let conditions = async |kind, name| held(&status_of(bed, kind, name).await);
    let of_class = ["Accepted", "SupportedVersion"].map(|name| format!("object {name}"));
    becomes("the class is accepted", of_class.to_vec(), async || {
        held(&status_of(bed, Kind::GatewayClass, "isobath").await)
    })
    .await;
    let both = ["Accepted", "Programmed"].map(|name| format!("object {name}"));
    becomes("the Gateway is programmed", both.to_vec(), async || {
        conditions(Kind::Gateway, "web").await.into_iter().filter(|each| each.starts_with("object")).collect()
    })
    .await;
    let ours = ["Accepted", "ResolvedRefs"].map(|name| format!("{CONTROLLER_NAME} {name}"));
    becomes("its route is accepted", ours.to_vec(), async || conditions(Kind::HttpRoute, "echo").await).await;
    let attached = async || {
        let listeners = status_of(bed, Kind::Gateway, "web").await["listeners"].clone();
        listeners.as_array().unwrap().iter().map(|each| each["attachedRoutes"].clone()).collect()
    };
    becomes("it is attached to both listeners", vec![json!(1), json!(1)], attached).await;
    let gateway = status_of(bed, Kind::Gateway, "web").await;
    let address = entrance(bed, 80).await.ip().to_string();
    assert_eq!(gateway["addresses"], json!([{"type": "IPAddress", "value": address}]));
}

#[test]
fn envoys_of_gateways_serve_with_the_rights_that_the_manifests_give() {
    testbed::test_alone("shop", async |bed| {
        install_gateway_definitions_alone(bed).await;
        kubectl(bed, &["apply", "--server-side", "--kustomize", "deploy/overlays/gateways"]).await;
        is_installed(bed).await;
        bed.objects.apply(OBJECTS).await.unwrap();
        apply(bed, &gateway("isobath", &[80, 8080])).await;
        has_just(bed, &["DaemonSet", "Secret", "Service", "ServiceAccount"]).await;
        for port in [80, 8080] {
            becomes("the answer without a route", Some(404), async || {
                status(entrance(bed, port).await).await
            })
            .await;
        }
        apply(bed, &route()).await;
        for port in [80, 8080] {
            becomes("the answer of the backend", Some(200), async || status(entrance(bed, port).await).await)
                .await;
        }
        statuses_are_written(bed).await;
        let (_, refused) = used(&bed.cluster.audit().unwrap());
        assert_eq!(refused, [].into(), "these were not granted");
        bed.objects.delete(&gateway("isobath", &[80]).to_string()).await.unwrap();
        has_just(bed, &[]).await;
    });
}
