//! Brings new configurations and the time to the session of one connected Envoy.

use std::convert::Infallible;
use std::sync::Arc;

use tokio::sync::watch;

use super::Hub;
use super::connected::{Connected, Failed};
use crate::session::Input;
use crate::settings::Moment;
use crate::snapshot::Snapshot;

/// One for each session: it runs with the session's first stream, or apart once that has ended.
#[derive(Debug)]
pub(crate) struct Clock {
    hub: Arc<Hub>,
    connected: Arc<Connected>,
    snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
}

impl Clock {
    /// One that begins with the present configuration, if there is one.
    pub(super) fn new(
        hub: Arc<Hub>,
        connected: Arc<Connected>,
        mut snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
    ) -> Self {
        snapshots.mark_changed();
        Self { hub, connected, snapshots }
    }

    /// Runs until the session has failed.
    pub(crate) async fn run(mut self) -> Failed {
        match self.tend().await {
            Ok(never) => match never {},
            Err(failed) => failed,
        }
    }

    /// An alarm that is not needed any more is left to ring: that is cheaper than to set it anew at each change.
    async fn tend(&mut self) -> Result<Infallible, Failed> {
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
