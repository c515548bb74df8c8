//! Installed from `deploy/overlays/gateways`: the Envoys of a Gateway come to the controllers as what they are, and serve
//! what its routes ask for.

use std::net::SocketAddr;

use isobath_cluster_tests::{eventually, install_gateway_definitions_alone};
use k8s_openapi::api::core::v1::Service;
use serde_json::{Value, json};
use testbed::Bed;
use testkit::Request;

use super::{gateway, has_just};
use crate::install::{OBJECTS, is_installed, kubectl, used};
use crate::statuses::{apply, becomes};

/// All requests of the Gateway `web` go to the echo of the bed.
fn route() -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "echo"},
        "spec": {"parentRefs": [{"name": "web"}], "rules": [{"backendRefs": [{"name": "echo", "port": 80}]}]},
    })
}

/// Where clients reach the Gateway `web`, at this port.
async fn entrance(bed: &Bed, port: u16) -> SocketAddr {
    eventually("the load balancer has an address", async || {
        let service = bed.api::<Service>().get("isobath-web").await.map_err(|error| error.to_string())?;
        let balancer = service.status.and_then(|status| status.load_balancer);
        let ip = balancer.and_then(|balancer| balancer.ingress?.into_iter().next()?.ip);
        Ok::<_, String>(SocketAddr::new(ip.ok_or("none yet")?.parse().map_err(|_| "no address")?, port))
    })
    .await
}

/// What a client gets: the status, or nothing as long as nobody answers.
async fn status(entrance: SocketAddr) -> Option<u16> {
    Request::get(entrance, "any.example", "/").send().await.ok().map(|answer| answer.code())
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
        let (_, refused) = used(&bed.cluster.audit().unwrap());
        assert_eq!(refused, [].into(), "these were not granted");
        bed.objects.delete(&gateway("isobath", &[80]).to_string()).await.unwrap();
        has_just(bed, &[]).await;
    });
}
