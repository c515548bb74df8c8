//! One HTTP request, with everything about it in the test's hand.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use echo::Seen;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

use crate::ClientTls;

/// Which HTTP a client speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2, without asking: offer `h2` by ALPN on TLS.
    Http2,
}

/// A request and the way to send it.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where the connection goes.
    pub target: SocketAddr,
    /// The address that it comes from; the system's choice when absent. On Linux all of 127.0.0.0/8 is there.
    pub source: Option<Ipv4Addr>,
    /// TLS, or clear text.
    pub tls: Option<ClientTls>,
    /// The HTTP version.
    pub version: Version,
    /// The method.
    pub method: Method,
    /// The `Host` header or `:authority`, whatever the target.
    pub host: String,
    /// Path and query.
    pub path: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// How long connecting, and then answering, may take each.
    pub limit: Duration,
}

/// An answer, body and all.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The certificate chain of the server, leaf first; empty without TLS.
    pub certificates: Vec<CertificateDer<'static>>,
}

/// No answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The connection was refused, or did not come about in time.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The TLS handshake failed.
    #[error("TLS handshake: {0}")]
    Tls(String),
    /// The request was sent, or begun, and the connection ended before the answer did.
    #[error("connection lost: {0}")]
    Lost(String),
    /// The connection was closed before anything of the request was sent: it can be sent again.
    #[error("the connection was closed before the request")]
    NotSent,
    /// No answer came in time.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// The request is none that HTTP can carry: see [`exchange`] for such.
    #[error("not a request: {0}")]
    Invalid(String),
}

impl Request {
    /// A GET by HTTP/1.1 in clear text, ten seconds at most.
    pub fn get(target: SocketAddr, host: &str, path: &str) -> Self {
        Self {
            target,
            source: None,
            tls: None,
            version: Version::Http1,
            method: Method::GET,
            host: host.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            limit: Duration::from_secs(10),
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With another method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// From another address of this machine.
    #[must_use]
    pub fn from(mut self, source: [u8; 4]) -> Self {
        self.source = Some(source.into());
        self
    }

    /// By HTTP/2.
    #[must_use]
    pub fn http2(mut self) -> Self {
        self.version = Version::Http2;
        self
    }

    /// Over TLS.
    #[must_use]
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Sends it on a connection of its own.
    pub async fn send(&self) -> Result<Answer, Failure> {
        self.connect().await?.send(self).await
    }

    /// Opens a connection as this request wants it, for this and further requests.
    pub async fn connect(&self) -> Result<Connection, Failure> {
        let connecting = Connection::open(self);
        let late = |_| Failure::Connect(format!("not within {:?}", self.limit));
        tokio::time::timeout(self.limit, connecting).await.map_err(late)?
    }

    fn to_http(&self) -> Result<http::Request<Full<Bytes>>, Failure> {
        let mut builder = http::Request::builder().method(self.method.clone());
        builder = match self.version {
            Version::Http1 => builder.uri(&self.path).header(http::header::HOST, &self.host),
            Version::Http2 => builder.uri(self.absolute_uri()).version(http::Version::HTTP_2),
        };
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        builder.body(Full::new(self.body.clone())).map_err(|error| Failure::Invalid(error.to_string()))
    }

    fn absolute_uri(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.host, self.path)
    }
}

impl Answer {
    /// The status as a number.
    pub fn code(&self) -> u16 {
        self.status.as_u16()
    }

    /// A header; None when it is missing or no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What a [`crate::Backend`] saw; None when the answer is not from one.
    pub fn seen(&self) -> Option<Seen> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The backend that answered; empty when none did.
    pub fn service(&self) -> String {
        self.seen().map(|seen| seen.service).unwrap_or_default()
    }
}

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    sender: Sender,
    certificates: Vec<CertificateDer<'static>>,
}

#[derive(Debug)]
enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    /// Sends a request on this connection; its target and TLS are not looked at again.
    pub async fn send(&mut self, request: &Request) -> Result<Answer, Failure> {
        let late = |_| Failure::TimedOut(request.limit);
        tokio::time::timeout(request.limit, self.answer(request.to_http()?)).await.map_err(late)?
    }

    /// Whether the server, or an earlier error, has closed it.
    pub fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }

    async fn answer(&mut self, request: http::Request<Full<Bytes>>) -> Result<Answer, Failure> {
        self.ready().await?;
        let response = match &mut self.sender {
            Sender::Http1(sender) => sender.send_request(request).await,
            Sender::Http2(sender) => sender.send_request(request).await,
        };
        let (head, body) = response.map_err(|error| lost(&error))?.into_parts();
        let body = body.collect().await.map_err(|error| Failure::Lost(chain(&error)))?.to_bytes();
        let certificates = self.certificates.clone();
        Ok(Answer { status: head.status, headers: head.headers, body, certificates })
    }

    async fn ready(&mut self) -> Result<(), Failure> {
        let ready = match &mut self.sender {
            Sender::Http1(sender) => sender.ready().await,
            Sender::Http2(sender) => sender.ready().await,
        };
        ready.map_err(|_| Failure::NotSent)
    }

    async fn open(request: &Request) -> Result<Self, Failure> {
        let version = request.version;
        let stream = connect(request.target, request.source).await?;
        let Some(tls) = &request.tls else { return Self::speak(stream, version, Vec::new()).await };
        let stream = handshake(stream, tls).await?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let certificates = chain.iter().map(|certificate| certificate.clone().into_owned()).collect();
        Self::speak(stream, version, certificates).await
    }

    async fn speak(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        version: Version,
        certificates: Vec<CertificateDer<'static>>,
    ) -> Result<Self, Failure> {
        let io = TokioIo::new(stream);
        let sender = match version {
            Version::Http1 => {
                let (sender, driver) = http1::handshake(io).await.map_err(|error| lost(&error))?;
                tokio::spawn(driver);
                Sender::Http1(sender)
            }
            Version::Http2 => {
                let executor = TokioExecutor::new();
                let (sender, driver) = http2::handshake(executor, io).await.map_err(|error| lost(&error))?;
                tokio::spawn(driver);
                Sender::Http2(sender)
            }
        };
        Ok(Self { sender, certificates })
    }
}

fn lost(error: &hyper::Error) -> Failure {
    if error.is_canceled() { Failure::NotSent } else { Failure::Lost(chain(error)) }
}

/// An error with all its causes: hyper's own text leaves the interesting one out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

async fn connect(target: SocketAddr, source: Option<Ipv4Addr>) -> Result<TcpStream, Failure> {
    let connecting = async {
        let stream = match source {
            None => TcpStream::connect(target).await?,
            Some(source) => {
                let socket = TcpSocket::new_v4()?;
                socket.bind((source, 0).into())?;
                socket.connect(target).await?
            }
        };
        stream.set_nodelay(true)?;
        std::io::Result::Ok(stream)
    };
    connecting.await.map_err(|error| Failure::Connect(error.to_string()))
}

async fn handshake(
    stream: TcpStream,
    tls: &ClientTls,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Failure> {
    let connector = TlsConnector::from(std::sync::Arc::clone(&tls.config));
    let stream = connector.connect(tls.name.clone(), stream).await;
    stream.map_err(|error| Failure::Tls(error.to_string()))
}

/// A stream of bytes, with or without TLS.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Opens a connection for raw bytes.
pub async fn open(target: SocketAddr, tls: Option<&ClientTls>) -> Result<Box<dyn Stream>, Failure> {
    let stream = connect(target, None).await?;
    match tls {
        None => Ok(Box::new(stream)),
        Some(tls) => Ok(Box::new(handshake(stream, tls).await?)),
    }
}

/// Sends raw bytes and gives everything that comes back until the other side closes: for requests that
/// no proper client would send. Let them ask for `connection: close`.
pub async fn exchange(target: SocketAddr, tls: Option<&ClientTls>, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let limit = Duration::from_secs(10);
    let talk = async {
        let mut stream = open(target, tls).await?;
        let mut answer = Vec::new();
        stream.write_all(bytes).await.map_err(|error| Failure::Lost(error.to_string()))?;
        stream.flush().await.map_err(|error| Failure::Lost(error.to_string()))?;
        // A reset after an answer is how some servers close on a client that is still sending.
        match stream.read_to_end(&mut answer).await {
            Err(error) if answer.is_empty() => Err(Failure::Lost(error.to_string())),
            _ => Ok(answer),
        }
    };
    tokio::time::timeout(limit, talk).await.map_err(|_| Failure::TimedOut(limit))?
}
