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
            Self::NoKey => "has no key of type RSA, EC or OKP with all of its public parts",
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

/// Whether a key has what its kind needs.
fn is_whole(key: &Map<String, Value>) -> bool {
    let parts: &[&str] = match key.get("kty").and_then(Value::as_str) {
        Some("RSA") => &["n", "e"],
        Some("EC") => &["crv", "x", "y"],
        Some("OKP") => &["crv", "x"],
        Some(_) | None => return false,
    };
    parts.iter().all(|part| key.get(*part).is_some_and(Value::is_string))
}

fn public(key: &Map<String, Value>) -> String {
    let parts = PUBLIC.iter().filter_map(|part| Some((*part, key.get(*part)?.as_str()?)));
    let parts = parts.map(|(part, value)| format!("\"{part}\":{}", Value::from(value)));
    format!("{{{}}}", parts.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<String, InvalidJwks> {
        parse(text.as_bytes()).map(|keys| keys.as_str().to_owned())
    }

    #[test]
    fn what_is_private_or_unknown_is_left_out() {
        let found = check(
            r#"{"keys": [{"kty":"RSA","n":"bg","e":"AQAB","d":"secret","p":"secret","kid":"a\"b","x5c":["z"]},
               {"kty":"EC","crv":"P-256","x":"eA","y":"eQ"}, {"kty":"EC","crv":"P-256","x":"eA"}, {"kty":"none"}, 1]}"#,
        );
        let expected = r#"{"keys":[{"e":"AQAB","kid":"a\"b","kty":"RSA","n":"bg"},{"crv":"P-256","kty":"EC","x":"eA","y":"eQ"}]}"#;
        assert_eq!(found.as_deref(), Ok(expected));
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
