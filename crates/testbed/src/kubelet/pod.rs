//! The life of one pod: its network, its volumes, its containers, its end.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use futures::future::join_all;
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};
use kube::ResourceExt as _;
use tokio::sync::watch;

use super::container::{Running, Task};
use super::status::Board;
use super::volumes::Volumes;
use super::{Kubelet, RETRY};
use crate::network::{Holder, connect_pod};

/// Says when the pod is to end, and with how many seconds of grace.
pub(super) type Asked = watch::Receiver<Option<u64>>;

/// Waits until the pod is asked to end.
pub(super) async fn asked(end: &mut Asked) -> u64 {
    match end.wait_for(Option::is_some).await {
        Ok(seconds) => seconds.unwrap_or_default(),
        // Nobody can ask any more: the cluster ends.
        Err(_) => 0,
    }
}

/// What its containers share.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) pod: Pod,
    pub(super) spec: PodSpec,
    pub(super) folder: PathBuf,
    pub(super) address: String,
    pub(super) network: Holder,
    /// The folder of each volume.
    pub(super) volumes: BTreeMap<String, PathBuf>,
}

/// Runs the pod until it is asked to end, and removes its object then.
pub(super) async fn live(kubelet: Arc<Kubelet>, pod: Pod, mut end: Asked) {
    let board = Arc::new(Board::new(&pod));
    let writing = tokio::spawn(board.clone().keep_written(kubelet.pods_beside(&pod), pod.clone()));
    let folder = kubelet.folder.join(pod.uid().unwrap_or_default());
    let prepared = tokio::select! {
        place = prepare(&kubelet, &pod, &board) => Some(place),
        _ = asked(&mut end) => None,
    };
    if let Some((place, volumes)) = prepared {
        let refreshing = tokio::spawn(volumes.keep_fresh());
        run_containers(&kubelet, Arc::new(place), &board, &end).await;
        asked(&mut end).await;
        refreshing.abort();
    }
    writing.abort();
    // Its processes have ended; what cannot be removed goes with the folder of the cluster.
    let _ = fs::remove_dir_all(folder);
    kubelet.remove(pod).await;
}

/// Tries until it succeeds: a Secret may come after the pod that mounts it.
async fn prepare(kubelet: &Arc<Kubelet>, pod: &Pod, board: &Board) -> (Place, Volumes) {
    let address = kubelet.new_address();
    loop {
        match try_to_prepare(kubelet, pod, &address).await {
            Ok(prepared) => {
                board.set_address(&address);
                return prepared;
            }
            Err(error) => board.set_waiting("ContainerCreating", &format!("{error:#}")),
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn try_to_prepare(kubelet: &Arc<Kubelet>, pod: &Pod, address: &str) -> Result<(Place, Volumes)> {
    let spec = pod.spec.clone().context("a pod without a spec")?;
    let uid = pod.uid().context("a pod without a uid")?;
    let folder = kubelet.folder.join(&uid);
    let volumes = Volumes::new(kubelet.client.clone(), pod, &folder)?;
    volumes.write().await?;
    let network = kubelet.children.hold_network().await?;
    // Names of links have 15 characters at most.
    connect_pod(network.pid(), &format!("p{}", uid.get(..12).unwrap_or(&uid)), address)?;
    let place = Place {
        pod: pod.clone(),
        spec,
        folder,
        address: address.to_owned(),
        network,
        volumes: volumes.folders(),
    };
    Ok((place, volumes))
}

async fn run_containers(kubelet: &Arc<Kubelet>, place: Arc<Place>, board: &Arc<Board>, end: &Asked) {
    let task = |container: &Container| Task {
        kubelet: kubelet.clone(),
        place: place.clone(),
        container: container.clone(),
        board: board.clone(),
        end: end.clone(),
    };
    let mut sidecars = Vec::new();
    for container in place.spec.init_containers.iter().flatten() {
        let task = task(container);
        if container.restart_policy.as_deref() == Some("Always") {
            sidecars.push(Running::beside(task).await);
        } else if !task.run_to_completion().await {
            return;
        }
    }
    board.set_initialized();
    join_all(place.spec.containers.iter().map(|container| task(container).keep_running())).await;
    join_all(sidecars.into_iter().map(Running::ended)).await;
}
