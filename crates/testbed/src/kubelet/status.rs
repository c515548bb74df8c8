//! What a pod's status says, and its writing: the whole of it, whenever it has changed.

use std::sync::{Mutex, PoisonError};

use k8s_openapi::api::core::v1::{
    ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus,
    HostIP, Pod, PodCondition, PodIP, PodStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::json;
use tokio::sync::watch;

use super::RETRY;
use crate::network::NODE;

/// Of two: a pod that has ended for good, well or badly.
const ENDS: &[&str] = &["Succeeded", "Failed"];

pub(super) fn now() -> Time {
    Time(Timestamp::now())
}

/// Whether the pod has ended for good.
pub(super) fn is_over(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    phase.is_some_and(|phase| ENDS.contains(&phase))
}

/// What is known of a pod; whoever learns something writes it here.
#[derive(Debug)]
pub(super) struct Board {
    known: Mutex<Known>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct Known {
    address: Option<String>,
    is_initialized: bool,
    restart_policy: Option<String>,
    since: Time,
    init: Vec<ContainerStatus>,
    main: Vec<ContainerStatus>,
}

impl Board {
    pub(super) fn new(pod: &Pod) -> Self {
        let spec = pod.spec.clone().unwrap_or_default();
        let begin = |(name, image): (String, Option<String>)| ContainerStatus {
            name,
            image: image.clone().unwrap_or_default(),
            image_id: image.unwrap_or_default(),
            started: Some(false),
            state: Some(waiting("ContainerCreating", "")),
            ..ContainerStatus::default()
        };
        let init = spec.init_containers.unwrap_or_default().into_iter();
        let known = Known {
            address: None,
            is_initialized: false,
            restart_policy: spec.restart_policy,
            since: now(),
            init: init.map(|container| begin((container.name, container.image))).collect(),
            main: spec
                .containers
                .into_iter()
                .map(|container| begin((container.name, container.image)))
                .collect(),
        };
        Self { known: Mutex::new(known), changed: watch::Sender::new(()) }
    }

    pub(super) fn set_address(&self, address: &str) {
        self.change(|known| known.address = Some(address.to_owned()));
    }

    pub(super) fn set_initialized(&self) {
        self.change(|known| known.is_initialized = true);
    }

    pub(super) fn set_waiting(&self, reason: &str, message: &str) {
        self.change(|known| {
            for container in known.init.iter_mut().chain(&mut known.main) {
                container.state = Some(waiting(reason, message));
            }
        });
    }

    pub(super) fn set_container_waiting(&self, name: &str, reason: &str, message: &str) {
        self.change_container(name, |container| container.state = Some(waiting(reason, message)));
    }

    pub(super) fn set_running(&self, name: &str) {
        self.change_container(name, |container| {
            if container.state.as_ref().is_some_and(|state| state.terminated.is_some()) {
                container.restart_count += 1;
                container.last_state = container.state.take();
            }
            let running = ContainerStateRunning { started_at: Some(now()) };
            container.state = Some(ContainerState { running: Some(running), ..ContainerState::default() });
        });
    }

    pub(super) fn set_started(&self, name: &str) {
        self.change_container(name, |container| container.started = Some(true));
    }

    pub(super) fn set_ready(&self, name: &str, is_ready: bool) {
        self.change_container(name, |container| container.ready = is_ready);
    }

    pub(super) fn set_terminated(&self, name: &str, code: i32) {
        self.change_container(name, |container| {
            let reason = if code == 0 { "Completed" } else { "Error" };
            let running = container.state.take().and_then(|state| state.running);
            let terminated = ContainerStateTerminated {
                exit_code: code,
                reason: Some(reason.to_owned()),
                started_at: running.and_then(|running| running.started_at),
                finished_at: Some(now()),
                ..ContainerStateTerminated::default()
            };
            container.state =
                Some(ContainerState { terminated: Some(terminated), ..ContainerState::default() });
            (container.started, container.ready) = (Some(false), false);
        });
    }

    /// Returns when the container has started.
    pub(super) async fn started(&self, name: &str) {
        let mut changes = self.changed.subscribe();
        let is_started = |known: &Known| {
            known.init.iter().any(|container| container.name == name && container.started == Some(true))
        };
        while !is_started(&self.known.lock().unwrap_or_else(PoisonError::into_inner)) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn change_container(&self, name: &str, change: impl FnOnce(&mut ContainerStatus)) {
        self.change(|known| {
            let mut all = known.init.iter_mut().chain(&mut known.main);
            if let Some(container) = all.find(|container| container.name == name) {
                change(container);
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_replace(());
    }

    /// Writes the status, and again after each change, until the task is dropped.
    pub(super) async fn keep_written(self: std::sync::Arc<Self>, pods: Api<Pod>, pod: Pod) {
        let mut changes = self.changed.subscribe();
        let mut written = None;
        loop {
            changes.mark_unchanged();
            let status = self.known.lock().unwrap_or_else(PoisonError::into_inner).status();
            if written.as_ref() != Some(&status) {
                let patch = Patch::Merge(json!({"metadata": {"uid": pod.uid()}, "status": status}));
                match pods.patch_status(&pod.name_any(), &PatchParams::default(), &patch).await {
                    Ok(_) => written = Some(status),
                    Err(kube::Error::Api(refusal)) if matches!(refusal.code, 404 | 409) => return,
                    Err(_) => {
                        tokio::time::sleep(RETRY).await;
                        continue;
                    }
                }
            }
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}

impl Known {
    fn status(&self) -> PodStatus {
        let is_ready = self.is_initialized && self.main.iter().all(|container| container.ready);
        let conditions = [
            ("PodScheduled", true),
            ("Initialized", self.is_initialized),
            ("ContainersReady", is_ready),
            ("Ready", is_ready),
        ];
        let condition = |(kind, holds): (&str, bool)| PodCondition {
            type_: kind.to_owned(),
            status: if holds { "True" } else { "False" }.to_owned(),
            last_transition_time: Some(self.since.clone()),
            ..PodCondition::default()
        };
        PodStatus {
            phase: Some(self.phase().to_owned()),
            host_ip: Some(NODE.to_owned()),
            host_ips: Some(vec![HostIP { ip: NODE.to_owned() }]),
            pod_ip: self.address.clone(),
            pod_ips: self.address.clone().map(|ip| vec![PodIP { ip }]),
            start_time: Some(self.since.clone()),
            conditions: Some(conditions.map(condition).to_vec()),
            init_container_statuses: (!self.init.is_empty()).then(|| self.init.clone()),
            container_statuses: Some(self.main.clone()),
            ..PodStatus::default()
        }
    }

    fn phase(&self) -> &'static str {
        let has_failed_for_good = |container: &ContainerStatus| {
            self.restart_policy.as_deref() == Some("Never")
                && exit_code_of(container).is_some_and(|code| code != 0)
        };
        if self.init.iter().any(has_failed_for_good) {
            "Failed"
        } else if !self.is_initialized {
            "Pending"
        } else if !self.main.iter().all(|container| self.is_over(container)) {
            "Running"
        } else if self.main.iter().any(has_failed_for_good) {
            "Failed"
        } else {
            "Succeeded"
        }
    }

    /// Whether it will not be started again.
    fn is_over(&self, container: &ContainerStatus) -> bool {
        let known = (self.restart_policy.as_deref(), exit_code_of(container));
        matches!(known, (Some("Never"), Some(_)) | (Some("OnFailure"), Some(0)))
    }
}

fn exit_code_of(container: &ContainerStatus) -> Option<i32> {
    Some(container.state.as_ref()?.terminated.as_ref()?.exit_code)
}

fn waiting(reason: &str, message: &str) -> ContainerState {
    let message = (!message.is_empty()).then(|| message.to_owned());
    let waiting = ContainerStateWaiting { reason: Some(reason.to_owned()), message };
    ContainerState { waiting: Some(waiting), ..ContainerState::default() }
}
