//! The cluster itself: pods run, and Services lead to them.

use std::net::SocketAddr;

use isobath_cluster_tests::eventually;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams, LogParams};
use testbed::Bed;
use testkit::Request;

const ECHO: &str = "
apiVersion: apps/v1
kind: Deployment
metadata:
  name: echo
spec:
  replicas: 2
  selector: {matchLabels: {app: echo}}
  template:
    metadata: {labels: {app: echo}}
    spec:
      containers:
      - name: echo
        image: isobath-echo
        args: [--listen, '0.0.0.0:8080', --name, $(POD)]
        env:
        - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {path: /, port: http}}
        securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true}
---
apiVersion: v1
kind: Service
metadata:
  name: echo
spec:
  type: LoadBalancer
  selector: {app: echo}
  ports: [{port: 80, targetPort: http}]
";

/// The two addresses of the Service: of the cluster and of the load balancer.
async fn addresses(bed: &Bed) -> [SocketAddr; 2] {
    eventually("the Service has both addresses", async || {
        let service = bed.api::<Service>().get("echo").await.map_err(|error| error.to_string())?;
        let cluster = service.spec.as_ref().and_then(|spec| spec.cluster_ip.clone());
        let status = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
        let balancer = status.and_then(|status| status.ingress.as_ref()?.first()?.ip.clone());
        let socket = |address: Option<String>| Some(SocketAddr::new(address?.parse().ok()?, 80));
        socket(cluster)
            .zip(socket(balancer))
            .map(<[_; 2]>::from)
            .ok_or_else(|| format!("{:?}", service.status))
    })
    .await
}

/// Which pod answers at an address.
async fn pod_behind(address: SocketAddr) -> Result<String, String> {
    let answer =
        Request::get(address, "echo.example", "/").send().await.map_err(|error| error.to_string())?;
    Ok(answer.service())
}

#[test]
fn pods_are_reached_by_the_addresses_of_their_service() {
    testbed::test("echo", async |bed| {
        bed.objects.apply(ECHO).await.unwrap();
        let addresses = addresses(bed).await;
        let pods = eventually("there are two pods", async || {
            let pods =
                bed.api::<Pod>().list(&ListParams::default()).await.map_err(|error| error.to_string())?;
            let mut names: Vec<String> = pods.items.iter().map(ResourceExt::name_any).collect();
            names.sort();
            <[String; 2]>::try_from(names).map_err(|names| format!("{names:?}"))
        })
        .await;
        for address in addresses {
            for pod in &pods {
                eventually("each pod answers at each address", async || {
                    let found = pod_behind(address).await?;
                    (found == *pod).then_some(()).ok_or(found)
                })
                .await;
            }
        }
        let logs = bed.api::<Pod>().logs(&pods[0], &LogParams::default()).await.unwrap();
        assert_eq!(logs, format!("{} listens on 0.0.0.0:8080\n", pods[0]));
    });
}

#[test]
fn a_pod_that_is_deleted_is_replaced_and_out_of_its_service() {
    testbed::test("replaced", async |bed| {
        bed.objects.apply(ECHO).await.unwrap();
        let [address, _] = addresses(bed).await;
        let first = eventually("a pod answers", async || pod_behind(address).await).await;
        bed.api::<Pod>().delete(&first, &DeleteParams::default()).await.unwrap();
        eventually("the deleted pod is gone", async || match bed.api::<Pod>().get_opt(&first).await {
            Ok(None) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
        eventually("two others answer", async || {
            let pods =
                bed.api::<Pod>().list(&ListParams::default()).await.map_err(|error| error.to_string())?;
            let ready = |pod: &Pod| {
                let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
                Some(statuses.iter().all(|status| status.ready))
            };
            let count = pods.items.iter().filter(|pod| ready(pod) == Some(true)).count();
            (count == 2).then_some(()).ok_or_else(|| format!("{count} pods are ready"))
        })
        .await;
        assert_ne!(pod_behind(address).await.unwrap(), first);
    });
}
