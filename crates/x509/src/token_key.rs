//! Public keys of issuers of tokens, by the parts that a JSON Web Key has (RFC 7518 section 6, RFC 8037). Envoy refuses the
//! whole listener for one key of which it can make none.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ParsedPublicKey,
};
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Without padding, as the standard wants it, or with, as Envoy takes it too.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Bits of a modulus. Envoy takes no more; fewer protect nothing.
const MODULUS: std::ops::RangeInclusive<usize> = 1024..=16_384;
/// The exponents that Envoy takes: 3 and 65537.
const EXPONENTS: [&[u8]; 2] = [&[3], &[1, 0, 1]];
/// The length of a key of Ed25519.
const ED25519: usize = 32;

/// Whether these are a modulus and an exponent that Envoy makes an RSA key of, each in base64url.
#[must_use]
pub fn is_rsa_key(modulus: &str, exponent: &str) -> bool {
    let (Some(modulus), Some(exponent)) = (number(modulus), number(exponent)) else { return false };
    let (Some(first), Some(last)) = (modulus.first(), modulus.last()) else { return false };
    let bits = modulus.len() * 8 - first.leading_zeros() as usize;
    MODULUS.contains(&bits) && last % 2 == 1 && EXPONENTS.contains(&&*exponent)
}

/// Whether these are the coordinates of a point on a curve, each in base64url: `P-256`, `P-384` or `P-521`.
#[must_use]
pub fn is_ec_key(curve: &str, x: &str, y: &str) -> bool {
    let (algorithm, length) = match curve {
        "P-256" => (&ECDSA_P256_SHA256_FIXED, 32),
        "P-384" => (&ECDSA_P384_SHA384_FIXED, 48),
        "P-521" => (&ECDSA_P521_SHA512_FIXED, 66),
        _ => return false,
    };
    let (Some(x), Some(y)) = (number(x), number(y)) else { return false };
    if x.len() > length || y.len() > length {
        return false;
    }
    // A byte that says that it is not compressed, then both coordinates in full.
    let mut point = vec![4];
    for coordinate in [x, y] {
        point.resize(point.len() + length - coordinate.len(), 0);
        point.extend(coordinate);
    }
    ParsedPublicKey::new(algorithm, point).is_ok()
}

/// Whether this is as long as a key of Ed25519, in base64url.
#[must_use]
pub fn is_ed25519_key(key: &str) -> bool {
    BASE64.decode(key).is_ok_and(|key| key.len() == ED25519)
}

/// The bytes of a number without zeros before it.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = BASE64.decode(text).ok()?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Some(bytes[zeros..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 7517, appendix A.1, and of RFC 8037, appendix A.2.
    const X: &str = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
    const Y: &str = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
    const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXj\
        BZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c\
        7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-cs\
        FCur-kEgU8awapJzKnqDKgw";
    const ED: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    #[test]
    fn a_modulus_is_long_and_odd_and_its_exponent_one_of_two() {
        assert!(is_rsa_key(N, "AQAB") && is_rsa_key(N, "Aw") && is_rsa_key(N, "AAEAAQ=="));
        let even = format!("{}g", &N[..N.len() - 1]);
        for (modulus, exponent) in [
            (N, "AQAC"),
            (N, "Ag"),
            (N, ""),
            (N, "A+A/"),
            ("", "AQAB"),
            ("bg", "AQAB"),
            (&N[..168], "AQAB"),
            (even.as_str(), "AQAB"),
            ("no base64", "AQAB"),
        ] {
            assert!(!is_rsa_key(modulus, exponent), "{modulus} {exponent}");
        }
    }

    #[test]
    fn a_point_lies_on_its_curve() {
        assert!(is_ec_key("P-256", X, Y));
        for (curve, x, y) in [
            ("P-256", Y, X),
            ("P-256", X, ""),
            ("P-256", "eA", "eQ"),
            ("P-384", X, Y),
            ("P-521", X, Y),
            ("secp256k1", X, Y),
            ("P-256", "no base64", Y),
            ("P-256", N, Y),
        ] {
            assert!(!is_ec_key(curve, x, y), "{curve} {x} {y}");
        }
    }

    #[test]
    fn a_key_of_ed25519_has_its_length() {
        assert!(is_ed25519_key(ED));
        for key in ["", "eA", N, "no base64"] {
            assert!(!is_ed25519_key(key), "{key}");
        }
    }
}
