//! Checks of the certificates, keys, CA bundles, revocation lists and public keys of tokens that users supply.
//!
//! What passes here is accepted by Envoy: a rejected Secret costs a whole xDS update, so it has to be
//! found before it is sent. Results hold *canonical* PEM, written anew from the parsed blocks: leading
//! text, trailing data, line ends and unusual key encodings never travel further.
//!
//! What it does not do: it reads no file and no clock (`now` comes in as unix seconds), it verifies no
//! chain of trust, and it refuses no certificate for its age: Envoy serves expired certificates, so they
//! are accepted with a [`Note`]. Key material never appears in `Debug`, `Display` or errors.
//!
//! The types to know: [`TlsPair`] (a chain with its key), [`CaBundle`], [`Crl`].

mod ca;
mod certificate;
mod crl;
mod der;
mod key;
mod note;
mod pair;
mod pem;
mod token_key;

pub use ca::{CaBundle, InvalidCaBundle};
pub use certificate::InvalidCertificate;
pub use crl::{Crl, InvalidCrl};
pub use key::InvalidKey;
pub use note::Note;
pub use pair::{InvalidPair, TlsPair};
pub use pem::InvalidPem;
pub use token_key::{is_ec_key, is_ed25519_key, is_rsa_key};

/// Runs every check over arbitrary bytes and drops the results: the entry of fuzz targets.
///
/// The bytes are split at the first NUL into certificate and key; without one they serve as both.
pub fn check_any_bytes(data: &[u8]) {
    let mut halves = data.splitn(2, |byte| *byte == 0);
    let crt = halves.next().unwrap_or(data);
    let key = halves.next().unwrap_or(crt);
    let _ = TlsPair::parse(crt, key).map(|pair| (pair.notes(0), format!("{pair:?}")));
    let _ = CaBundle::parse(crt).map(|bundle| bundle.notes(0));
    let _ = Crl::parse(crt).map(|crl| crl.notes(0));
}
