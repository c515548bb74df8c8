//! A mutual TLS handshake in memory, to its very end: with TLS 1.3 a client learns of its refusal last.

use std::io::Read;
use std::sync::Arc;

use isobath_certs::Material;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};

/// Connects as `client` to `server` under `name`; the error is that of the side that refused.
pub(crate) fn handshake(server: &Material, client: &Material, name: &str) -> Result<(), String> {
    let server = Arc::new(server.server_config().unwrap());
    connect(server, Arc::new(client.client_config().unwrap()), name)
}

/// As [`handshake`], with configurations.
pub(crate) fn connect(
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    name: &str,
) -> Result<(), String> {
    let mut server = ServerConnection::new(server).unwrap();
    let mut client = ClientConnection::new(client, name.to_owned().try_into().unwrap()).unwrap();
    while server.wants_write() || client.wants_write() {
        let mut flight = Vec::new();
        client.write_tls(&mut flight).unwrap();
        server.read_tls(&mut &flight[..]).unwrap();
        server.process_new_packets().map_err(|error| format!("server: {error}"))?;
        let mut flight = Vec::new();
        server.write_tls(&mut flight).unwrap();
        client.read_tls(&mut &flight[..]).unwrap();
        client.process_new_packets().map_err(|error| format!("client: {error}"))?;
    }
    assert!(!server.is_handshaking() && !client.is_handshaking());
    assert_eq!(server.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(client.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    assert!(server.peer_certificates().is_some_and(|chain| !chain.is_empty()));
    assert!(client.reader().read(&mut [0]).is_err(), "nothing but the handshake was sent");
    Ok(())
}
