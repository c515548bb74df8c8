//! The answer to one HTTP request.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;

use crate::answer::{Seen, TlsSeen, Wish};
use crate::server::Shared;
use crate::websocket;

/// A text, or what the client goes on sending.
type Body = Either<Full<Bytes>, Incoming>;

pub(crate) async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
    tls: Option<Arc<TlsSeen>>,
) -> Result<Response<Body>, Infallible> {
    let mut seen = Seen::of(&request, &shared.name, tls.as_deref());
    if let Some(accept) = websocket_accept(request.headers()) {
        shared.record(&seen);
        echo_messages(request);
        return Ok(switching(accept));
    }
    if seen.path == ECHO {
        shared.record(&seen);
        return Ok(Response::new(Either::Right(request.into_body())));
    }
    seen.body_bytes = body_length(request.into_body()).await;
    shared.record(&seen);
    let wish = Wish::of(&seen.path, seen.query.as_deref());
    if let Some(delay) = wish.delay {
        tokio::time::sleep(delay).await;
    }
    Ok(json(shared.forced_status().unwrap_or(wish.status), &seen))
}

/// The path whose answer is the body of its request, each piece as it comes.
const ECHO: &str = "/echo";

/// The body is read to its end, so that the connection can be used again.
async fn body_length(mut body: Incoming) -> u64 {
    let mut length = 0;
    while let Some(Ok(frame)) = body.frame().await {
        length += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
    length
}

fn json(status: StatusCode, seen: &Seen) -> Response<Body> {
    let bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let mut body = serde_json::to_vec_pretty(seen).unwrap_or_default();
    body.push(b'\n');
    let body = if bodiless { Bytes::new() } else { body.into() };
    let mut response = Response::new(Either::Left(Full::new(body)));
    *response.status_mut() = status;
    if !bodiless {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

/// The proof that the handshake was understood, when the request is one.
fn websocket_accept(headers: &HeaderMap) -> Option<HeaderValue> {
    let upgrade = headers.get(UPGRADE)?.to_str().ok()?;
    let key = headers.get(SEC_WEBSOCKET_KEY)?.to_str().ok()?;
    let accept = websocket::accept_key(key);
    upgrade.eq_ignore_ascii_case("websocket").then(|| HeaderValue::from_str(&accept).ok())?
}

fn switching(accept: HeaderValue) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::default()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    response
}

fn echo_messages(request: Request<Incoming>) {
    tokio::spawn(async move {
        // A client that goes away in the middle is no fault of ours, and there is nobody to tell.
        if let Ok(upgraded) = hyper::upgrade::on(request).await {
            let _ = websocket::echo(TokioIo::new(upgraded)).await;
        }
    });
}
