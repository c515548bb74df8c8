//! A response's body: framed messages as they come, then the status.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc;
use tonic::Status;

use crate::hub::Outgoing;

/// Writes what a stream's session sends.
pub(crate) struct ResponseBody {
    outgoing: Option<mpsc::UnboundedReceiver<Outgoing>>,
    pieces: VecDeque<Bytes>,
}

impl ResponseBody {
    pub(super) fn streaming(outgoing: mpsc::UnboundedReceiver<Outgoing>) -> Self {
        Self { outgoing: Some(outgoing), pieces: VecDeque::new() }
    }

    /// For a response that is told in its headers.
    pub(super) fn empty() -> Self {
        Self { outgoing: None, pieces: VecDeque::new() }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            if let Some(piece) = self.pieces.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            let Some(outgoing) = &mut self.outgoing else { return Poll::Ready(None) };
            let status = match ready!(outgoing.poll_recv(cx)) {
                Some(Outgoing::Response(pieces)) => {
                    self.pieces = pieces.into();
                    continue;
                }
                Some(Outgoing::End(status)) => status,
                None => Status::unavailable("the session has ended"),
            };
            self.outgoing = None;
            return Poll::Ready(Some(Ok(Frame::trailers(trailers(&status)))));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.outgoing.is_none() && self.pieces.is_empty()
    }
}

pub(super) fn trailers(status: &Status) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if status.add_header(&mut headers).is_err() {
        // The text cannot be a header; the code always can.
        headers.clear();
        headers.insert("grpc-status", (status.code() as i32).into());
    }
    headers
}
