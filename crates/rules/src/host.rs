//! Host names of virtual hosts, rewrites and upstream TLS.

use std::fmt;
use std::net::Ipv4Addr;

use crate::Invalid;

const HOST: &str = "host";
const MAX_HOST: usize = 253;
const MAX_LABEL: usize = 63;

/// A canonical host: lower case, no port, no trailing dot, perhaps with one leading `*.` label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(String);

impl Host {
    /// Reads the host of a virtual host: RFC 1123 labels in any case, perhaps below `*.`.
    /// One trailing dot is dropped. IPv4 addresses are hosts too, as in Contour.
    ///
    /// # Errors
    /// A bare `*`, a port, other wildcards, an IPv6 address, or a label that is empty, too long or of other characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let lower = text.to_ascii_lowercase();
        let host = lower.strip_suffix('.').unwrap_or(&lower);
        let name = host.strip_prefix("*.").unwrap_or(host);
        check_name(text, name)?;
        if host.len() > MAX_HOST {
            return Err(invalid(text, "is longer than 253 characters", "shorten it"));
        }
        if host.len() != name.len() && name.parse::<Ipv4Addr>().is_ok() {
            return Err(invalid(text, "is a wildcard above an IP address", "name the address itself"));
        }
        Ok(Self(host.to_owned()))
    }

    /// Reads a host that stands for itself: no wildcard.
    ///
    /// # Errors
    /// As [`Host::parse`], and a wildcard.
    pub fn parse_exact(text: &str) -> Result<Self, Invalid> {
        let host = Self::parse(text)?;
        if host.is_wildcard() {
            return Err(invalid(text, "is a wildcard", "name one host"));
        }
        Ok(host)
    }

    /// Reads a host that is no IP address either, as Ingress and the Gateway API ask.
    ///
    /// # Errors
    /// As [`Host::parse`], and an IP address.
    pub fn parse_name(text: &str) -> Result<Self, Invalid> {
        let host = Self::parse(text)?;
        if host.is_address() {
            return Err(invalid(text, "is an IP address", "write a DNS name, or leave the host out"));
        }
        Ok(host)
    }

    /// The canonical spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The canonical spelling.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }

    /// Whether it begins with `*.`.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// Whether it is an IPv4 address.
    #[must_use]
    pub fn is_address(&self) -> bool {
        self.0.parse::<Ipv4Addr>().is_ok()
    }
}

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

fn check_name(text: &str, name: &str) -> Result<(), Invalid> {
    if name.is_empty() {
        return Err(invalid(text, "is empty", "write a DNS name such as www.example.com"));
    }
    if name.contains('*') {
        return Err(invalid(
            text,
            "has a wildcard that is not one whole leading label",
            "write *.example.com",
        ));
    }
    if name.contains(':') {
        return Err(invalid(text, "has a port or is an IPv6 address", "write the DNS name alone"));
    }
    name.split('.').try_for_each(|label| check_label(text, label))
}

fn check_label(text: &str, label: &str) -> Result<(), Invalid> {
    if label.is_empty() {
        return Err(invalid(text, "has two dots in a row or one in front", "remove the dot"));
    }
    if label.len() > MAX_LABEL {
        return Err(invalid(text, "has a label of more than 63 characters", "shorten it"));
    }
    let outside =
        crate::invalid::first_outside(label, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if outside.is_some() {
        let why = "has a character other than letters, digits, hyphens and dots";
        return Err(invalid(text, why, "write names beyond ASCII in their xn-- form"));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(invalid(text, "has a label that begins or ends with a hyphen", "remove the hyphen"));
    }
    Ok(())
}

fn invalid(found: &str, why: &'static str, way_out: &'static str) -> Invalid {
    Invalid::new(HOST, &found, why, way_out)
}

/// A host rewrite: a host without a wildcard, perhaps with a port; lower case.
///
/// # Errors
/// Anything else.
pub fn authority(text: &str) -> Result<String, Invalid> {
    let Some((host, port)) = text.split_once(':') else {
        return Host::parse_exact(text).map(Host::into_string);
    };
    let host = Host::parse_exact(host)?;
    let port = port.parse::<u16>().ok().filter(|&port| port > 0);
    port.map(|port| format!("{host}:{port}"))
        .ok_or_else(|| invalid(text, "has a port outside of 1 to 65535", "correct the port or leave it out"))
}

/// The server name for TLS to a backend, or a subject name to check: a host without a wildcard.
///
/// # Errors
/// Anything else.
pub fn server_name(text: &str) -> Result<String, Invalid> {
    Host::parse_exact(text).map(Host::into_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> Option<String> {
        Host::parse(text).ok().map(Host::into_string)
    }

    #[test]
    fn one_host_has_one_spelling() {
        // rt-dom-dup-case, rt-dom-dup-trailingdot, ls-fcm-dupcase, ls-fcm-upper.
        assert_eq!(canonical("A.Example.COM."), Some("a.example.com".into()));
        assert_eq!(canonical("*.Example.com"), Some("*.example.com".into()));
        assert_eq!(canonical("localhost"), Some("localhost".into()));
        assert_eq!(canonical("127.0.0.1"), Some("127.0.0.1".into()));
    }

    #[test]
    fn a_wildcard_is_one_whole_leading_label() {
        // rt-dom-suffixwild, rt-dom-bothends, ls-fcm-partial, ls-fcm-mid, ls-fcm-star, ls-fcm-stardot, rt-dom-dup-star.
        for bad in ["foo.*", "*foo*", "*foo.com", "a.*.com", "*", "*.", "*.*.com", "**.com", "*.1.2.3.4"] {
            assert_eq!(canonical(bad), None, "{bad}");
        }
    }

    #[test]
    fn other_characters_are_refused() {
        // rt-dom-utf8, ls-fcm-space, ls-fcm-empty, rt-dom-dup-port.
        for bad in [
            "", ".", "a..b", ".a", "é.com", "a b", "a_b", "a.com:80", "::1", "a\r\n", "-a.com", "a-.com",
            "a.com..",
        ] {
            assert_eq!(canonical(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn lengths_are_those_of_dns() {
        // rt-dom-long, cl-tls-sni256.
        assert!(canonical(&"a".repeat(63)).is_some());
        assert_eq!(canonical(&"a".repeat(64)), None);
        let long = format!("{}.{}.{}.{}", "a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61));
        assert_eq!(long.len(), 253);
        assert!(canonical(&long).is_some());
        assert_eq!(canonical(&format!("{long}d")), None);
    }

    #[test]
    fn a_message_names_the_way_out() {
        let message = Host::parse("foo.*").unwrap_err().to_string();
        assert_eq!(
            message,
            "host \"foo.*\" has a wildcard that is not one whole leading label; write *.example.com"
        );
    }

    #[test]
    fn addresses_and_wildcards_can_be_ruled_out() {
        assert!(Host::parse_name("10.0.0.1").is_err());
        assert!(Host::parse_name("*.a.com").is_ok());
        assert!(Host::parse_exact("*.a.com").is_err());
    }

    #[test]
    fn a_host_rewrite_is_a_host_with_or_without_a_port() {
        // rt-host-space, ls-flt-authz-authsp.
        assert_eq!(authority("A.com:8080").unwrap(), "a.com:8080");
        assert_eq!(authority("a.com").unwrap(), "a.com");
        for bad in ["a b", "a.com:0", "a.com:70000", "*.a.com", "a.com:", "a.com\n"] {
            assert!(authority(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_server_name_is_one_host() {
        // cl-tls-sninl, cl-tls-sni256.
        assert_eq!(server_name("Api.example.com").unwrap(), "api.example.com");
        assert!(server_name("a\nb").is_err());
        assert!(server_name("*.a.com").is_err());
    }
}
