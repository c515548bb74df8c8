//! Waiting for a condition.

use std::thread;
use std::time::{Duration, Instant};

/// How long a condition may take to come true before a test fails. Generous: machines that run many
/// tests at once are slow, and a condition that does come true costs nothing of it.
pub const LIMIT: Duration = Duration::from_secs(30);

/// The pause between two looks.
const PERIOD: Duration = Duration::from_millis(5);

/// Tries until `attempt` succeeds, and gives what it gave. Panics with `what` and the last reason when
/// it has not succeeded within [`LIMIT`].
pub async fn eventually<T>(what: &str, mut attempt: impl AsyncFnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        match attempt().await {
            Ok(value) => return value,
            Err(reason) if Instant::now() >= deadline => give_up(what, &reason),
            Err(_) => tokio::time::sleep(PERIOD).await,
        }
    }
}

/// The same for callers that are not async.
pub fn eventually_blocking<T>(what: &str, mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        match attempt() {
            Ok(value) => return value,
            Err(reason) if Instant::now() >= deadline => give_up(what, &reason),
            Err(_) => thread::sleep(PERIOD),
        }
    }
}

fn give_up(what: &str, reason: &str) -> ! {
    panic!("not within {LIMIT:?}: {what}: {reason}")
}
