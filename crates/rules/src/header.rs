//! Header names and literal values.

use std::fmt;

use crate::Invalid;
use crate::invalid::first_outside;

/// The longest header name or value that Envoy takes, in bytes.
pub const MAX_HEADER_BYTES: usize = 16 * 1024;

/// The most headers that one route may set, or remove.
pub const MAX_HEADERS: usize = 1000;

const NAME: &str = "header name";

/// Headers that say where a message ends; Envoy sets them, and an own one splits messages.
const FRAMING: [&str; 2] = ["content-length", "transfer-encoding"];

/// Pseudo-headers of a request, which conditions may look at.
const PSEUDO: [&str; 4] = [":authority", ":method", ":path", ":scheme"];

/// A header's name in lower case: a token of RFC 9110, at most [`MAX_HEADER_BYTES`] long.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeaderName(String);

impl HeaderName {
    /// Reads a name in any case.
    ///
    /// # Errors
    /// An empty name, characters outside of a token (a colon too), or too long a name.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        token_text(NAME, text)?;
        if text.len() > MAX_HEADER_BYTES {
            return Err(Invalid::new(NAME, text, "is longer than 16384 bytes", "shorten it"));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The name, lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, lower case.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A token of RFC 9110, unchanged.
pub(crate) fn token_text(subject: &'static str, text: &str) -> Result<(), Invalid> {
    if text.is_empty() {
        return Err(Invalid::new(subject, text, "is empty", "give a name"));
    }
    first_outside(text, is_token).map_or(Ok(()), |why| {
        Err(Invalid::new(subject, text, why, "use letters, digits and !#$%&'*+-.^_`|~"))
    })
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// A header that a condition looks at: a name, or `:authority`, `:method`, `:path` or `:scheme`.
///
/// # Errors
/// Anything else.
pub fn matched_header(text: &str) -> Result<String, Invalid> {
    let lower = text.to_ascii_lowercase();
    if PSEUDO.contains(&lower.as_str()) {
        return Ok(lower);
    }
    if text.starts_with(':') {
        let way_out = "the pseudo-headers are :authority, :method, :path and :scheme";
        return Err(Invalid::new(NAME, text, "is no pseudo-header of a request", way_out));
    }
    HeaderName::parse(text).map(HeaderName::into_string)
}

/// A header that is set or added. The caller handles `Host` where it means a host rewrite.
///
/// # Errors
/// `Host`, pseudo-headers, `Content-Length`, `Transfer-Encoding`, or no name.
pub fn set_header(text: &str) -> Result<HeaderName, Invalid> {
    let name = edited_header(text)?;
    if FRAMING.contains(&name.as_str()) {
        let why = "says where a message ends, and a wrong one lets requests be smuggled";
        return Err(Invalid::new(NAME, text, why, "leave it to Envoy"));
    }
    Ok(name)
}

/// A header that is removed.
///
/// # Errors
/// `Host`, pseudo-headers, or no name.
pub fn removed_header(text: &str) -> Result<HeaderName, Invalid> {
    edited_header(text)
}

fn edited_header(text: &str) -> Result<HeaderName, Invalid> {
    if text.starts_with(':') || text.eq_ignore_ascii_case("host") {
        let way_out = "rewrite the host with the request header Host, paths and methods not at all";
        return Err(Invalid::new(NAME, text, "cannot be set or removed here", way_out));
    }
    HeaderName::parse(text)
}

/// How many headers one route sets, or removes.
///
/// # Errors
/// More than [`MAX_HEADERS`].
pub fn edited_headers(count: usize) -> Result<usize, Invalid> {
    if count > MAX_HEADERS {
        return Err(Invalid::new("number of headers", &count, "is above 1000", "set or remove fewer"));
    }
    Ok(count)
}

/// How many headers the answers of a local rate limit get.
///
/// # Errors
/// More than 10.
pub fn rate_limit_headers(count: usize) -> Result<usize, Invalid> {
    if count > 10 {
        return Err(Invalid::new("number of headers", &count, "is above 10", "add fewer"));
    }
    Ok(count)
}

/// A literal header value, unchanged: tabs and characters beyond ASCII are allowed, other control characters not.
///
/// # Errors
/// A control character, or more than [`MAX_HEADER_BYTES`].
pub fn header_value(text: &str) -> Result<String, Invalid> {
    const VALUE: &str = "header value";
    if text.len() > MAX_HEADER_BYTES {
        return Err(Invalid::new(VALUE, text, "is longer than 16384 bytes", "shorten it"));
    }
    first_outside(text, |c| c == '\t' || !c.is_control()).map_or_else(
        || Ok(text.to_owned()),
        |why| Err(Invalid::new(VALUE, text, why, "remove it; header values are one line of text")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_token_in_lower_case() {
        // rt-ha-upper, rt-ha-empty, rt-ha-nl, rt-ha-utf8name, rt-ha-quote, rt-hr-space, rt-hr-empty, rt-hr-nl, rt-hm-empty.
        assert_eq!(HeaderName::parse("X-Foo_1").unwrap().as_str(), "x-foo_1");
        for bad in ["", "x\r\ny", "é", "a\"b", "a b", "a:b", "x\n"] {
            assert!(HeaderName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_name_has_at_most_16384_bytes() {
        // rt-ha-name16385, rt-hm-long.
        assert!(HeaderName::parse(&"a".repeat(16384)).is_ok());
        assert!(HeaderName::parse(&"a".repeat(16385)).is_err());
    }

    #[test]
    fn conditions_may_look_at_pseudo_headers_of_requests() {
        // rt-hm-colon2, rt-hm-upper, rt-hm-utf8, rt-hm-space.
        assert_eq!(matched_header(":Method").unwrap(), ":method");
        assert_eq!(matched_header("X-A").unwrap(), "x-a");
        for bad in [":status", "a:b", "é", "a b", ":"] {
            assert!(matched_header(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn host_and_pseudo_headers_are_not_edited() {
        // rt-ha-host, rt-ha-authority, rt-ha-scheme, rt-hr-host, rt-hr-pseudo, rt-hr-respstatus.
        for bad in ["Host", ":authority", ":scheme", ":path", ":status"] {
            assert!(set_header(bad).is_err(), "{bad}");
            assert!(removed_header(bad).is_err(), "{bad}");
        }
        assert_eq!(removed_header("Server").unwrap().as_str(), "server");
    }

    #[test]
    fn framing_headers_are_not_set() {
        // rt-ha-te, rt-ha-cl.
        assert!(set_header("Transfer-Encoding").is_err());
        assert!(set_header("content-length").is_err());
    }

    #[test]
    fn a_route_sets_at_most_1000_headers() {
        // rt-ha-1001.
        assert_eq!(edited_headers(1000), Ok(1000));
        assert!(edited_headers(1001).is_err());
    }

    #[test]
    fn a_rate_limit_adds_at_most_10_headers() {
        assert_eq!(rate_limit_headers(10), Ok(10));
        assert!(rate_limit_headers(11).is_err());
    }

    #[test]
    fn a_value_is_one_line_of_text() {
        // rt-ha-valnl, rt-ha-valnul; rt-ha-valtab, rt-ha-valutf8 and rt-ha-valempty are fine.
        for good in ["", "a\tb", "é"] {
            assert_eq!(header_value(good).unwrap(), good);
        }
        for bad in ["a\r\nb", "a\0", "a\u{7f}"] {
            assert!(header_value(bad).is_err(), "{bad:?}");
        }
        assert!(header_value(&"a".repeat(16385)).is_err());
    }
}
