//! The beginning of a TLS handshake with any server name, also one that no TLS library would send.

use std::net::SocketAddr;

use testkit::{Stream, open};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A cipher suite by its number in TLS 1.2: ECDHE with AES-GCM, for certificates with keys of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite([u8; 2]);

impl Suite {
    /// For keys on elliptic curves.
    pub const ECDSA: Self = Self([0xc0, 0x2b]);
    /// For RSA keys.
    pub const RSA: Self = Self([0xc0, 0x2f]);
}

/// A client's first message of TLS 1.2 with these bytes as the server name.
#[must_use]
pub fn client_hello(server_name: &[u8]) -> Vec<u8> {
    client_hello_by(server_name, &[Suite::ECDSA, Suite::RSA])
}

fn client_hello_by(server_name: &[u8], suites: &[Suite]) -> Vec<u8> {
    let list = framed(2, &[&[0], &*framed(2, server_name)].concat());
    let extension = |kind: u16, body: &[u8]| [&kind.to_be_bytes(), &*framed(2, body)].concat();
    let extensions = [
        extension(0, &list),
        extension(10, &framed(2, &[0, 29, 0, 23])),
        extension(11, &[1, 0]),
        extension(13, &framed(2, &[4, 3, 8, 4, 4, 1])),
    ];
    // A random, no session, the suites, no compression.
    let suites = framed(2, &suites.iter().flat_map(|Suite(number)| *number).collect::<Vec<_>>());
    let hello =
        [&[3, 3], &*[7; 32].to_vec(), &[0], &*suites, &[1, 0], &*framed(2, &extensions.concat())].concat();
    let message = [&[1], &*framed(3, &hello)].concat();
    [&[22, 3, 1], &*framed(2, &message)].concat()
}

/// Bytes behind their length, which takes `width` bytes.
fn framed(width: usize, bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a short message").to_be_bytes();
    [&length[4 - width..], bytes].concat()
}

/// The certificate (DER) that a server shows to a client of TLS 1.2 that sends these bytes as the server name;
/// `None` when it refuses.
pub async fn certificate_for(server: SocketAddr, server_name: &[u8]) -> Option<Vec<u8>> {
    certificate_by(server, server_name, &[Suite::ECDSA, Suite::RSA]).await
}

/// The same to one that knows these cipher suites.
pub async fn certificate_by(server: SocketAddr, server_name: &[u8], suites: &[Suite]) -> Option<Vec<u8>> {
    let mut stream = open(server, None).await.expect("the server listens");
    stream.write_all(&client_hello_by(server_name, suites)).await.ok()?;
    let mut messages = Vec::new();
    loop {
        messages.extend(handshake_record(&mut *stream).await?);
        if let Some(certificate) = find_certificate(&messages) {
            return Some(certificate.to_vec());
        }
    }
}

/// What is in the next record; `None` for an alert, or when there is none.
async fn handshake_record(stream: &mut dyn Stream) -> Option<Vec<u8>> {
    const HANDSHAKE: u8 = 22;
    let mut head = [0; 5];
    stream.read_exact(&mut head).await.ok()?;
    let mut record = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    stream.read_exact(&mut record).await.ok()?;
    (head[0] == HANDSHAKE).then_some(record)
}

/// The first certificate of the message that holds them, if that is there as a whole.
fn find_certificate(mut messages: &[u8]) -> Option<&[u8]> {
    const CERTIFICATE: u8 = 11;
    loop {
        let (kind, rest) = messages.split_first()?;
        let (body, rest) = split_framed(rest)?;
        if *kind == CERTIFICATE {
            // A list behind its length, and each in it behind its own.
            return split_framed(split_framed(body)?.0).map(|(first, _)| first);
        }
        messages = rest;
    }
}

/// What stands behind a length of three bytes, and what follows it.
fn split_framed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<3>()?;
    rest.split_at_checked(usize::from(length[0]) << 16 | usize::from(length[1]) << 8 | usize::from(length[2]))
}
