//! Cookies that Envoy issues or rewrites.

use crate::Invalid;
use crate::header::token_text;
use crate::host::Host;
use crate::invalid::first_outside;

const MAX_COOKIE: usize = 4096;

/// A cookie's name, unchanged: case counts.
///
/// # Errors
/// Not a token (Envoy copies the text into `set-cookie`, line breaks and all), or more than 4096 bytes.
pub fn cookie_name(text: &str) -> Result<&str, Invalid> {
    const NAME: &str = "cookie name";
    token_text(NAME, text)?;
    if text.len() > MAX_COOKIE {
        return Err(Invalid::new(NAME, text, "is longer than 4096 bytes", "shorten it"));
    }
    Ok(text)
}

/// A cookie's path attribute, unchanged.
///
/// # Errors
/// Without `/` in front, or with a character that ends the attribute.
pub fn cookie_path(text: &str) -> Result<&str, Invalid> {
    const PATH: &str = "cookie path";
    if !text.starts_with('/') || text.len() > MAX_COOKIE {
        let why = "does not begin with a slash or is longer than 4096 bytes";
        return Err(Invalid::new(PATH, text, why, "write a path such as /"));
    }
    first_outside(text, |c| c.is_ascii_graphic() && c != ';' && c != ',')
        .map_or(Ok(text), |why| Err(Invalid::new(PATH, text, why, "percent-encode it")))
}

/// The value of a cookie's attribute, unchanged.
///
/// # Errors
/// Empty, more than 4096 bytes, or with a character that ends the attribute.
pub fn cookie_attribute(text: &str) -> Result<&str, Invalid> {
    const VALUE: &str = "cookie attribute";
    if text.is_empty() || text.len() > MAX_COOKIE {
        return Err(Invalid::new(
            VALUE,
            text,
            "is empty or longer than 4096 bytes",
            "write a value such as /",
        ));
    }
    first_outside(text, |c| c != ';' && !c.is_control())
        .map_or(Ok(text), |why| Err(Invalid::new(VALUE, text, why, "leave it out")))
}

/// A cookie's domain attribute, lower case; a leading dot is dropped, as browsers do.
///
/// # Errors
/// Not a host.
pub fn cookie_domain(text: &str) -> Result<String, Invalid> {
    Host::parse_exact(text.strip_prefix('.').unwrap_or(text))
        .map(Host::into_string)
        .map_err(|invalid| Invalid { subject: "cookie domain", ..invalid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_token() {
        // rt-hash-cksp, rt-hash-cknl, rt-hash-ckattr.
        assert_eq!(cookie_name("X-Session"), Ok("X-Session"));
        for bad in ["", "a b", "a;b", "a\r\nb", "a=b"] {
            assert!(cookie_name(bad).is_err(), "{bad:?}");
        }
        assert!(cookie_name(&"a".repeat(4097)).is_err());
    }

    #[test]
    fn a_path_adds_no_attributes() {
        // rt-hash-ckpathsemi.
        assert_eq!(cookie_path("/a"), Ok("/a"));
        for bad in ["", "a", "/; Domain=evil", "/a\r\n", "/a b", "/é"] {
            assert!(cookie_path(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_value_adds_no_attributes() {
        assert_eq!(cookie_attribute("/a b"), Ok("/a b"));
        for bad in ["", "/; Domain=evil", "/a\r\nset-cookie: x", "/\u{7f}"] {
            assert!(cookie_attribute(bad).is_err(), "{bad:?}");
        }
        assert!(cookie_attribute(&"a".repeat(4097)).is_err());
    }

    #[test]
    fn a_domain_is_a_host() {
        assert_eq!(cookie_domain(".Example.com").unwrap(), "example.com");
        assert!(cookie_domain("a; Path=/").is_err());
        assert!(cookie_domain("*.a.com").unwrap_err().to_string().starts_with("cookie domain "));
    }
}
