//! The guide docs/from-contour.md, step by step. In Contour's place is Isobath by Contour's names, from
//! `deploy/overlays/in-place-of-contour`.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use k8s_openapi::api::core::v1::{Pod, Service};
use kube::Api;
use kube::api::ListParams;
use serde_json::{Value, json};
use testbed::Bed;
use testkit::{Load, Request};

use crate::install::{NAMESPACE, OBJECTS, address_in, kubectl, used};
use crate::statuses::becomes;

/// Where Contour is.
const CONTOUR: &str = "projectcontour";
/// By the host port of the node, as the guide says.
const SHADOW: &str = "10.88.0.1:10080";

async fn apply(bed: &Bed, overlay: &str) {
    let folder = format!("deploy/{overlay}");
    kubectl(bed, &["apply", "--server-side", "--kustomize", &folder]).await;
}

async fn is_rolled_out(bed: &Bed, namespace: &str, controller: &str) {
    for part in [controller, "daemonset/envoy"] {
        kubectl(bed, &["rollout", "status", "--namespace", namespace, part, "--timeout=180s"]).await;
    }
}

/// The names, ports and command lines that automation for Contour's manifests knows.
async fn has_contours_names(bed: &Bed) {
    let services: Api<Service> = Api::namespaced(bed.client.clone(), CONTOUR);
    let ports = async |name: &str| -> Value {
        let spec = services.get(name).await.unwrap().spec.unwrap();
        let ports = spec.ports.into_iter().flatten().map(|port| json!([port.name, port.port]));
        json!([spec.type_, ports.collect::<Vec<_>>()])
    };
    assert_eq!(ports("contour").await, json!(["ClusterIP", [["xds", 8001]]]));
    assert_eq!(ports("envoy").await, json!(["LoadBalancer", [["http", 80], ["https", 443]]]));
    let pods: Api<Pod> = Api::namespaced(bed.client.clone(), CONTOUR);
    for (label, container, begins) in [
        ("app=contour", "contour", "/bin/contour serve --incluster --xds-address=0.0.0.0 --xds-port=8001 "),
        ("app=envoy", "shutdown-manager", "/bin/contour envoy shutdown-manager "),
        (
            "app=envoy",
            "envoy",
            "/bin/envoy --config-path /config/envoy.json --service-cluster projectcontour ",
        ),
    ] {
        let found = pods.list(&ListParams::default().labels(label)).await.unwrap();
        let lines = found.items.iter().flat_map(|pod| bed.cluster.processes(pod, container)).map(|process| {
            let line = fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
            line.replace('\0', " ")
        });
        let lines: Vec<_> = lines.collect();
        assert!(lines.iter().any(|line| line.starts_with(begins)), "{container}: {lines:?}");
    }
    let secrets = kubectl(bed, &["get", "secrets", "--namespace", CONTOUR, "--output=name"]).await;
    assert_eq!(secrets, "secret/contourcert\nsecret/envoycert\nsecret/nextcerts\n");
}

/// What a client gets for each host of the objects: status and backend, or why there is no answer.
async fn answers(entrance: SocketAddr) -> Vec<(&'static str, String)> {
    let mut answers = Vec::new();
    for host in ["shop.example", "wrong.example", "ingress.example", "ingressroute.example", "nobody.example"]
    {
        let answer = Request::get(entrance, host, "/a?b").send().await;
        let said = answer.map(|answer| format!("{} {}", answer.code(), answer.service()));
        answers.push((host, said.unwrap_or_else(|failure| failure.to_string())));
    }
    answers
}

/// Waits until clients get at each of these what the objects ask for.
async fn are_served(entrances: &[SocketAddr]) {
    let expected = [
        ("shop.example", "200 echo"),
        ("wrong.example", "503 "),
        ("ingress.example", "200 echo"),
        ("ingressroute.example", "200 echo"),
        ("nobody.example", "404 "),
    ];
    let expected = expected.map(|(host, answer)| (host, answer.to_owned()));
    for entrance in entrances {
        becomes(&format!("the answers at {entrance}"), expected.to_vec(), async || answers(*entrance).await)
            .await;
    }
}

/// Waits until the status of a host says that clients get in here.
async fn is_said_to_be_at(bed: &Bed, entrance: SocketAddr) {
    becomes("the address in the status", entrance.ip().to_string(), async || {
        let output = "--output=jsonpath={.status.loadBalancer.ingress[*].ip}";
        kubectl(bed, &["get", "--namespace", &bed.namespace, "httpproxy/shop", output]).await
    })
    .await;
}

/// Looks at all objects without an installation: what is wrong is found.
async fn objects_are_looked_at(bed: &Bed) {
    let kinds =
        "httpproxies,tlscertificatedelegations,extensionservices,ingresses,services,endpointslices,secrets";
    let objects = kubectl(bed, &["get", kinds, "--all-namespaces", "--output=yaml"]).await;
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    fs::write(file.path(), objects).unwrap();
    let lint = Command::new(&bed.cluster.programs().isobath).arg("lint").arg(file.path()).output().unwrap();
    let said = String::from_utf8_lossy(&lint.stdout) + String::from_utf8_lossy(&lint.stderr);
    assert_eq!(lint.status.code(), Some(1), "{said}");
    assert!(said.contains("HTTPProxy shop/wrong") && said.contains("nobody"), "{said}");
}

#[test]
fn the_guide_leads_from_contour_to_isobath_and_back() {
    testbed::test_alone("shop", async |bed| {
        apply(bed, "overlays/in-place-of-contour").await;
        is_rolled_out(bed, CONTOUR, "deployment/contour").await;
        has_contours_names(bed).await;
        bed.objects.apply(OBJECTS).await.unwrap();
        let contour = address_in(bed, CONTOUR).await;
        is_said_to_be_at(bed, contour).await;

        objects_are_looked_at(bed).await;
        apply(bed, "overlays/side-by-side").await;
        is_rolled_out(bed, NAMESPACE, "deployment/isobath").await;
        are_served(&[contour, SHADOW.parse().unwrap()]).await;
        let (did, _) = used(&bed.cluster.audit().unwrap());
        assert!(did.iter().all(|right| !right.starts_with("patch ")), "a shadow writes nothing: {did:?}");

        let load = Load::new(Request::get(contour, "shop.example", "/")).start();
        kubectl(bed, &["scale", "--namespace", CONTOUR, "--replicas=0", "deployment/contour"]).await;
        apply(bed, "overlays/taking-over").await;
        is_rolled_out(bed, NAMESPACE, "deployment/isobath").await;
        let isobath = address_in(bed, NAMESPACE).await;
        is_said_to_be_at(bed, isobath).await;
        are_served(&[contour, isobath]).await;

        apply(bed, "overlays/side-by-side").await;
        kubectl(bed, &["scale", "--namespace", CONTOUR, "--replicas=2", "deployment/contour"]).await;
        is_rolled_out(bed, CONTOUR, "deployment/contour").await;
        is_said_to_be_at(bed, contour).await;
        load.more(20).await;
        load.stop().await.assert_clean();

        kubectl(bed, &["scale", "--namespace", CONTOUR, "--replicas=0", "deployment/contour"]).await;
        apply(bed, "overlays/taking-over").await;
        is_rolled_out(bed, NAMESPACE, "deployment/isobath").await;
        let isobath = address_in(bed, NAMESPACE).await;
        are_served(&[isobath]).await;
        for gone in ["namespace/projectcontour", "clusterrole/contour", "clusterrolebinding/contour"] {
            kubectl(bed, &["delete", gone]).await;
        }
        apply(bed, "base").await;
        is_rolled_out(bed, NAMESPACE, "deployment/isobath").await;
        are_served(&[isobath]).await;
        is_said_to_be_at(bed, isobath).await;
    });
}
