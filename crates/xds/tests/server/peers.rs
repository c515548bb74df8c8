//! Other servers on the same port.

use std::sync::Arc;

use isobath_xds::{Io, Peers};
use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::{self, DELTA_ADS, Delta, subscribe};
use crate::fixture::{Ca, Running, ca, client_config, start_secure, tls};

const PROTOCOL: &[u8] = b"peers";

/// A server whose peers have certificates for `controller`.
async fn server(ca: &Ca) -> (Running, mpsc::Receiver<Box<dyn Io>>) {
    let (accepted, peers) = mpsc::channel(1);
    let mut tls = tls(&ca.server(), &[ca]);
    Arc::make_mut(&mut tls.config).alpn_protocols.push(PROTOCOL.to_vec());
    tls.peers = Some(Peers { protocol: PROTOCOL, name: "controller".into(), accepted });
    (start_secure(tls).await.0, peers)
}

async fn connect(server: &Running, ca: &Ca, name: &str) -> TlsStream<TcpStream> {
    let mut config = client_config(ca, Some(&ca.client(name)), &[&TLS13]);
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    let socket = TcpStream::connect(server.addr).await.unwrap();
    let host = ServerName::try_from("controller").unwrap();
    TlsConnector::from(Arc::new(config)).connect(host, socket).await.unwrap()
}

#[tokio::test]
async fn connections_of_peers_are_handed_over() {
    let ca = ca("ca");
    let (server, mut peers) = server(&ca).await;
    let mut ours = connect(&server, &ca, "controller").await;
    let mut theirs = peers.recv().await.unwrap();
    ours.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    theirs.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
}

#[tokio::test]
async fn an_envoy_is_no_peer_and_a_peer_no_envoy() {
    let ca = ca("ca");
    let (server, mut peers) = server(&ca).await;
    server.clusters(&[("a", "1")]);
    let mut refused = connect(&server, &ca, "envoy").await;
    assert_eq!(refused.read(&mut [0]).await.ok().filter(|read| *read > 0), None);
    assert!(peers.try_recv().is_err());

    let config = client_config(&ca, Some(&ca.client("envoy")), &[&TLS13]);
    let channel = client::secure(server.addr, config).await.unwrap();
    let mut stream = Delta::open(&channel, DELTA_ADS).await.unwrap();
    stream.send(subscribe("clusters", &[]));
    assert_eq!(stream.next().await.unwrap().bodies(), [("a", &b"1"[..])].into());
    let config = client_config(&ca, Some(&ca.client("controller")), &[&TLS13]);
    let code = client::refusal(client::secure(server.addr, config).await, DELTA_ADS).await;
    assert_eq!(code, tonic::Code::PermissionDenied);
}
