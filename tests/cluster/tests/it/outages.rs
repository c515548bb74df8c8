//! What clients notice when a part of the cluster is away: nothing; and what comes after.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use isobath_cluster_tests::eventually;
use k8s_openapi::api::core::v1::Pod;
use kube::api::LogParams;
use kube::{Api, ResourceExt as _};
use testbed::Bed;
use testkit::{Load, Request};

use crate::install::{MANIFESTS, NAMESPACE, address, is_installed, kubectl, pods};

/// Two backends, `blue` and `green`.
pub(crate) const BACKENDS: &str = include_str!("outages/backends.yaml");

/// How long the API server is away when it is long away.
const LONG_OUTAGE: Duration = Duration::from_secs(120);

/// Isobath, with blue.example served by blue, and a backend green beside it; where clients come in.
async fn served(bed: &Bed) -> SocketAddr {
    kubectl(bed, &["apply", "--server-side", "--filename", MANIFESTS]).await;
    is_installed(bed).await;
    bed.objects.apply(BACKENDS).await.unwrap();
    bed.objects.apply(&proxy("blue.example", "blue")).await.unwrap();
    let envoy = address(bed).await;
    is_served_by(envoy, "blue.example", "blue").await;
    envoy
}

fn proxy(host: &str, backend: &str) -> String {
    let name = host.replace('.', "-");
    format!(
        "
apiVersion: projectcontour.io/v1
kind: HTTPProxy
metadata: {{name: {name}}}
spec:
  virtualhost: {{fqdn: {host}}}
  routes:
  - services: [{{name: {backend}, port: 80}}]
"
    )
}

/// Which backend answers for a host, through Envoy; what came instead when none does.
async fn backend_of(envoy: SocketAddr, host: &str) -> Result<String, String> {
    let answer = Request::get(envoy, host, "/").send().await.map_err(|error| error.to_string())?;
    match answer.code() {
        200 => Ok(answer.service()),
        code => Err(code.to_string()),
    }
}

async fn is_served_by(envoy: SocketAddr, host: &str, backend: &str) {
    eventually(&format!("{host} is served by {backend}"), async || {
        let found = backend_of(envoy, host).await?;
        if found == backend { Ok(()) } else { Err(found) }
    })
    .await;
}

async fn no_controller_has_restarted(bed: &Bed) {
    let pods = pods(bed, "controller").await;
    let statuses = pods.iter().filter_map(|pod| pod.status.as_ref()?.container_statuses.as_ref());
    assert_eq!(statuses.flatten().map(|status| status.restart_count).sum::<i32>(), 0);
}

/// Applies, again while the API server is not quite there.
async fn apply(bed: &Bed, text: &str) {
    eventually("the API server takes objects", async || match bed.objects.apply(text).await {
        Ok(_) => Ok(()),
        Err(why) => Err(format!("{why:#}")),
    })
    .await;
}

/// Ends the Envoy of a pod, and waits until the node has started another.
async fn restart_envoy(bed: &Bed, pod: &Pod) {
    let old = bed.cluster.processes(pod, "envoy");
    bed.cluster.kill(pod, "envoy").unwrap();
    eventually("there is another Envoy", async || {
        let new = bed.cluster.processes(pod, "envoy");
        if new.is_empty() || new == old { Err(format!("{new:?}")) } else { Ok(()) }
    })
    .await;
}

#[test]
fn without_an_api_server_a_new_envoy_is_served_and_changes_come_after() {
    testbed::test_alone("api-server-away", async |bed| {
        let envoy = served(bed).await;
        let pod = pods(bed, "envoy").await.remove(0);
        bed.cluster.stop_api_server().await.unwrap();
        assert_eq!(backend_of(envoy, "blue.example").await.as_deref(), Ok("blue"));
        restart_envoy(bed, &pod).await;
        is_served_by(envoy, "blue.example", "blue").await;
        bed.cluster.start_api_server().await.unwrap();
        apply(bed, &proxy("blue.example", "green")).await;
        is_served_by(envoy, "blue.example", "green").await;
        no_controller_has_restarted(bed).await;
    });
}

#[test]
#[ignore = "it lasts as long as the outage, two minutes: make test-long"]
fn changes_wait_two_minutes_for_the_api_server_while_an_envoy_is_restarted() {
    testbed::test_alone("api-server-long-away", async |bed| {
        let envoy = served(bed).await;
        let pod = pods(bed, "envoy").await.remove(0);
        // What is changed now waits in the API server, which ends before any controller has heard of it.
        cut_off_controllers(bed).await;
        bed.objects.apply(&proxy("blue.example", "green")).await.unwrap();
        bed.objects.apply(&proxy("new.example", "green")).await.unwrap();
        bed.cluster.stop_api_server().await.unwrap();
        let stopped = Instant::now();
        restart_envoy(bed, &pod).await;
        is_served_by(envoy, "blue.example", "blue").await;
        let load = Load::new(Request::get(envoy, "blue.example", "/")).start();
        while stopped.elapsed() < LONG_OUTAGE {
            load.more(1000).await;
            assert_eq!(backend_of(envoy, "blue.example").await.as_deref(), Ok("blue"));
        }
        // Not before: the kernel still sends what the server that has ended had to say.
        bed.cluster.mend().unwrap();
        bed.cluster.start_api_server().await.unwrap();
        is_served_by(envoy, "blue.example", "green").await;
        is_served_by(envoy, "new.example", "green").await;
        load.stop().await.assert_clean();
        no_controller_has_restarted(bed).await;
    });
}

async fn cut_off_controllers(bed: &Bed) {
    for controller in pods(bed, "controller").await {
        bed.cluster.cut_off(&controller.status.and_then(|status| status.pod_ip).unwrap()).unwrap();
    }
}

#[test]
fn etcd_comes_back_and_changes_are_served() {
    testbed::test_alone("etcd-restarted", async |bed| {
        let envoy = served(bed).await;
        bed.cluster.stop_etcd().await.unwrap();
        assert_eq!(backend_of(envoy, "blue.example").await.as_deref(), Ok("blue"));
        bed.cluster.start_etcd().await.unwrap();
        apply(bed, &proxy("blue.example", "green")).await;
        is_served_by(envoy, "blue.example", "green").await;
        no_controller_has_restarted(bed).await;
    });
}

#[test]
fn what_changed_behind_a_broken_watch_is_served_even_when_its_history_is_gone() {
    testbed::test_alone("watch-expired", async |bed| {
        let envoy = served(bed).await;
        bed.objects.apply(&proxy("gone.example", "blue")).await.unwrap();
        is_served_by(envoy, "gone.example", "blue").await;
        cut_off_controllers(bed).await;
        bed.objects.apply(&proxy("blue.example", "green")).await.unwrap();
        bed.objects.apply(&proxy("new.example", "green")).await.unwrap();
        bed.objects.delete(&proxy("gone.example", "blue")).await.unwrap();
        // A new API server remembers nothing that was before it.
        bed.cluster.stop_api_server().await.unwrap();
        bed.cluster.start_api_server().await.unwrap();
        assert_eq!(backend_of(envoy, "blue.example").await.as_deref(), Ok("blue"), "no controller knows");
        bed.cluster.mend().unwrap();
        is_served_by(envoy, "blue.example", "green").await;
        is_served_by(envoy, "new.example", "green").await;
        eventually("the deleted host is gone", async || match backend_of(envoy, "gone.example").await {
            Err(code) if code == "404" => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
        no_controller_has_restarted(bed).await;
    });
}

/// The last lines that a controller said.
async fn log(bed: &Bed) -> Result<String, String> {
    let pods = pods(bed, "controller").await;
    let pod = pods.first().ok_or("there is no controller")?;
    let last = LogParams { tail_lines: Some(100), ..LogParams::default() };
    let all: Api<Pod> = Api::namespaced(bed.client.clone(), NAMESPACE);
    all.logs(&pod.name_any(), &last).await.map_err(|error| error.to_string())
}

#[test]
fn a_right_that_is_missing_is_named_and_missed_no_more_once_granted() {
    testbed::test_alone("no-right", async |bed| {
        kubectl(bed, &["apply", "--server-side", "--filename", MANIFESTS]).await;
        let role = ["clusterrole/isobath", "--type=json", "--patch"];
        let nothing = r#"[{"op": "replace", "path": "/rules", "value": []}]"#;
        kubectl(bed, &["patch", role[0], role[1], role[2], nothing]).await;
        for pod in pods(bed, "controller").await {
            kubectl(bed, &["delete", "pod", "--namespace", NAMESPACE, "--wait=false", &pod.name_any()]).await;
        }
        eventually("the log names a right that is missing", async || {
            let log = log(bed).await?;
            let is_named =
                |line: &str| line.contains("its role needs list and watch") && line.contains("httpproxies");
            if log.lines().any(is_named) { Ok(()) } else { Err(log) }
        })
        .await;
        kubectl(bed, &["apply", "--server-side", "--force-conflicts", "--filename", MANIFESTS]).await;
        is_installed(bed).await;
        no_controller_has_restarted(bed).await;
    });
}
