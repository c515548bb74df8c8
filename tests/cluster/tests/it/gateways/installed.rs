//! Installed from `deploy/overlays/gateways`: the Envoys of a Gateway come to the controllers as what they are.

use isobath_cluster_tests::{eventually, install_gateway_definitions_alone};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{ListParams, LogParams};

use super::{gateway, has_just};
use crate::install::{NAMESPACE, is_installed, kubectl, used};
use crate::statuses::apply;

#[test]
fn envoys_of_a_gateway_connect_with_the_rights_that_the_manifests_give() {
    testbed::test_alone("shop", async |bed| {
        install_gateway_definitions_alone(bed).await;
        kubectl(bed, &["apply", "--server-side", "--kustomize", "deploy/overlays/gateways"]).await;
        is_installed(bed).await;
        apply(bed, &gateway("isobath", &[80])).await;
        has_just(bed, &["DaemonSet", "Secret", "Service", "ServiceAccount"]).await;
        let controllers: Api<Pod> = Api::namespaced(bed.client.clone(), NAMESPACE);
        let of_controllers = ListParams::default().labels("app.kubernetes.io/component=controller");
        eventually("a controller knows the Envoy", async || {
            let text = |error: kube::Error| error.to_string();
            let pods = controllers.list(&of_controllers).await.map_err(text)?;
            let mut logs = String::new();
            for pod in pods.items.iter().filter_map(|pod| pod.metadata.name.as_deref()) {
                logs += &controllers.logs(pod, &LogParams::default()).await.map_err(text)?;
            }
            let is_it = |line: &str| line.contains("envoy connected") && line.contains("isobath-web-");
            if logs.lines().any(is_it) { Ok(()) } else { Err(logs) }
        })
        .await;
        let (_, refused) = used(&bed.cluster.audit().unwrap());
        assert_eq!(refused, [].into(), "these were not granted");
        bed.objects.delete(&gateway("isobath", &[80]).to_string()).await.unwrap();
        has_just(bed, &[]).await;
    });
}
