//! What comes in and what goes out: the cluster's news to the engine, the engine's to the log.

use std::sync::Arc;

use kubernetes::watch::Batch;
use runtime::{Input, Notice};
use tokio::sync::{mpsc, watch};

use super::metrics::Metrics;
use super::statuses::Statuses;
use super::tenancy::Tenancy;

/// Hands what the cluster tells to the engine, and what statuses say to whoever writes them.
pub(super) async fn changes(
    mut batches: mpsc::Receiver<Batch>,
    inputs: mpsc::Sender<Input>,
    (metrics, statuses): (Arc<Metrics>, Statuses),
    mut tenancy: Tenancy,
) {
    while let Some(mut batch) = batches.recv().await {
        tenancy.choose(&mut batch).into_iter().for_each(|input| statuses.tell(input));
        statuses.observe(&batch);
        let Batch { changes, unreadable, synced } = batch;
        if let Some(contour) = &metrics.contour {
            contour.note(&changes);
        }
        let reports: Vec<_> = unreadable.into_iter().map(|each| each.report).collect();
        let parts = [
            (!changes.is_empty()).then_some(Input::Changes(changes)),
            (!reports.is_empty()).then_some(Input::Unreadable(reports)),
            synced.then_some(Input::Synced),
        ];
        for input in parts.into_iter().flatten() {
            if inputs.send(input).await.is_err() {
                return;
            }
        }
        if synced {
            tracing::info!("the cluster is known");
        }
    }
}

/// Logs and hands on what happens, and tells when the first configuration is complete.
pub(super) async fn notices(
    mut notices: mpsc::UnboundedReceiver<Notice>,
    ready: watch::Sender<bool>,
    metrics: Arc<Metrics>,
    statuses: Statuses,
) {
    while let Some(notice) = notices.recv().await {
        metrics.note(&notice);
        log(&notice);
        if matches!(notice, Notice::Published(_)) {
            ready.send_if_modified(|ready| !std::mem::replace(ready, true));
        }
        statuses.note(notice);
    }
}

fn log(notice: &Notice) {
    match notice {
        Notice::Published(published) => {
            let (set, removed) = (published.set.len(), published.removed.len());
            let (generation, took) = (published.generation, published.engine_time);
            tracing::debug!(fleet = %published.fleet, generation, set, removed, ?took, "published");
        }
        Notice::Acknowledged { fleet, generation, in_all, nodes, .. } => {
            tracing::debug!(%fleet, generation, nodes, ?in_all, "acknowledged");
        }
        Notice::Report { report, .. } => {
            let problems = report.problems.iter().map(|problem| &problem.message);
            let problems = problems.cloned().collect::<Vec<_>>();
            tracing::debug!(object = %report.object, verdict = ?report.verdict, ?problems, "judged");
        }
        Notice::Connected { fleet, node } => tracing::info!(%fleet, node, "envoy connected"),
        Notice::Disconnected { fleet, node } => tracing::info!(%fleet, node, "envoy disconnected"),
        Notice::Dissolved(fleet) => tracing::info!(%fleet, "gone"),
        // Logged where it was observed.
        Notice::Rejected { .. } => {}
        Notice::Forgotten(object) => tracing::debug!(%object, "forgotten"),
    }
}
