//! One request over a connection.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

/// For everything, from the request to the end of the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends a request without a body, and gives the status and the body of the answer.
///
/// # Errors
/// When there is no whole answer in ten seconds.
pub async fn fetch(
    io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    method: Method,
    path: &str,
) -> io::Result<(StatusCode, Bytes)> {
    let request = Request::builder().method(method).uri(path).header(HOST, "localhost");
    let request = request.body(Empty::<Bytes>::new()).map_err(io::Error::other)?;
    let answered = async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(io)).await?;
        let answer = async {
            let response = sender.send_request(request).await?;
            let status = response.status();
            Ok((status, response.into_body().collect().await?.to_bytes()))
        };
        tokio::pin!(answer);
        tokio::select! {
            answer = &mut answer => answer,
            // What was read before the end of the connection is still an answer.
            ended = connection => match ended {
                Ok(()) => answer.await,
                Err(error) => Err(error),
            },
        }
    };
    let answered = tokio::time::timeout(PATIENCE, answered).await.map_err(|_| io::ErrorKind::TimedOut)?;
    answered.map_err(io::Error::other)
}
