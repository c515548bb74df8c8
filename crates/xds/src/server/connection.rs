//! One connection: its streams run in its own task, so that a change or an acknowledgement wakes one task only.
//!
//! h2 rather than a server on top of it, because those give each stream tasks of its own.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use h2::{Ping, PingPong};
use rustls::pki_types::UnixTime;
use tokio_util::sync::CancellationToken;

use super::Peer;
use super::methods::Methods;
use crate::hub::Hub;
use crate::settings::Settings;
use crate::wire::Message;

const DAY: Duration = Duration::from_secs(86_400);
/// Before anybody is warned of a certificate, which happens 30 days before its end.
const SHOWN_AGAIN: Duration = Duration::from_secs(40 * 86_400);
/// Bytes of the headers of one request.
const HEADER_BYTES: u32 = 16 * 1024;
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;

type Http2 = h2::server::Connection<Box<dyn super::Io>, Message>;

/// Serves a connection until the client goes, or until it is asked to `leave` and its streams have ended.
pub(super) async fn serve(hub: Arc<Hub>, peer: Peer, leave: CancellationToken) {
    let settings = Arc::clone(hub.settings());
    let _shown = peer.not_after.map(|not_after| hub.ends().show(not_after));
    let age = settings.max_connection_age.into_iter().chain(peer.not_after.and_then(until_shown_again)).min();
    let shaken = tokio::time::timeout(settings.handshake_deadline, http2(&settings).handshake(peer.io));
    let http2 = tokio::select! {
        shaken = shaken => shaken,
        () = leave.cancelled() => return,
    };
    let methods = Methods::new(hub, peer.fleet);
    let ended = match http2 {
        Ok(Ok(http2)) => run(http2, &methods, settings.keepalive, time_to_go(&leave, age)).await,
        Ok(Err(error)) => Err(error),
        Err(_) => Err(h2::Reason::SETTINGS_TIMEOUT.into()),
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "xds connection ended");
    }
}

fn http2(settings: &Settings) -> h2::server::Builder {
    let mut http2 = h2::server::Builder::new();
    http2
        .max_concurrent_streams(settings.streams_per_connection)
        .max_header_list_size(HEADER_BYTES)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    http2
}

async fn run(
    mut http2: Http2,
    methods: &Methods,
    keepalive: Duration,
    time_to_go: impl Future<Output = ()>,
) -> Result<(), h2::Error> {
    let mut streams = FuturesUnordered::new();
    let mut silent = std::pin::pin!(silent(http2.ping_pong(), keepalive));
    let mut time_to_go = std::pin::pin!(time_to_go);
    let mut leaving = false;
    loop {
        tokio::select! {
            // What streams have to say is written when the connection is polled after them.
            biased;
            Some(()) = streams.next() => {}
            request = http2.accept() => match request {
                Some(request) => {
                    let (request, respond) = request?;
                    streams.extend(methods.answer(request, respond).map(Box::pin));
                }
                None => return Ok(()),
            },
            () = time_to_go.as_mut(), if !leaving => {
                leaving = true;
                http2.graceful_shutdown();
                methods.leave();
                // Each looks up.
                streams = streams.into_iter().collect();
            }
            () = silent.as_mut() => return Err(h2::Reason::NO_ERROR.into()),
        }
    }
}

/// How long a connection lasts whose client showed a certificate that expires then: what was renewed meanwhile is seen
/// when it comes back. Until [`SHOWN_AGAIN`] before, and at least a day, for one that comes back with the same. Where it
/// might come back too late to be let in, it is left alone: it gets changes as long as it stays.
fn until_shown_again(not_after: i64) -> Option<Duration> {
    let left = not_after.saturating_sub(UnixTime::now().as_secs().cast_signed());
    let left = Duration::from_secs(left.max(0).cast_unsigned());
    let age = left.saturating_sub(SHOWN_AGAIN).max(DAY);
    (age + DAY < left).then_some(age)
}

/// Ends when the client is to be asked to leave.
async fn time_to_go(leave: &CancellationToken, max_age: Option<Duration>) {
    tokio::select! {
        () = leave.cancelled() => {}
        () = too_old(max_age) => {}
    }
}

/// Ends when the peer has not answered a ping within the period in which it is asked.
async fn silent(ping_pong: Option<PingPong>, period: Duration) {
    let Some(mut ping_pong) = ping_pong else { return std::future::pending().await };
    loop {
        tokio::time::sleep(period).await;
        if !matches!(tokio::time::timeout(period, ping_pong.ping(Ping::opaque())).await, Ok(Ok(_))) {
            return;
        }
    }
}

/// Ends after the greatest age less up to a fifth, so that Envoys do not all come back at once.
async fn too_old(max: Option<Duration>) {
    let Some(max) = max else { return std::future::pending().await };
    tokio::time::sleep(max - max.mul_f64(0.2 * random_part())).await;
}

/// A number from 0 to 1; the standard library's hasher is seeded at random.
fn random_part() -> f64 {
    use std::hash::{BuildHasher, Hasher};
    let random = std::hash::RandomState::new().build_hasher().finish();
    f64::from((random >> 32) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_shown_again_before_anybody_is_warned_of_it() {
        let now = UnixTime::now().as_secs().cast_signed();
        // Whole days: the clock may go on meanwhile.
        let days = |left: i64| Some(until_shown_again(now + left * 86_400 + 3_600)?.as_secs() / 86_400);
        assert_eq!([365, 42, 41, 2].map(days), [Some(325), Some(2), Some(1), Some(1)]);
        assert_eq!([1, 0, -1].map(days), [None; 3], "it could not come back");
    }
}
