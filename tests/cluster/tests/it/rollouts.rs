//! Three controllers and three Envoys, replaced one after the other while requests come in.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use isobath_cluster_tests::eventually;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use serde_json::json;
use testbed::{Bed, Mode};
use testkit::{Load, Request, RunningLoad};

use crate::install::{NAMESPACE, OBJECTS, address, condition, kubectl};

const ENVOYS: &str = "app.kubernetes.io/component=envoy";
const CONTROLLERS: &str = "app.kubernetes.io/component=controller";

/// So many controllers and three Envoys, with the objects; where clients come in.
pub(crate) async fn installed(bed: &Bed, controllers: u8) -> SocketAddr {
    kubectl(bed, &["apply", "--server-side", "--kustomize", "deploy/overlays/envoy-deployment"]).await;
    for (deployment, count) in [("isobath", controllers), ("envoy", 3)] {
        let (name, count) = (format!("deployment/{deployment}"), format!("--replicas={count}"));
        kubectl(bed, &["scale", "--namespace", NAMESPACE, &count, &name]).await;
    }
    for deployment in ["isobath", "envoy"] {
        is_rolled_out(bed, deployment).await;
    }
    bed.objects.apply(OBJECTS).await.unwrap();
    kubectl(bed, &["rollout", "status", "--namespace", &bed.namespace, "deployment/echo", "--timeout=60s"])
        .await;
    let address = address(bed).await;
    // Each connection may come to another Envoy.
    eventually("every Envoy has the host", async || {
        for _ in 0..30 {
            let answer = Request::get(address, "shop.example", "/").send().await;
            let answer = answer.map_err(|error| error.to_string())?;
            if answer.code() != 200 {
                return Err(answer.code().to_string());
            }
        }
        Ok(())
    })
    .await;
    address
}

async fn is_rolled_out(bed: &Bed, deployment: &str) {
    let deployment = format!("deployment/{deployment}");
    kubectl(bed, &["rollout", "status", "--namespace", NAMESPACE, &deployment, "--timeout=180s"]).await;
}

async fn roll_out(bed: &Bed, deployment: &str) {
    let name = format!("deployment/{deployment}");
    kubectl(bed, &["rollout", "restart", "--namespace", NAMESPACE, &name]).await;
    is_rolled_out(bed, deployment).await;
}

/// Pods by uid, each with the number of its restarts.
async fn pods(bed: &Bed, labels: &str) -> BTreeSet<(String, i32)> {
    let pods: Api<Pod> = Api::namespaced(bed.client.clone(), NAMESPACE);
    let pods = pods.list(&ListParams::default().labels(labels)).await.unwrap();
    let restarts = |pod: &Pod| -> i32 {
        let statuses = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
        statuses.map(|status| status.restart_count).sum()
    };
    let running = pods.items.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
    running.map(|pod| (pod.uid().unwrap_or_default(), restarts(pod))).collect()
}

/// Clients that keep their connections, by HTTP/1 and by HTTP/2.
pub(crate) fn loads(address: SocketAddr) -> [RunningLoad; 2] {
    let request = Request::get(address, "shop.example", "/");
    [request.clone(), request.http2()].map(|request| Load::new(request).start())
}

pub(crate) async fn all_is_served(loads: [RunningLoad; 2]) {
    for load in loads {
        load.more(20).await;
        load.stop().await.assert_clean();
    }
}

/// Sends a path of the host elsewhere, and waits until that is so and the status says it.
async fn change(bed: &Bed, address: SocketAddr, path: &str) {
    let proxy = json!({
        "apiVersion": "projectcontour.io/v1", "kind": "HTTPProxy", "metadata": {"name": "shop"},
        "spec": {
            "virtualhost": {"fqdn": "shop.example"},
            "routes": [
                {"services": [{"name": "echo", "port": 80}]},
                {"conditions": [{"prefix": path}], "directResponsePolicy": {"statusCode": 299}},
            ],
        },
    });
    let kept = bed.objects.apply_one(&proxy, Mode::Keep).await.unwrap();
    eventually("the change is in force", async || {
        let answer =
            Request::get(address, "shop.example", path).send().await.map_err(|error| error.to_string())?;
        if answer.code() == 299 { Ok(()) } else { Err(answer.code().to_string()) }
    })
    .await;
    eventually("its status says so", async || {
        let said = condition(bed, "httpproxy/shop", "Programmed").await;
        let generation = kept.metadata.generation;
        match &said {
            Some(said) if said.status == "True" && Some(said.generation) == generation => Ok(()),
            _ => Err(format!("{said:?} instead of generation {generation:?}")),
        }
    })
    .await;
}

#[test]
fn controllers_and_envoys_are_replaced_and_no_request_fails() {
    testbed::test_alone("shop", async |bed| {
        let address = installed(bed, 3).await;
        change(bed, address, "/first").await;
        let envoys = pods(bed, ENVOYS).await;
        assert_eq!(envoys.len(), 3);

        let controllers = pods(bed, CONTROLLERS).await;
        let load = loads(address);
        roll_out(bed, "isobath").await;
        change(bed, address, "/second").await;
        all_is_served(load).await;
        assert_eq!(pods(bed, ENVOYS).await, envoys, "no Envoy is concerned");
        assert!(pods(bed, CONTROLLERS).await.is_disjoint(&controllers));

        let load = loads(address);
        roll_out(bed, "envoy").await;
        change(bed, address, "/third").await;
        all_is_served(load).await;
        assert!(pods(bed, ENVOYS).await.is_disjoint(&envoys));
    });
}
