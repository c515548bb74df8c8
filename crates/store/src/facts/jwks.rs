//! Key sets of issuers of tokens (JWKS, RFC 7517).

use std::fmt;

use model::PublicKeys;
use serde_json::{Map, Value};

/// Why a key set cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidJwks {
    /// It is no JSON object with a list `keys`.
    NoKeySet,
    /// The list holds nothing that Envoy can check a token with.
    NoKey,
    /// It is longer than anybody's: it would be a part of the listener that all TLS hosts share.
    TooLong,
    /// One key is a secret. Envoy takes keys as a part of its listener only, which is no place for one.
    Symmetric,
}

impl fmt::Display for InvalidJwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoKeySet => "is no JSON object with a list \"keys\"",
            Self::TooLong => "is longer than 64 KiB, all of which would have to be part of Envoy's listener",
            Self::NoKey => {
                "has no key of type RSA, EC (P-256, P-384, P-521) or OKP (Ed25519) whose public parts are right"
            }
            Self::Symmetric => "has a symmetric key (oct), which would have to be part of Envoy's listener",
        })
    }
}

/// The longest key set, in bytes.
const LONGEST: usize = 64 * 1024;

/// What of a key is public, and of use to Envoy.
const PUBLIC: [&str; 9] = ["alg", "crv", "e", "kid", "kty", "n", "use", "x", "y"];

/// The public part of a key set, in one spelling. Keys that nobody can use are left out.
pub(super) fn parse(bytes: &[u8]) -> Result<PublicKeys, InvalidJwks> {
    if bytes.len() > LONGEST {
        return Err(InvalidJwks::TooLong);
    }
    let set: Value = serde_json::from_slice(bytes).map_err(|_| InvalidJwks::NoKeySet)?;
    let keys = set.get("keys").and_then(Value::as_array).ok_or(InvalidJwks::NoKeySet)?;
    let keys: Vec<&Map<String, Value>> = keys.iter().filter_map(Value::as_object).collect();
    if keys.iter().any(|key| key.get("kty").is_some_and(|kind| kind == "oct")) {
        return Err(InvalidJwks::Symmetric);
    }
    let usable: Vec<String> = keys.into_iter().filter(|key| is_whole(key)).map(public).collect();
    if usable.is_empty() {
        return Err(InvalidJwks::NoKey);
    }
    Ok(PublicKeys::new(format!("{{\"keys\":[{}]}}", usable.join(","))))
}

/// Whether Envoy can check tokens with a key: its parts are right, and its algorithm, if it says one, is for it.
fn is_whole(key: &Map<String, Value>) -> bool {
    let part = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default();
    let algorithm = part("alg");
    let is_for =
        |known: &[&str]| algorithm.is_empty() || known.iter().any(|start| algorithm.starts_with(start));
    match part("kty") {
        "RSA" => is_for(&["RS", "PS"]) && x509::is_rsa_key(part("n"), part("e")),
        "EC" => {
            let curve = part("crv");
            let known = match curve {
                "P-256" => "ES256",
                "P-384" => "ES384",
                _ => "ES512",
            };
            (algorithm.is_empty() || algorithm == known) && x509::is_ec_key(curve, part("x"), part("y"))
        }
        "OKP" => {
            (algorithm.is_empty() || algorithm == "EdDSA")
                && part("crv") == "Ed25519"
                && x509::is_ed25519_key(part("x"))
        }
        _ => false,
    }
}

fn public(key: &Map<String, Value>) -> String {
    let parts = PUBLIC.iter().filter_map(|part| Some((*part, key.get(*part)?.as_str()?)));
    let parts = parts.map(|(part, value)| format!("\"{part}\":{}", Value::from(value)));
    format!("{{{}}}", parts.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A point of P-256 (RFC 7517, appendix A.1).
    const X: &str = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
    const Y: &str = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";

    fn check(text: &str) -> Result<String, InvalidJwks> {
        parse(text.as_bytes()).map(|keys| keys.as_str().to_owned())
    }

    #[test]
    fn what_is_private_or_unknown_is_left_out() {
        let found = check(&format!(
            r#"{{"keys": [{{"kty":"EC","crv":"P-256","x":"{X}","y":"{Y}","d":"secret","kid":"a\"b","x5c":["z"]}},
               {{"kty":"EC","crv":"P-256","x":"{X}"}}, {{"kty":"none"}}, 1]}}"#,
        ));
        let expected =
            format!(r#"{{"keys":[{{"crv":"P-256","kid":"a\"b","kty":"EC","x":"{X}","y":"{Y}"}}]}}"#);
        assert_eq!(found, Ok(expected));
    }

    #[test]
    fn what_envoy_can_make_no_key_of_is_left_out() {
        let curve = |curve: &str, x: &str, more: &str| {
            format!(r#"{{"keys":[{{"kty":"EC","crv":"{curve}","x":"{x}","y":"{Y}"{more}}}]}}"#)
        };
        assert!(check(&curve("P-256", X, r#","alg":"ES256""#)).is_ok());
        for bad in [
            curve("P-256", "eA", ""),
            curve("secp256k1", X, ""),
            curve("P-256", X, r#","alg":"ES384""#),
            r#"{"keys":[{"kty":"RSA","n":"bg","e":"AQAB"}]}"#.to_owned(),
            r#"{"keys":[{"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#
                .to_owned(),
        ] {
            assert_eq!(check(&bad), Err(InvalidJwks::NoKey), "{bad}");
        }
    }

    #[test]
    fn what_is_no_key_set_is_told_apart() {
        for bad in ["", "[]", "{}", "{\"keys\": {}}", "{\"keys\": []", "\u{feff}{\"keys\":[]}"] {
            assert_eq!(check(bad), Err(InvalidJwks::NoKeySet), "{bad}");
        }
        assert_eq!(check(r#"{"keys":[]}"#), Err(InvalidJwks::NoKey));
        assert_eq!(check(r#"{"keys":[{"kty":"RSA","n":1,"e":"AQAB"}]}"#), Err(InvalidJwks::NoKey));
        assert_eq!(check(r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#), Err(InvalidJwks::Symmetric));
    }
}
