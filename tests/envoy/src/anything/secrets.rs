//! Secrets of objects: certificates, what certificates are proven by, and keys of tokens.

use serde_json::{Value, json};

use super::{Anything, pairs};

/// Keys of an issuer, right and wrong: `OF_EC` and `OF_RSA` stand for keys.
const KEY_SETS: [&str; 22] = [
    r#"{"keys": [OF_EC]}"#,
    r#"{"keys": [OF_EC, OF_EC]}"#,
    r#"{"keys": [OF_RSA]}"#,
    r#"{"keys": [OF_EC, OF_RSA]}"#,
    r#"{"keys": []}"#,
    "{}",
    "[]",
    "",
    "null",
    "keys",
    r#"{"keys": {}}"#,
    r#"{"keys": [1]}"#,
    r#"{"keys": [{}]}"#,
    r#"{"keys": [{"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}]}"#,
    r#"{"keys": [OF_EC, {"kty": "oct", "k": "c2VjcmV0"}]}"#,
    r#"{"keys": [{"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ"}]}"#,
    r#"{"keys": [{"kty": "EC", "crv": "P-999", "x": "eA", "y": "eQ"}]}"#,
    r#"{"keys": [{"kty": "RSA", "n": "eA", "e": "AQAB"}]}"#,
    r#"{"keys": [{"kty": "RSA", "n": "???", "e": "AQAB"}]}"#,
    r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    r#"{"keys": [{"kty": "EC", "use": "enc", "kid": 1}, OF_EC]}"#,
    "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n",
];

/// That of RFC 7517, appendix A.1.
pub(super) const EC: &str = r#"{"kty": "EC", "crv": "P-256", "kid": "1",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;

/// That of one of the certificates.
const RSA: &str = concat!(
    r#"{"kty": "RSA", "alg": "RS256", "kid": "2", "e": "AQAB", "n": ""#,
    "un5Ov40QzsRzRxX3b67eRx9NsTzEd4fYwZfUqnFsZUV-UjBGtk0eonuBf64rr2wSI5L0Kt-dY8zGdQ1Bm777g-zj-P980Pn-IVx4",
    "JjGHXa0KP6-h_LsKYYG_fZjdj9G3tiPfsXkBrfnO1g7-bY7irrnNHGwP-FRDbpB6bCcRrCCfS9Lp_auWj_JqGh4mZYOjuHz3kUSW",
    "YZXJAVMzdHundvINfZw4JnzFo8eRach_bXTPHCP2h2Kx5qdL3DaWL1nrbXYrWY-pUIeeVd0qOhNyxmESiSAwQxRJlxXpRL9QsmRn",
    "Ry9POkOCr59aMxJ5jr8iuVQzywx0otoC1Jd-_BOgVw",
    "\"}",
);

impl Anything {
    /// A Secret with a certificate of any kind.
    pub(super) fn pair(&mut self) -> Value {
        let kinds = ["kubernetes.io/tls", "kubernetes.io/tls", "Opaque", "", "other"];
        let pair = pairs::any(&mut self.dice);
        self.secret("pair", &kinds, pair)
    }

    /// A Secret with a CA, a revocation list, both, or something else.
    pub(super) fn authority(&mut self) -> Value {
        let kinds = ["Opaque", "Opaque", "Opaque", "kubernetes.io/tls", ""];
        let authority = pairs::authority(&mut self.dice);
        self.secret("authority", &kinds, authority)
    }

    /// A Secret with keys of an issuer.
    pub(super) fn key_set(&mut self) -> Value {
        let keys = self.dice.pick(&KEY_SETS).replace("OF_EC", EC).replace("OF_RSA", RSA);
        let key = self.dice.pick(&["jwks", "jwks", "jwks", "jwks", "keys"]);
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {key: keys}});
        self.secret("keys", &["Opaque", "Opaque", "Opaque", "kubernetes.io/tls"], secret)
    }

    fn secret(&mut self, name: &str, kinds: &[&str], mut secret: Value) -> Value {
        secret["metadata"] = json!({"name": format!("{name}-{}", self.number), "namespace": "default"});
        secret["type"] = json!(self.dice.pick(kinds));
        secret
    }
}
