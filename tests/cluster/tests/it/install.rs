//! Installed as a user does it: with kubectl, from the manifests in one file, the Job that makes certificates included.

mod others;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use isobath_cluster_tests::eventually;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::Api;
use kube::api::ListParams;
use serde_json::Value;
use testbed::Bed;
use testkit::Request;

use crate::rights::{granted, right, unused, used};

pub(crate) const MANIFESTS: &str = "deploy/isobath.yaml";
pub(crate) const NAMESPACE: &str = "isobath";

/// A backend, and an object of each kind whose status is written; one of them is wrong.
pub(crate) const OBJECTS: &str = include_str!("install/objects.yaml");

/// What a controller is granted for what it does with `--contour-config-name` alone.
const OF_CONFIGURATION_OBJECTS: [&str; 2] =
    ["get contourconfigurations.projectcontour.io", "patch contourconfigurations/status.projectcontour.io"];

/// What kubectl prints, from the root of this repository.
pub(crate) async fn kubectl(bed: &Bed, arguments: &[&str]) -> String {
    let mut command = tokio::process::Command::new(bed.cluster.programs().kubernetes.join("kubectl"));
    command.args(arguments).env("KUBECONFIG", bed.cluster.kubeconfig());
    // Clusters have one address: what kinds another had is not to be taken for this one's.
    command.env("KUBECACHEDIR", bed.cluster.folder().join("kubectl"));
    let ran = command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).output().await.unwrap();
    assert!(ran.status.success(), "kubectl {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

/// Waits until all pods of the manifests are ready.
pub(crate) async fn is_installed(bed: &Bed) {
    let deployments: Api<Deployment> = Api::namespaced(bed.client.clone(), NAMESPACE);
    let sets: Api<DaemonSet> = Api::namespaced(bed.client.clone(), NAMESPACE);
    eventually("two controllers and an Envoy are ready", async || {
        let text = |error: kube::Error| error.to_string();
        let controllers = deployments.get("isobath").await.map_err(text)?.status.unwrap_or_default();
        let envoys = sets.get("envoy").await.map_err(text)?.status.unwrap_or_default();
        let ready = (controllers.ready_replicas.unwrap_or_default(), envoys.number_ready);
        if ready == (2, 1) { Ok(()) } else { Err(format!("{ready:?}")) }
    })
    .await;
}

/// The pods of a part of the installation: `controller` or `envoy`.
pub(crate) async fn pods(bed: &Bed, part: &str) -> Vec<Pod> {
    let pods: Api<Pod> = Api::namespaced(bed.client.clone(), NAMESPACE);
    let labelled = ListParams::default().labels(&format!("app.kubernetes.io/component={part}"));
    pods.list(&labelled).await.unwrap().items
}

/// Where clients come in.
pub(crate) async fn address(bed: &Bed) -> SocketAddr {
    address_in(bed, NAMESPACE).await
}

/// Where clients come in by the Service `envoy` of a namespace.
pub(crate) async fn address_in(bed: &Bed, namespace: &str) -> SocketAddr {
    let services: Api<Service> = Api::namespaced(bed.client.clone(), namespace);
    eventually("the load balancer has an address", async || {
        let service = services.get("envoy").await.map_err(|error| error.to_string())?;
        let balancer = service.status.and_then(|status| status.load_balancer);
        let ip = balancer.and_then(|balancer| balancer.ingress?.into_iter().next()?.ip);
        Ok::<_, String>(SocketAddr::new(ip.ok_or("none yet")?.parse().map_err(|_| "no address")?, 80))
    })
    .await
}

async fn jobs_are_done(bed: &Bed, count: usize) {
    let jobs: Api<Job> = Api::namespaced(bed.client.clone(), NAMESPACE);
    eventually("certificates are made", async || {
        let jobs = jobs.list(&ListParams::default()).await.map_err(|error| error.to_string())?;
        let done = jobs
            .items
            .iter()
            .filter(|job| job.status.as_ref().and_then(|status| status.succeeded) == Some(1));
        if done.count() == count { Ok(()) } else { Err(format!("{:?}", jobs.items)) }
    })
    .await;
}

/// Waits until clients reach the host of [`OBJECTS`].
async fn is_served(address: SocketAddr) {
    eventually("the host is served", async || {
        let answer = Request::get(address, "shop.example", "/").send().await;
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.status == 200 { Ok(()) } else { Err(answer.status.to_string()) }
    })
    .await;
}

/// A condition in the status of an object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) status: String,
    pub(crate) reason: String,
    pub(crate) generation: i64,
}

/// An object of the bed's namespace.
async fn get(bed: &Bed, object: &str) -> Value {
    let text = kubectl(bed, &["get", "--namespace", &bed.namespace, object, "--output=json"]).await;
    serde_json::from_str(&text).unwrap()
}

/// The condition of a type in the status of an object.
pub(crate) async fn condition(bed: &Bed, object: &str, name: &str) -> Option<Condition> {
    let object = get(bed, object).await;
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let found = conditions.iter().find(|condition| condition["type"] == name)?;
    let text = |field: &str| found[field].as_str().map(ToOwned::to_owned);
    Some(Condition {
        status: text("status")?,
        reason: text("reason")?,
        generation: found["observedGeneration"].as_i64()?,
    })
}

#[test]
fn the_manifests_give_a_working_ingress_with_the_rights_that_it_needs() {
    testbed::test_alone("shop", async |bed| {
        kubectl(bed, &["apply", "--server-side", "--filename", MANIFESTS]).await;
        jobs_are_done(bed, 1).await;
        is_installed(bed).await;
        bed.objects.apply(OBJECTS).await.unwrap();

        let address = address(bed).await;
        is_served(address).await;
        eventually("its status says so", async || {
            let proxy = get(bed, "httpproxy/shop").await;
            let at = proxy.pointer("/status/loadBalancer/ingress/0/ip").and_then(Value::as_str);
            let conditions = ["Valid", "Programmed"].map(|name| condition(bed, "httpproxy/shop", name));
            let [valid, programmed] = conditions;
            let said = (valid.await, programmed.await, at);
            let is = |reason: &str| {
                Some(Condition { status: "True".to_owned(), reason: reason.to_owned(), generation: 1 })
            };
            if said == (is("Valid"), is("Programmed"), Some(&*address.ip().to_string())) {
                Ok(())
            } else {
                Err(format!("{said:?}"))
            }
        })
        .await;

        // What renews the certificates of a cluster each month.
        kubectl(bed, &["create", "job", "--namespace", NAMESPACE, "--from=cronjob/isobath-certgen", "renew"])
            .await;
        jobs_are_done(bed, 2).await;
        eventually("every right was used", async || {
            let (mut granted, (used, refused)) = (granted(), used(&bed.cluster.audit().unwrap()));
            // The cluster has no definitions of the Gateway API; with them, `gateways::dedicated` looks at these.
            granted.retain(|right| !right.contains(".gateway.networking."));
            assert_eq!(refused, BTreeSet::new(), "these were not granted");
            let unused = unused(&granted, &used);
            let expected: BTreeSet<_> = OF_CONFIGURATION_OBJECTS.map(str::to_owned).into();
            if unused == expected {
                Ok(())
            } else {
                Err(format!("these were granted and not used: {unused:?}"))
            }
        })
        .await;
    });
}

#[test]
fn the_manifests_let_every_status_be_written_and_those_that_may_be_outdated_be_read() {
    let granted = granted();
    for kind in status::Kind::ALL {
        let right = |verb, resource: &str| right(verb, kind.group(), resource);
        let mut needed = vec![right("patch", &format!("{}/status", kind.plural()))];
        if kind.is_gateway_api() {
            needed.extend(["get", "list", "watch"].map(|verb| right(verb, kind.plural())));
        }
        let missing: Vec<_> = needed.into_iter().filter(|right| !granted.contains(right)).collect();
        assert_eq!(missing, Vec::<String>::new());
    }
}
