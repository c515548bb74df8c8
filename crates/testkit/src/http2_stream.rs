//! An HTTP/2 stream that stays open.

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{RecvStream, SendStream};
use http::{Method, Request as HttpRequest};

use crate::{Failure, Request, Stream, open};

/// A connection on which a request and its answer have begun and do not end.
#[derive(Debug)]
pub struct Http2Stream {
    requests: SendRequest<Bytes>,
    sending: SendStream<Bytes>,
    receiving: RecvStream,
    base: String,
}

impl Http2Stream {
    /// Opens a connection and begins the request on it, to a path that sends back what it receives. Of the request,
    /// target, TLS, host and path count.
    pub async fn open(request: &Request) -> Result<Self, Failure> {
        let stream = open(request.target, request.tls.as_ref()).await?;
        let mut requests = handshake(stream).await?;
        let scheme = if request.tls.is_some() { "https" } else { "http" };
        let base = format!("{scheme}://{}", request.host);
        let (answer, sending) = send(&mut requests, Method::POST, &base, &request.path, false).await?;
        let receiving = answer.await.map_err(|error| lost(&error))?.into_body();
        Ok(Self { requests, sending, receiving, base })
    }

    /// Sends a text, and gives what comes back of it: as many bytes.
    pub async fn echo(&mut self, text: &str) -> Result<String, Failure> {
        self.sending.send_data(text.to_owned().into(), false).map_err(|error| lost(&error))?;
        let mut received = Vec::new();
        while received.len() < text.len() {
            let ended = || Failure::Lost("the stream ended instead of an answer".into());
            let piece = self.receiving.data().await.ok_or_else(ended)?.map_err(|error| lost(&error))?;
            self.receiving.flow_control().release_capacity(piece.len()).map_err(|error| lost(&error))?;
            received.extend(piece);
        }
        Ok(String::from_utf8_lossy(&received).into_owned())
    }

    /// Sends a GET of its own on the same connection, and gives the status. A server that has said that the
    /// connection is to end gets none.
    pub async fn get(&mut self, path: &str) -> Result<u16, Failure> {
        let (answer, _) = send(&mut self.requests, Method::GET, &self.base, path, true).await?;
        Ok(answer.await.map_err(|error| lost(&error))?.status().as_u16())
    }
}

async fn handshake(stream: Box<dyn Stream>) -> Result<SendRequest<Bytes>, Failure> {
    let (requests, connection) = h2::client::handshake(stream).await.map_err(|error| lost(&error))?;
    // What ends it is told to those who use it.
    tokio::spawn(connection);
    Ok(requests)
}

async fn send(
    requests: &mut SendRequest<Bytes>,
    method: Method,
    base: &str,
    path: &str,
    is_whole: bool,
) -> Result<(h2::client::ResponseFuture, SendStream<Bytes>), Failure> {
    let request = HttpRequest::builder().method(method).uri(format!("{base}{path}")).body(());
    let request = request.map_err(|error| Failure::Invalid(error.to_string()))?;
    std::future::poll_fn(|context| requests.poll_ready(context)).await.map_err(|_| Failure::NotSent)?;
    requests.send_request(request, is_whole).map_err(|error| lost(&error))
}

fn lost(error: &h2::Error) -> Failure {
    Failure::Lost(error.to_string())
}
