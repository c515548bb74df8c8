//! The checks of certificates, keys, authorities and revocation lists.

/// Checks the bytes as all of these; a NUL divides certificate and key.
pub fn run(data: &[u8]) {
    x509::check_any_bytes(data);
}
