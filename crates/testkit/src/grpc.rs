//! gRPC servers: of unary calls, as Envoy makes them.

use std::convert::Infallible;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use echo::tls;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// The code of a call that failed.
pub type Code = u16;

/// What answers a call: its path and its message lead to a message or to a code.
pub trait Answers: Send + Sync + 'static {
    /// The answer.
    fn answer(&self, call: &Call) -> Result<Bytes, Code>;
}

/// A call that arrived.
#[derive(Clone, Debug)]
pub struct Call {
    /// `/package.Service/Method`.
    pub path: String,
    /// The host that it asked for.
    pub authority: String,
    /// The serialized message.
    pub message: Bytes,
}

/// A gRPC server on a loopback port, on the runtime of the caller. Dropping it cuts its connections.
pub struct GrpcServer {
    address: SocketAddr,
    certificate: Option<String>,
    _accepting: JoinSet<()>,
}

impl GrpcServer {
    /// Speaks HTTP/2 in clear text.
    pub async fn start(answers: Arc<dyn Answers>) -> Self {
        Self::with(answers, None, None).await
    }

    /// The same over TLS, with a certificate for `host` that it makes itself.
    pub async fn start_tls(answers: Arc<dyn Answers>, host: &str) -> Self {
        let made = tls::self_signed(&[host.to_owned()]).expect("a certificate can be made");
        Self::with(answers, Some(TlsAcceptor::from(made.config)), Some(made.certificate)).await
    }

    async fn with(answers: Arc<dyn Answers>, tls: Option<TlsAcceptor>, certificate: Option<String>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(accept(stream, tls.clone(), Arc::clone(&answers)));
            }
        });
        Self { address, certificate, _accepting: accepting }
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The certificate that clients have to trust, in PEM; None without TLS.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }
}

impl fmt::Debug for GrpcServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GrpcServer").field(&self.address).finish()
    }
}

/// A client that goes away in the middle is nobody's fault.
async fn accept(stream: TcpStream, tls: Option<TlsAcceptor>, answers: Arc<dyn Answers>) {
    match tls {
        None => serve(stream, answers).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                serve(stream, answers).await;
            }
        }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, answers: Arc<dyn Answers>) {
    let service = service_fn(move |request| {
        let answers = Arc::clone(&answers);
        async move { Ok::<_, Infallible>(respond(request, &*answers).await) }
    });
    let server = http2::Builder::new(TokioExecutor::new());
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

type Body = UnsyncBoxBody<Bytes, Infallible>;

async fn respond(request: Request<Incoming>, answers: &dyn Answers) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    // One message that is not compressed, behind its length.
    let message = body.get(PREFIX..).map(|message| body.slice_ref(message)).unwrap_or_default();
    let (body, code) = match answers.answer(&Call { path, authority, message }) {
        Ok(message) => (framed(&message), 0),
        Err(code) => (Bytes::new(), code),
    };
    let trailers = HeaderMap::from_iter([("grpc-status".parse().expect("a name"), HeaderValue::from(code))]);
    let body = Full::new(body).with_trailers(async { Some(Ok(trailers)) });
    let mut response = Response::new(body.boxed_unsync());
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    response
}

/// A byte that says whether it is compressed, and its length.
const PREFIX: usize = 5;

fn framed(message: &Bytes) -> Bytes {
    let mut framed = BytesMut::with_capacity(PREFIX + message.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).expect("a message is small"));
    framed.put_slice(message);
    framed.freeze()
}
