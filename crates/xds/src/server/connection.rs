//! One connection: its streams run in its own task, so that a change or an acknowledgement wakes one task only.
//!
//! h2 rather than a server on top of it, because those give each stream tasks of its own.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use h2::{Ping, PingPong};
use rustls::pki_types::UnixTime;
use tokio_util::sync::CancellationToken;

use super::Peer;
use super::methods::Methods;
use super::parts::{Called, Part, Parts};
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
/// Streams of a connection that are told apart by their wakers.
const FEW: usize = 16;

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
    let parts = Parts::default();
    let [transport, leave, silence] = [parts.add(), parts.add(), parts.add()];
    let mut streams = Streams::new(&parts);
    let mut silent = pin!(silent(http2.ping_pong(), keepalive));
    let mut time_to_go = pin!(time_to_go.fuse());
    let mut poll = |called| {
        // What streams have to say is written when the connection is polled after them.
        streams.poll(called);
        if let Some(mut context) = transport.context(called) {
            while let Poll::Ready(request) = pin!(http2.accept()).poll(&mut context) {
                let Some(request) = request else { return Poll::Ready(Ok(())) };
                let (request, respond) = request?;
                if let Some(stream) = methods.answer(request, respond) {
                    streams.open(&parts, stream);
                }
            }
        }
        if let Some(mut context) = leave.context(called)
            && time_to_go.as_mut().poll(&mut context).is_ready()
        {
            http2.graceful_shutdown();
            transport.call();
            methods.leave();
            streams.call();
        }
        match silence.context(called) {
            Some(mut context) => {
                silent.as_mut().poll(&mut context).map(|()| Err(h2::Reason::NO_ERROR.into()))
            }
            None => Poll::Pending,
        }
    };
    poll_fn(|context| parts.poll(context, &mut poll)).await
}

/// The streams of a connection.
struct Streams<S> {
    /// One, as long as an Envoy asks for all types on one stream. Each is polled when it was called.
    few: Vec<(Part, Pin<Box<S>>)>,
    /// Those of an Envoy that opens one for each cluster: to find who was called, nobody goes through thousands.
    many: FuturesUnordered<Pin<Box<S>>>,
    part_of_many: Part,
}

impl<S: Future<Output = ()>> Streams<S> {
    fn new(parts: &Parts) -> Self {
        Self { few: Vec::new(), many: FuturesUnordered::new(), part_of_many: parts.add() }
    }

    fn open(&mut self, parts: &Parts, stream: S) {
        if self.few.len() < FEW {
            self.few.push((parts.add(), Box::pin(stream)));
        } else {
            self.many.push(Box::pin(stream));
            self.part_of_many.call();
        }
    }

    /// Goes on with those that were called, and forgets those that end.
    fn poll(&mut self, called: Called) {
        self.few.retain_mut(|(part, stream)| match part.context(called) {
            Some(mut context) => stream.as_mut().poll(&mut context).is_pending(),
            None => true,
        });
        if let Some(mut context) = self.part_of_many.context(called) {
            while let Poll::Ready(Some(())) = self.many.poll_next_unpin(&mut context) {}
        }
    }

    /// Calls all.
    fn call(&mut self) {
        self.few.iter().for_each(|(part, _)| part.call());
        // A new set polls each of its streams once.
        self.many = std::mem::take(&mut self.many).into_iter().collect();
        self.part_of_many.call();
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
