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
        // Ends when the session has failed; nobody is left to be told.
        let _ = self.tend().await;
    }

    /// An alarm that is not needed any more is left to ring: that is cheaper than to set it anew at each change.
    async fn tend(&mut self) -> Result<(), Failed> {
        let mut alarm = None;
        let mut sleep = std::pin::pin!(tokio::time::sleep_until(self.hub.at(Moment::ZERO)));
        loop {
            self.look()?;
            let needed = self.connected.set_alarm(alarm)?;
            if needed != alarm
                && let Some(needed) = needed
            {
                sleep.as_mut().reset(self.hub.at(needed));
                alarm = Some(needed);
            }
            tokio::select! {
                biased;
                () = self.connected.called() => {}
                () = sleep.as_mut(), if alarm.is_some() => {
                    alarm = None;
                    self.connected.feed(&self.hub, Input::Tick)?;
                }
            }
        }
    }

    fn look(&mut self) -> Result<(), Failed> {
        // An error is the end of the fleet, which has nothing new then.
        if !self.snapshots.has_changed().unwrap_or_default() {
            return Ok(());
        }
        let snapshot = self.snapshots.borrow_and_update().clone();
        match snapshot {
            Some(snapshot) => self.connected.feed(&self.hub, Input::Snapshot(snapshot)),
            None => Ok(()),
        }
    }
}
