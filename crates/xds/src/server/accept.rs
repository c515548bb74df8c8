//! Accepting connections: handshakes run side by side with a deadline, so that a silent client delays nobody.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use rustls::ProtocolVersion;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{Clients, Peer, Security, Tls};
use crate::fleet::FleetId;
use crate::identity::{Refused, fleet_of_certificate, not_after};
use crate::settings::Settings;

/// How long accepting rests when the system refuses (no file descriptors left).
const REST: Duration = Duration::from_millis(100);

type Handshake = Pin<Box<dyn Future<Output = Option<Peer>> + Send>>;

pub(super) struct Accepting {
    listener: TcpListener,
    security: Security,
    deadline: Duration,
    limit: usize,
    handshakes: FuturesUnordered<Handshake>,
    resting: bool,
}

impl Accepting {
    pub(super) fn new(listener: TcpListener, security: Security, settings: &Settings) -> Self {
        Self {
            listener,
            security,
            deadline: settings.handshake_deadline,
            limit: settings.handshakes,
            handshakes: FuturesUnordered::new(),
            resting: false,
        }
    }

    /// The next connection whose handshake is done.
    pub(super) async fn next(&mut self) -> Peer {
        loop {
            let open = self.handshakes.len() < self.limit && !self.resting;
            tokio::select! {
                accepted = self.listener.accept(), if open => match accepted {
                    Ok((socket, from)) => self.handshakes.push(self.handshake(socket, from)),
                    Err(error) => {
                        tracing::warn!(%error, "xds connection not accepted");
                        self.resting = true;
                    }
                },
                Some(peer) = self.handshakes.next(), if !self.handshakes.is_empty() => {
                    if let Some(peer) = peer {
                        return peer;
                    }
                }
                () = tokio::time::sleep(REST), if self.resting => self.resting = false,
            }
        }
    }

    fn handshake(&self, socket: TcpStream, from: SocketAddr) -> Handshake {
        let _ = socket.set_nodelay(true);
        match &self.security {
            Security::Plaintext => Box::pin(std::future::ready(Some(Peer {
                io: Box::new(socket),
                fleet: Ok(None),
                not_after: None,
            }))),
            Security::Mutual(source) => {
                let (tls, deadline) = (source(), self.deadline);
                Box::pin(async move {
                    match tokio::time::timeout(deadline, secure(socket, &tls)).await {
                        Ok(Ok(peer)) => peer,
                        Ok(Err(error)) => note_failure(from, &error.to_string()),
                        Err(_) => note_failure(from, "deadline exceeded"),
                    }
                })
            }
        }
    }
}

fn note_failure(from: SocketAddr, error: &str) -> Option<Peer> {
    tracing::info!(%from, error, "xds tls handshake failed");
    None
}

/// An Envoy; `None` for another server, which is handed over.
async fn secure(socket: TcpStream, tls: &Tls) -> io::Result<Option<Peer>> {
    let stream = TlsAcceptor::from(tls.config.clone()).accept(socket).await?;
    let connection = stream.get_ref().1;
    if connection.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return Err(io::Error::other("tls 1.3 required"));
    }
    let chain = connection.peer_certificates().unwrap_or_default();
    if chain.is_empty() {
        return Err(io::Error::other("client certificate required"));
    }
    let speaks = connection.alpn_protocol();
    if let Some(peers) = tls.peers.as_ref().filter(|peers| speaks == Some(peers.protocol)) {
        let named = fleet_of_chain(chain, &peers.name, tls).map_err(io::Error::other)?;
        if named != FleetId::default_fleet() {
            return Err(io::Error::other("this is no certificate of a peer"));
        }
        let handed_over = peers.accepted.try_send(Box::new(stream));
        handed_over.map_err(|_| io::Error::other("nobody takes the connections of peers now"))?;
        return Ok(None);
    }
    let own = |fleet: FleetId| if fleet == FleetId::default_fleet() { tls.own_fleet.clone() } else { fleet };
    let named = fleet_of_chain(chain, &tls.name, tls);
    let is_default = named.as_ref().is_ok_and(|fleet| *fleet == FleetId::default_fleet());
    let not_after = chain.first().filter(|_| is_default).and_then(|shown| not_after(shown));
    let fleet = named.map(own).map(Some);
    Ok(Some(Peer { io: Box::new(stream), fleet, not_after }))
}

/// The fleet of a client, if its certificate comes from an authority that may name that fleet.
fn fleet_of_chain(chain: &[CertificateDer<'_>], name: &str, tls: &Tls) -> Result<FleetId, Refused> {
    let Some((certificate, intermediates)) = chain.split_first() else { return Err(Refused::Unreadable) };
    let fleet = fleet_of_certificate(certificate, name)?;
    let clients = match fleet == FleetId::default_fleet() {
        true => &tls.default_clients,
        false => &tls.gateway_clients,
    };
    let may_stand_for_it = match clients {
        Clients::All => true,
        Clients::Of(verifier) => vouches(&**verifier, certificate, intermediates),
        Clients::Nobody => false,
    };
    if may_stand_for_it { Ok(fleet) } else { Err(Refused::Usurper(fleet)) }
}

fn vouches(
    verifier: &dyn ClientCertVerifier,
    certificate: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
) -> bool {
    verifier.verify_client_cert(certificate, intermediates, UnixTime::now()).is_ok()
}
