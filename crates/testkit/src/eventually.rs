//! Waiting for a condition.

use std::thread;
use std::time::{Duration, Instant};

/// How long a condition may take to come true before a test fails. Generous: machines that run many
/// tests at once are slow, and a condition that does come true costs nothing of it.
pub const LIMIT: Duration = Duration::from_secs(30);

/// How often is looked within a limit.
const LOOKS: u32 = 6000;

/// Tries until `attempt` succeeds, and gives what it gave. Panics with `what` and the last reason when
/// it has not succeeded within [`LIMIT`].
pub async fn eventually<T>(what: &str, attempt: impl AsyncFnMut() -> Result<T, String>) -> T {
    eventually_within(LIMIT, what, attempt).await
}

/// The same with another limit, for what takes longer on a loaded machine.
pub async fn eventually_within<T>(
    limit: Duration,
    what: &str,
    mut attempt: impl AsyncFnMut() -> Result<T, String>,
) -> T {
    let deadline = Instant::now() + limit;
    loop {
        match attempt().await {
            Ok(value) => return value,
            Err(reason) if Instant::now() >= deadline => give_up(limit, what, &reason),
            Err(_) => tokio::time::sleep(limit / LOOKS).await,
        }
    }
}

/// [`eventually`] for callers that are not async.
pub fn eventually_blocking<T>(what: &str, mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        match attempt() {
            Ok(value) => return value,
            Err(reason) if Instant::now() >= deadline => give_up(LIMIT, what, &reason),
            Err(_) => thread::sleep(LIMIT / LOOKS),
        }
    }
}

fn give_up(limit: Duration, what: &str, reason: &str) -> ! {
    panic!("not within {limit:?}: {what}: {reason}")
}
