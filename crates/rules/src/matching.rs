//! Texts in conditions, hashes, descriptors and names.

use crate::Invalid;
use crate::header::token_text;
use crate::invalid::first_outside;

const RETRY_ON: [&str; 16] = [
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "envoy-ratelimited",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
];

const MAX_NAME: usize = 4096;

/// One case in which a request is retried.
///
/// # Errors
/// A case that Envoy does not know and would ignore without a word.
pub fn retry_on(text: &str) -> Result<&'static str, Invalid> {
    RETRY_ON.into_iter().find(|&known| known == text).ok_or_else(|| {
        Invalid::new("retry case", text, "is unknown", format!("write one of {}", RETRY_ON.join(", ")))
    })
}

/// The text that a condition looks for in a value by `contains`, `prefix` or `suffix`.
///
/// # Errors
/// An empty text.
pub fn matched_text(text: &str) -> Result<&str, Invalid> {
    if text.is_empty() {
        return Err(Invalid::new("text to look for", text, "is empty", "use present to match every value"));
    }
    Ok(text)
}

/// The name of a query parameter.
///
/// # Errors
/// An empty name, or a control character.
pub fn hash_parameter(text: &str) -> Result<&str, Invalid> {
    stored("query parameter", text)
}

/// The key or value of a rate-limit descriptor, of a tracing tag and their like.
///
/// # Errors
/// An empty text, or a control character.
pub fn stored_text(text: &str) -> Result<&str, Invalid> {
    stored("text", text)
}

/// The name of a resource: a cluster, a virtual host, a secret.
///
/// # Errors
/// An empty name, a control character, or more than 4096 bytes.
pub fn resource_name(text: &str) -> Result<&str, Invalid> {
    stored("name", text)
}

fn stored<'t>(subject: &'static str, text: &'t str) -> Result<&'t str, Invalid> {
    if text.is_empty() {
        return Err(Invalid::new(subject, text, "is empty", "give one"));
    }
    if text.len() > MAX_NAME {
        return Err(Invalid::new(subject, text, "is longer than 4096 bytes", "shorten it"));
    }
    first_outside(text, |c| !c.is_control())
        .map_or(Ok(text), |why| Err(Invalid::new(subject, text, why, "remove it")))
}

/// A method, or a header in a list of CORS: a token of RFC 9110, unchanged. `*` is one.
///
/// # Errors
/// Anything else.
pub fn token(text: &str) -> Result<&str, Invalid> {
    token_text("token", text).map(|()| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_case_is_one_that_envoy_knows() {
        // rt-retry-unknown, rt-retry-empty, rt-retry-nl.
        assert_eq!(retry_on("gateway-error"), Ok("gateway-error"));
        for bad in ["", "5XX", "foo", "5xx\n", "5xx,reset"] {
            assert!(retry_on(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_text_to_look_for_is_not_empty() {
        // rt-hm-emptycontains, rt-qm-emptyprefix.
        assert_eq!(matched_text("a"), Ok("a"));
        assert!(matched_text("").is_err());
    }

    #[test]
    fn keys_and_names_are_not_empty() {
        // rt-hash-q, rt-rl-key, ls-hcm-tr-tag, ls-hcm-tr-tagval, cl-name-empty, rt-cluster-empty, tls-sdsempty, ls-hcm-server.
        assert_eq!(hash_parameter("q"), Ok("q"));
        assert_eq!(stored_text("a b"), Ok("a b"));
        assert_eq!(resource_name("ns/name/80/abc"), Ok("ns/name/80/abc"));
        for bad in ["", "a\nb", &"a".repeat(4097)] {
            assert!(hash_parameter(bad).is_err() && stored_text(bad).is_err() && resource_name(bad).is_err());
        }
    }

    #[test]
    fn a_method_is_a_token() {
        // rt-cors-nl.
        assert_eq!(token("PATCH"), Ok("PATCH"));
        assert_eq!(token("*"), Ok("*"));
        assert!(token("GET\nPUT").is_err());
        assert!(token("").is_err());
    }
}
