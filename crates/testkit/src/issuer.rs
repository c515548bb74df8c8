//! Issuers of tokens (JWT).

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// An issuer of tokens, with an ECDSA key of its own.
#[derive(Debug)]
pub struct Issuer {
    id: String,
    key: EcdsaKeyPair,
}

impl Issuer {
    /// An issuer whose key goes by this id.
    pub fn new(id: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key can be made");
        Self { id: id.to_owned(), key }
    }

    /// Its key as a JSON Web Key Set.
    pub fn jwks(&self) -> String {
        // Uncompressed: a byte that says so, then both coordinates.
        let point = self.key.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        let key = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": self.id, "x": encode(x), "y": encode(y)});
        json!({"keys": [key]}).to_string()
    }

    /// A token with these claims, and an end in `seconds` from now.
    pub fn token(&self, mut claims: Value, seconds: i64) -> String {
        claims["exp"] = json!(now() + seconds);
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": self.id});
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).expect("a key can sign");
        format!("{signed}.{}", encode(signature.as_ref()))
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock of this era");
    i64::try_from(since.as_secs()).expect("a clock of this era")
}
