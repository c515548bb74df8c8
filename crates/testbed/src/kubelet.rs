//! The node: pods become processes, each pod in a network namespace of its own, each container in its own mounts.
//!
//! There is one node, so binding a pod to it is all the scheduling there is.

mod container;
mod environment;
mod logs;
mod pod;
mod probe;
mod status;
mod volumes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::runtime::watcher;
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;
use tokio::sync::watch;

use crate::children::Children;
use crate::credentials::Credentials;
use crate::network::{NODE, pod_address};
use crate::programs::Programs;
use logs::Logs;

/// The name of the node.
pub(crate) const NODE_NAME: &str = "testbed";
const PORT: u16 = 10250;
/// The pause before anything is tried again.
const RETRY: Duration = Duration::from_millis(200);

/// What all pods share.
struct Kubelet {
    client: Client,
    children: Children,
    programs: Programs,
    folder: PathBuf,
    numbers: AtomicU16,
    logs: Logs,
}

/// Registers the node and runs pods until the task is dropped.
pub(crate) async fn run(
    client: Client,
    children: Children,
    programs: Programs,
    folder: PathBuf,
    credentials: &Credentials,
) -> Result<impl Future<Output = ()> + use<>> {
    let logs = Logs::default();
    let serving = logs::serve(logs.clone(), (NODE, PORT), credentials).await?;
    register(&client).await.context("registering the node")?;
    let kubelet = Kubelet { client, children, programs, folder, numbers: AtomicU16::new(0), logs };
    let pods = watch_pods(Arc::new(kubelet));
    Ok(async move {
        tokio::join!(serving, pods);
    })
}

async fn register(client: &Client) -> Result<()> {
    let nodes: Api<Node> = Api::all(client.clone());
    let node = json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": NODE_NAME, "labels": {
            "kubernetes.io/hostname": NODE_NAME, "kubernetes.io/os": "linux", "kubernetes.io/arch": architecture(),
        }},
    });
    nodes.create(&PostParams::default(), &serde_json::from_value(node)?).await?;
    // The server says of every new node that it is not ready, and nobody else here would take that back.
    let untainted = Patch::Merge(json!({"spec": {"taints": null}}));
    nodes.patch(NODE_NAME, &PatchParams::default(), &untainted).await?;
    let room = json!({"cpu": "64", "memory": "64Gi", "pods": "500", "ephemeral-storage": "64Gi"});
    let now = status::now();
    let status = Patch::Merge(json!({"status": {
        "addresses": [{"type": "InternalIP", "address": NODE}, {"type": "Hostname", "address": NODE_NAME}],
        "capacity": room, "allocatable": room,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": PORT}},
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "Testbed", "message": "",
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        }],
    }}));
    nodes.patch_status(NODE_NAME, &PatchParams::default(), &status).await?;
    Ok(())
}

/// The machine's, in the words of Kubernetes.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The pods that live here, by uid: how to ask each to end, with its grace period in seconds.
type Living = BTreeMap<String, watch::Sender<Option<u64>>>;

async fn watch_pods(kubelet: Arc<Kubelet>) {
    let mut living = Living::new();
    let mut listed = BTreeSet::new();
    let mut events = pin!(watcher(Api::<Pod>::all(kubelet.client.clone()), watcher::Config::default()));
    while let Some(event) = events.next().await {
        match event {
            Ok(watcher::Event::Init) => listed.clear(),
            Ok(watcher::Event::InitApply(pod)) => {
                listed.extend(pod.uid());
                kubelet.notice(pod, &mut living);
            }
            Ok(watcher::Event::Apply(pod)) => kubelet.notice(pod, &mut living),
            Ok(watcher::Event::InitDone) => living.retain(|uid, end| listed.contains(uid) || end_now(end)),
            Ok(watcher::Event::Delete(pod)) => {
                living.retain(|uid, end| Some(uid) != pod.uid().as_ref() || end_now(end));
            }
            // The API server is away; it may be on purpose.
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    }
}

/// Always false: what ends lives no longer.
fn end_now(end: &watch::Sender<Option<u64>>) -> bool {
    end.send_replace(Some(0));
    false
}

impl Kubelet {
    fn notice(self: &Arc<Self>, pod: Pod, living: &mut Living) {
        let Some(uid) = pod.uid() else { return };
        let spec_node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
        let is_over = status::is_over(&pod);
        match (living.get(&uid), spec_node) {
            (Some(end), _) => {
                if pod.metadata.deletion_timestamp.is_some() {
                    let seconds = pod.metadata.deletion_grace_period_seconds.unwrap_or_default();
                    end.send_replace(Some(seconds.unsigned_abs()));
                }
            }
            (None, None) if pod.metadata.deletion_timestamp.is_none() => {
                tokio::spawn(self.clone().bind(pod));
            }
            (None, _) if pod.metadata.deletion_timestamp.is_some() => {
                tokio::spawn(self.clone().remove(pod));
            }
            (None, _) if is_over => {}
            (None, _) => {
                let (end, asked) = watch::channel(None);
                living.insert(uid, end);
                tokio::spawn(pod::live(self.clone(), pod, asked));
            }
        }
    }

    fn pods_beside(&self, pod: &Pod) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &pod.namespace().unwrap_or_default())
    }

    async fn bind(self: Arc<Self>, pod: Pod) {
        let name = pod.name_any();
        let binding = json!({
            "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
            "target": {"apiVersion": "v1", "kind": "Node", "name": NODE_NAME},
        });
        let pods = self.pods_beside(&pod);
        // Refused when it was bound already, or is gone.
        let _: kube::Result<serde_json::Value> =
            pods.create_subresource("binding", &name, &PostParams::default(), &binding).await;
    }

    /// Removes the object of a pod that has ended.
    async fn remove(self: Arc<Self>, pod: Pod) {
        let preconditions = Preconditions { uid: pod.uid(), resource_version: None };
        let now = DeleteParams::default().grace_period(0).preconditions(preconditions);
        let pods = self.pods_beside(&pod);
        while let Err(error) = pods.delete(&pod.name_any(), &now).await {
            if matches!(&error, kube::Error::Api(status) if matches!(status.code, 404 | 409)) {
                return;
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    fn new_address(&self) -> String {
        pod_address(self.numbers.fetch_add(1, Ordering::Relaxed))
    }
}
