//! Addresses of servers that are asked for something by Envoy itself.

use std::net::Ipv6Addr;

use crate::invalid::first_outside;
use crate::{Host, Invalid, port};

/// The address of something on an HTTP server: scheme, server and path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUri {
    /// Whether it is `https`, else `http`.
    pub is_tls: bool,
    /// The server: a name, or an address without brackets.
    pub host: String,
    /// Its port; that of the scheme where none is written.
    pub port: u16,
}

/// Which part of an address cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidUri {
    /// Its form, or the server.
    Form(Invalid),
    /// The scheme.
    Scheme(Invalid),
    /// The port.
    Port(Invalid),
}

const SUBJECT: &str = "URI";
const WAY_OUT: &str = "write it as https://keys.example.com/jwks.json";

/// The address of something on an HTTP server. Envoy takes it apart at the first slashes, and asks the server for the
/// rest.
///
/// # Errors
/// Anything but `http://` or `https://` with a host, perhaps a port, and a path: no user, no fragment, no query
/// without a path.
pub fn server_uri(text: &str) -> Result<ServerUri, InvalidUri> {
    let form = |why: String| InvalidUri::Form(Invalid::new(SUBJECT, text, why, WAY_OUT));
    if let Some(why) = first_outside(text, |c| c.is_ascii_graphic() && c != '#') {
        return Err(form(why));
    }
    let (scheme, rest) = text.split_once("://").ok_or_else(|| form("has no scheme".into()))?;
    let is_tls = match scheme {
        "https" => true,
        "http" => false,
        _ => {
            let why = "is neither http nor https";
            return Err(InvalidUri::Scheme(Invalid::new("scheme", scheme, why, WAY_OUT)));
        }
    };
    let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
    if let Some(bad) = authority.chars().find(|c| matches!(c, '@' | '?')) {
        return Err(form(format!("has a \"{bad}\" before the path")));
    }
    let (host, written) = server(authority).map_err(InvalidUri::Form)?;
    let port = match written {
        None => {
            if is_tls {
                443
            } else {
                80
            }
        }
        // Digits only: a sign would be read, and go on to the server as a part of its name.
        Some(text) => self::port(text.parse().ok().filter(|_| !text.starts_with('+')).unwrap_or(-1))
            .map_err(|why| InvalidUri::Port(Invalid { found: text.to_owned(), ..why }))?,
    };
    Ok(ServerUri { is_tls, host, port })
}

/// The server, and its port if there is one.
fn server(authority: &str) -> Result<(String, Option<&str>), Invalid> {
    let invalid = |why: &'static str| Invalid::new("server", authority, why, WAY_OUT);
    if let Some(inner) = authority.strip_prefix('[') {
        let (address, rest) = inner.split_once(']').ok_or_else(|| invalid("has no closing bracket"))?;
        let address: Ipv6Addr = address.parse().map_err(|_| invalid("is no IPv6 address"))?;
        let port = match rest {
            "" => None,
            rest => Some(rest.strip_prefix(':').ok_or_else(|| invalid("goes on behind its address"))?),
        };
        return Ok((address.to_string(), port));
    }
    let (host, port) = match authority.split_once(':') {
        None => (authority, None),
        Some((host, port)) => (host, Some(port)),
    };
    Ok((Host::parse_exact(host)?.into_string(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(bool, String, u16)> {
        server_uri(text).ok().map(|uri| (uri.is_tls, uri.host, uri.port))
    }

    #[test]
    fn an_address_has_a_scheme_a_server_and_perhaps_a_port() {
        for (text, expected) in [
            ("https://keys.example.com/jwks.json", (true, "keys.example.com", 443)),
            ("http://Keys.example.com:8080/a/b?c=d:/@", (false, "keys.example.com", 8080)),
            ("http://10.0.0.1", (false, "10.0.0.1", 80)),
            ("https://[2001:db8::1]:8443/", (true, "2001:db8::1", 8443)),
            ("https://[::1]/", (true, "::1", 443)),
        ] {
            assert_eq!(parsed(text), Some((expected.0, expected.1.to_owned(), expected.2)), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        for bad in [
            "",
            "keys",
            "/jwks",
            "https:/a",
            "https://",
            "https:///a",
            "https://a b/",
            "https://a/\n",
            "https://é/",
            "https://user@a/",
            "https://a?b",
            "https://a/#b",
            "https://*.a/",
            "https://[::1",
            "https://[::1]80/",
            "https://[a]/",
            "https://a_b/",
        ] {
            assert!(matches!(server_uri(bad), Err(InvalidUri::Form(_))), "{bad:?}");
        }
        for bad in ["ftp://a/", "HTTPS://a/", "://a"] {
            assert!(matches!(server_uri(bad), Err(InvalidUri::Scheme(_))), "{bad:?}");
        }
        for bad in ["https://a:/", "https://a:0/", "https://a:65536/", "https://a:b/", "https://[::1]:0/"] {
            assert!(matches!(server_uri(bad), Err(InvalidUri::Port(_))), "{bad:?}");
        }
    }
}
