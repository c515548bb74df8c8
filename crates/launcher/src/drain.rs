//! Ends an Envoy without cutting anyone off: no new connections, the open ones end after the request
//! that they carry, and only then the signal.

use std::thread;
use std::time::{Duration, Instant};

use crate::admin::{Admin, AdminError};

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// No client is connected any more.
    Idle,
    /// The time was over first.
    StillConnected {
        /// The connections of clients that are still open.
        connections: u64,
    },
}

/// How often the open connections are counted.
const PERIOD: Duration = Duration::from_millis(25);

/// Drains an Envoy and waits until no client is connected, `limit` at most. Blocks.
///
/// Answers carry `connection: close` (GOAWAY on HTTP/2) from now on and the listening sockets are
/// closed. Connections without a request stay until their idle timeout: the limit is for them.
pub fn drain(admin: &Admin, limit: Duration) -> Result<Drained, AdminError> {
    let deadline = Instant::now() + limit;
    admin.post("/healthcheck/fail")?;
    admin.post("/drain_listeners")?;
    loop {
        match open_connections(admin)? {
            0 => return Ok(Drained::Idle),
            connections if Instant::now() >= deadline => return Ok(Drained::StillConnected { connections }),
            _ => thread::sleep(PERIOD),
        }
    }
}

/// The connections of clients, those to the administration interface left out.
pub fn open_connections(admin: &Admin) -> Result<u64, AdminError> {
    let stats = admin.get("/stats?filter=%5Elistener%5C..*downstream_cx_active$")?;
    Ok(sum_of_clients(&stats))
}

/// Counts each connection once: listeners have the same figure again for each worker.
fn sum_of_clients(stats: &str) -> u64 {
    let figures = stats.lines().filter_map(|line| line.split_once(": "));
    let figures =
        figures.filter(|(name, _)| !name.starts_with("listener.admin.") && !name.contains(".worker_"));
    figures.filter_map(|(_, value)| value.trim().parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_connections_of_clients_are_counted_and_each_once() {
        let stats = "listener.0.0.0.0_8080.downstream_cx_active: 2\n\
            listener.0.0.0.0_8080.worker_0.downstream_cx_active: 2\n\
            listener.0.0.0.0_8443.downstream_cx_active: 1\n\
            listener.admin.downstream_cx_active: 1\n\
            listener.admin.main_thread.downstream_cx_active: 1\n";
        assert_eq!(sum_of_clients(stats), 3);
    }
}
