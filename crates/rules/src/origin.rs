//! Origins, as browsers name them in requests of scripts.

/// What a text is among origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// That of a site: `scheme://host[:port]`.
    Site,
    /// One by its form, which no browser sends: its host is no name and no address.
    Nobody,
    /// None.
    Other,
}

/// What a text is among origins, by the rules of Go's `net/url` for scheme, host and port.
#[must_use]
pub fn origin(text: &str) -> Origin {
    let Some((scheme, authority)) = text.split_once("://") else { return Origin::Other };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        Some(_) | None => (authority, ""),
    };
    if !is_scheme(scheme) || host.is_empty() || !port.chars().all(|c| c.is_ascii_digit()) {
        return Origin::Other;
    }
    if is_address(host) || host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) {
        return Origin::Site;
    }
    let has_form = host.chars().all(|c| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=<>\"".contains(c));
    if has_form { Origin::Nobody } else { Origin::Other }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// An IPv6 address in brackets.
fn is_address(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port_alone() {
        for site in
            ["https://a.example", "http://A.Example:8080", "app://x", "http://[::1]:80", "http://10.0.0.1"]
        {
            assert_eq!(origin(site), Origin::Site, "{site}");
        }
        for nobody in ["https://*.example.com", "https://.*example.com", "https://example.com$"] {
            assert_eq!(origin(nobody), Origin::Nobody, "{nobody}");
        }
        for other in [
            "",
            "*",
            "null",
            "a.example",
            "//a.example",
            "https://",
            "https://a/",
            "https://a?b",
            "https://a:b",
            r"https://a\.example",
            "https://[a-z]+.example",
            "https?://a",
            "https://(a|b).example",
            "https://a#",
        ] {
            assert_eq!(origin(other), Origin::Other, "{other}");
        }
    }
}
