//! Certificates in use: real handshakes, real files.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod by_hand;
mod certgen;
mod gateway_ca;
mod generated;
mod handshake;
mod redaction;
mod reload;
mod renewal;
mod rotation;

use isobath_certs::{KeyType, Options};

/// The verifiers of rustls look at the clock of the machine.
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    since.as_secs().cast_signed()
}

fn days(count: i64) -> i64 {
    count * 86_400
}

fn options() -> Options {
    Options {
        now: now(),
        lifetime_days: 30,
        key_type: KeyType::EcdsaP256,
        namespace: "isobath".to_owned(),
        extra_server_names: vec![],
    }
}
