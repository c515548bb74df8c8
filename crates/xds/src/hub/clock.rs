//! The task of one connected Envoy: brings new configurations and the time to its session.

use std::sync::Arc;

use tokio::sync::watch;

use super::Hub;
use super::connected::{Connected, Failed};
use crate::session::Input;
use crate::settings::Moment;
use crate::snapshot::Snapshot;

pub(super) struct Clock {
    pub(super) hub: Arc<Hub>,
    pub(super) connected: Arc<Connected>,
    pub(super) snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
}

impl Clock {
    /// Runs until it is aborted, or the session has failed.
    pub(super) async fn run(mut self) {
        while let Ok(alarm) = self.connected.set_alarm() {
            if self.next(alarm).await.is_err() {
                return;
            }
        }
    }

    async fn next(&mut self, alarm: Option<Moment>) -> Result<(), Failed> {
        let tick = async {
            match alarm {
                Some(moment) => tokio::time::sleep_until(self.hub.at(moment)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Ok(()) = self.snapshots.changed() => self.take_snapshot(),
            () = tick => self.connected.feed(&self.hub, Input::Tick),
            () = self.connected.needed_earlier() => Ok(()),
        }
    }

    fn take_snapshot(&mut self) -> Result<(), Failed> {
        let snapshot = self.snapshots.borrow_and_update().clone();
        match snapshot {
            Some(snapshot) => self.connected.feed(&self.hub, Input::Snapshot(snapshot)),
            None => Ok(()),
        }
    }
}
