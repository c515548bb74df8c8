//! Redirects.

use crate::Invalid;

/// The scheme of a redirect, lower case.
///
/// # Errors
/// Anything but `http` and `https`: Envoy copies the text into the `location` header, line breaks and all.
pub fn redirect_scheme(text: &str) -> Result<&'static str, Invalid> {
    match text.to_ascii_lowercase().as_str() {
        "http" => Ok("http"),
        "https" => Ok("https"),
        _ => Err(Invalid::new("redirect scheme", text, "is unknown", "write http or https")),
    }
}

/// The status code of a redirect.
///
/// # Errors
/// Anything but 301, 302, 303, 307 and 308.
pub fn redirect_code(code: i64) -> Result<u16, Invalid> {
    u16::try_from(code).ok().filter(|code| [301, 302, 303, 307, 308].contains(code)).ok_or_else(|| {
        Invalid::new("redirect status", &code, "is no redirect", "write 301, 302, 303, 307 or 308")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_is_http_or_https() {
        // rt-redir-scheme, rt-redir-scheme-nl.
        assert_eq!(redirect_scheme("HTTPS"), Ok("https"));
        for bad in ["", "ht tp", "ftp", "http\r\nx: y"] {
            assert!(redirect_scheme(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_code_is_one_of_five() {
        // rt-redir-code.
        assert_eq!(redirect_code(308), Ok(308));
        for bad in [0, 200, 304, 309, -1, 65_836] {
            assert!(redirect_code(bad).is_err(), "{bad}");
        }
    }
}
