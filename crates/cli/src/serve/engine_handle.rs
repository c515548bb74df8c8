//! How the controller stands, for those who ask.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{VirtualHost, VirtualHostKey};
use runtime::Input;
use tokio::sync::{mpsc, oneshot, watch};

/// The engine must answer in this time: a large world takes a second at its start.
const PATIENCE: Duration = Duration::from_secs(10);

/// How the controller stands.
#[derive(Clone)]
pub(super) struct EngineHandle {
    /// Whether the first configuration is complete.
    pub(super) ready: watch::Receiver<bool>,
    pub(super) inputs: mpsc::Sender<Input>,
}

impl EngineHandle {
    /// Whether the first configuration is complete.
    pub(super) fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    /// Whether the engine still works.
    pub(super) async fn is_alive(&self) -> bool {
        self.ask(Input::AreYouThere).await.is_some()
    }

    /// What every host does.
    pub(super) async fn hosts(&self) -> Option<BTreeMap<VirtualHostKey, VirtualHost>> {
        self.ask(Input::Describe).await
    }

    async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> Input) -> Option<T> {
        let asked = async {
            let (answer, answered) = oneshot::channel();
            self.inputs.send(question(answer)).await.ok()?;
            answered.await.ok()
        };
        tokio::time::timeout(PATIENCE, asked).await.ok().flatten()
    }
}
