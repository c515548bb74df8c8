//! The output of containers, and the server that the API server reads it from.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::PipeReader;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use k8s_openapi::jiff::Timestamp;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::net::unix::pipe::Receiver;
use tokio_rustls::TlsAcceptor;

use crate::credentials::Credentials;

/// Namespace, pod, container.
type Key = [String; 3];

/// The logs of all containers, of all their runs. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Logs(Arc<Mutex<BTreeMap<Key, Log>>>);

/// The lines of one container, with the times at which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Arc<Mutex<Vec<Line>>>);

type Line = (Timestamp, Vec<u8>);

impl Logs {
    pub(super) fn of(&self, namespace: &str, pod: &str, container: &str) -> Log {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry([namespace, pod, container].map(str::to_owned)).or_default().clone()
    }

    /// What a request path like `/containerLogs/NAMESPACE/POD/CONTAINER` asks for.
    fn asked_for(&self, path: &str, query: &str) -> Option<Vec<u8>> {
        let mut parts = path.strip_prefix("/containerLogs/")?.split('/').map(str::to_owned);
        let key = [parts.next()?, parts.next()?, parts.next()?];
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key)?.clone();
        Some(log.read(&Range::parse(query)))
    }
}

/// Which part of a log is asked for.
#[derive(Debug, Default)]
struct Range {
    since: Option<Timestamp>,
    last: Option<usize>,
    with_times: bool,
}

impl Range {
    fn parse(query: &str) -> Self {
        let mut range = Self::default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = value.replace("%3A", ":").replace("%2B", "+");
            match name {
                "sinceTime" => range.since = value.parse().ok(),
                "tailLines" => range.last = value.parse().ok(),
                "timestamps" => range.with_times = value == "true",
                _ => {}
            }
        }
        range
    }
}

impl Log {
    /// Takes up all lines of an output.
    pub(super) fn follow(&self, output: PipeReader) -> Result<()> {
        let output = Receiver::from_owned_fd(output.into())?;
        let log = self.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).split(b'\n');
            while let Ok(Some(mut line)) = lines.next_segment().await {
                line.push(b'\n');
                log.0.lock().unwrap_or_else(PoisonError::into_inner).push((Timestamp::now(), line));
            }
        });
        Ok(())
    }

    fn read(&self, range: &Range) -> Vec<u8> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = range.since.map_or(0, |since| lines.partition_point(|(time, _)| *time < since));
        let first = first.max(lines.len().saturating_sub(range.last.unwrap_or(usize::MAX)));
        let mut text = Vec::new();
        for (time, line) in &lines[first..] {
            if range.with_times {
                text.extend_from_slice(format!("{time} ").as_bytes());
            }
            text.extend_from_slice(line);
        }
        text
    }
}

/// Binds the port; the future serves until it is dropped.
pub(super) async fn serve(
    logs: Logs,
    address: (&str, u16),
    credentials: &Credentials,
) -> Result<impl Future<Output = ()> + use<>> {
    let acceptor = acceptor(credentials)?;
    let listener = TcpListener::bind(address).await.context("the port of the node agent")?;
    Ok(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let (acceptor, logs) = (acceptor.clone(), logs.clone());
            tokio::spawn(async move {
                let Ok(connection) = acceptor.accept(connection).await else { return };
                let answer = service_fn(|request| {
                    let answer = answer(&logs, &request);
                    async move { Ok::<_, Infallible>(answer) }
                });
                // Whoever hangs up has read enough.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(connection), answer).await;
            });
        }
    })
}

fn acceptor(credentials: &Credentials) -> Result<TlsAcceptor> {
    let certificate = CertificateDer::from_pem_file(credentials.certificate())?;
    let key = PrivateKeyDer::from_pem_file(credentials.key())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = config.with_no_client_auth().with_single_cert(vec![certificate], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn answer(logs: &Logs, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let found = logs.asked_for(request.uri().path(), request.uri().query().unwrap_or_default());
    let (status, body) = match found {
        Some(text) => (StatusCode::OK, text),
        None => (StatusCode::NOT_FOUND, b"no such container has run here\n".to_vec()),
    };
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
}
